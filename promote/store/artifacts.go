package store

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// Artifacts are those of a commit that are resolved, by name.
func (tx *Tx) Artifacts(repository int64, sha string) (all []promote.Artifact, err error) {
	bySHA, err := tx.artifacts(`repository = $1 AND sha = $2`, repository, sha)
	return bySHA[sha], err
}

// artifactsSince are those of the commits from a position on, by commit.
func (tx *Tx) artifactsSince(repository, position int64) (map[string][]promote.Artifact, error) {
	return tx.artifacts(`repository = $1 AND sha IN (SELECT sha FROM commits WHERE repository = $1 AND position >= $2)`, repository, position)
}

func (tx *Tx) artifacts(where string, args ...any) (map[string][]promote.Artifact, error) {
	all := map[string][]promote.Artifact{}
	err := tx.each(func(rows *sql.Rows) error {
		var sha string
		var at, changed int64
		var a promote.Artifact
		err := rows.Scan(&sha, &a.Name, &a.Digest, &a.Inputs, &at, &a.Changed, &changed)
		a.At, a.ChangedAt = fromMillis(at), fromMillis(changed)
		all[sha] = append(all[sha], a)
		return err
	}, `SELECT sha, name, digest, inputs, at, changed, changed_at FROM artifacts WHERE `+where+` ORDER BY sha, name`, args...)
	return all, err
}

// BuiltFrom is what an artifact was when it was last built from the same inputs; empty: it never was.
func (tx *Tx) BuiltFrom(repository int64, name, inputs string) (digest string, err error) {
	_, err = tx.one([]any{&digest}, `SELECT digest FROM artifacts WHERE repository = $1 AND name = $2 AND inputs = $3
		ORDER BY at DESC, sha LIMIT 1`, repository, name, inputs)
	return digest, err
}

// Resolve writes down what an artifact of a commit is. The first word counts for ever; where it is another one now, that is
// written down beside it, and people are told. It returns what is known then.
func (tx *Tx) Resolve(repository int64, sha string, now promote.Artifact) (promote.Artifact, error) {
	added, err := tx.changed(`INSERT INTO artifacts (repository, sha, name, digest, inputs, at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (repository, sha, name) DO NOTHING`, repository, sha, now.Name, now.Digest, now.Inputs, millis(tx.now))
	if err != nil {
		return now, err
	}
	if added > 0 {
		now.At = tx.now
		return now, errOr(tx.Record(Record{Repository: repository, Kind: "artifact", SHA: sha, Reason: now.Name, Digest: now.Digest}),
			tx.Nudge(Nudge{Topic: Rollout, Repository: repository}))
	}
	known, err := tx.artifacts(`repository = $1 AND sha = $2 AND name = $3`, repository, sha, now.Name)
	if err != nil || len(known[sha]) == 0 {
		return now, errOr(err, fmt.Errorf("the artifact %s of %s is gone", now.Name, sha))
	}
	before := known[sha][0]
	after := before
	if after.Changed, after.ChangedAt = "", (time.Time{}); now.Digest != before.Digest {
		after.Changed, after.ChangedAt = now.Digest, tx.now
	}
	if after.Changed == "" && before.Changed == "" {
		return after, nil
	}
	err = tx.exec(`UPDATE artifacts SET changed = $1, changed_at = $2 WHERE repository = $3 AND sha = $4 AND name = $5`,
		after.Changed, millis(after.ChangedAt), repository, sha, now.Name)
	if err == nil && after.Changed != before.Changed {
		err = tx.Record(Record{Repository: repository, Kind: "artifact changed", SHA: sha, Reason: now.Name, Digest: now.Digest})
	}
	return after, errOr(err, tx.Step(repository))
}
