package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/trunkline/trunkline/planner"
)

// MergeGroup is what trunk would be with a pull request of GitHub's merge queue and all that are queued before it.
// Where the queue lets it through, its Head becomes the tip of trunk.
type MergeGroup struct {
	Repository int64
	Head       string
	// Base is the commit that it adds to: the tip of trunk, or the Head of the group before it.
	Base string
	// Ref is the full name of its branch.
	Ref string
	// Pull is the number of the pull request that it adds; 0: its branch does not tell.
	Pull int
	// Ended is GitHub's word for how it left the queue, such as "merged"; empty: it stands in it. There is no way back.
	Ended string
	// Seen is when it was first heard of.
	Seen time.Time
	// Wanted counts how often it was asked for again; a preview that has seen fewer is out of date.
	Wanted int64

	// Preview is the newest preview, made for PreviewWanted.
	Preview       planner.Preview
	PreviewPhase  PreviewPhase
	PreviewWanted int64
	// Ahead are the pull requests of the groups between trunk and Base when it was planned, oldest first.
	Ahead []int
	// TakenFrom is the head of the pull request whose preview this is, because it was made of the same files; empty: it
	// was planned on its own.
	TakenFrom string
}

// SaveGroup adds a merge group that stands in the queue. One that has ended stays ended: its deliveries may come in any
// order.
func (tx *Tx) SaveGroup(g MergeGroup) error {
	if err := tx.NoteQueue(g.Repository); err != nil {
		return err
	}
	// Where its base was found without a delivery, and wrongly, it is planned anew.
	count, err := tx.changed(`INSERT INTO merge_groups (repository, head, base, ref, pull, seen_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (repository, head) DO UPDATE SET base = excluded.base, ref = excluded.ref, pull = excluded.pull,
			wanted = merge_groups.wanted + 1
		WHERE merge_groups.ended = '' AND (merge_groups.base <> excluded.base OR merge_groups.ref <> excluded.ref)`,
		g.Repository, g.Head, g.Base, g.Ref, g.Pull, millis(tx.now))
	if err != nil || count == 0 {
		return err
	}
	return tx.nudgeGroup(g.Repository, g.Head)
}

// keepGroups is how long a group is kept after it has ended: deliveries about it may come as late.
const keepGroups = 4 * 24 * time.Hour

// EndGroup writes down that a group left the queue, also where nothing told of it before.
func (tx *Tx) EndGroup(repository int64, head, how string) error {
	count, err := tx.changed(`INSERT INTO merge_groups (repository, head, ended, seen_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (repository, head) DO UPDATE SET ended = excluded.ended WHERE merge_groups.ended = ''`,
		repository, head, how, millis(tx.now))
	if err != nil || count == 0 {
		return err
	}
	err = tx.exec(`DELETE FROM merge_groups WHERE repository = $1 AND ended <> '' AND seen_at < $2`,
		repository, millis(tx.now.Add(-keepGroups)))
	if err != nil {
		return err
	}
	return tx.nudgeGroup(repository, head)
}

// WantGroup asks for a new preview of a group that stands in the queue; wanted is false where it does not.
func (tx *Tx) WantGroup(repository int64, head string) (wanted bool, err error) {
	count, err := tx.changed(`UPDATE merge_groups SET wanted = wanted + 1 WHERE repository = $1 AND head = $2 AND ended = ''`,
		repository, head)
	if err != nil || count == 0 {
		return false, err
	}
	return true, tx.nudgeGroup(repository, head)
}

func (tx *Tx) nudgeGroup(repository int64, head string) error {
	return tx.Nudge(Nudge{Topic: Group, Repository: repository, Subject: head})
}

// FindGroup returns a merge group by its head and whether it is known.
func (tx *Tx) FindGroup(repository int64, head string) (g MergeGroup, known bool, err error) {
	g = MergeGroup{Repository: repository, Head: head}
	var seen int64
	var preview, ahead string
	known, err = tx.one([]any{&g.Base, &g.Ref, &g.Pull, &g.Ended, &seen, &g.Wanted, &preview, &g.PreviewPhase, &g.PreviewWanted,
		&ahead, &g.TakenFrom}, `SELECT base, ref, pull, ended, seen_at, wanted, preview, preview_phase, preview_wanted, ahead, taken_from
		FROM merge_groups WHERE repository = $1 AND head = $2`, repository, head)
	if err != nil || !known {
		return g, known, err
	}
	g.Seen = fromMillis(seen)
	if preview != "" {
		err = json.Unmarshal([]byte(preview), &g.Preview)
	}
	if err == nil {
		err = json.Unmarshal([]byte(ahead), &g.Ahead)
	}
	if err != nil {
		return g, true, fmt.Errorf("read the preview of the merge group %s: %w", head, err)
	}
	return g, true, nil
}

// QueuedGroups returns the merge groups of a repository that stand in the queue, without their previews.
func (tx *Tx) QueuedGroups(repository int64) (groups []MergeGroup, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		g := MergeGroup{Repository: repository}
		var seen int64
		err := rows.Scan(&g.Head, &g.Base, &g.Ref, &g.Pull, &seen)
		g.Seen = fromMillis(seen)
		groups = append(groups, g)
		return err
	}, `SELECT head, base, ref, pull, seen_at FROM merge_groups WHERE repository = $1 AND ended = '' ORDER BY seen_at, head`, repository)
	return groups, err
}

// GroupsAhead returns the groups between trunk and a base, oldest first: none where the base is on trunk.
func (tx *Tx) GroupsAhead(repository int64, base string) (ahead []MergeGroup, err error) {
	for {
		var one int
		onTrunk, err := tx.one([]any{&one}, `SELECT 1 FROM commits WHERE repository = $1 AND sha = $2`, repository, base)
		if err != nil || onTrunk {
			return ahead, err
		}
		group, known, err := tx.FindGroup(repository, base)
		if err != nil || !known || group.Base == "" || group.Base == base {
			return ahead, err
		}
		ahead = append([]MergeGroup{group}, ahead...)
		base = group.Base
	}
}

// SaveGroupPreview writes down how far the preview of a group is, made for the group as it was read, and has its check
// run brought up to date.
func (tx *Tx) SaveGroupPreview(g MergeGroup) error {
	preview, err := json.Marshal(g.Preview)
	if err != nil {
		return fmt.Errorf("write the preview of the merge group %s: %w", g.Head, err)
	}
	ahead, err := json.Marshal(append([]int{}, g.Ahead...))
	if err != nil {
		return fmt.Errorf("write the preview of the merge group %s: %w", g.Head, err)
	}
	err = tx.exec(`UPDATE merge_groups SET preview = $1, preview_phase = $2, preview_wanted = $3, ahead = $4, taken_from = $5
		WHERE repository = $6 AND head = $7`, string(preview), g.PreviewPhase, g.Wanted, string(ahead), g.TakenFrom, g.Repository, g.Head)
	if err != nil {
		return err
	}
	return tx.Nudge(Nudge{Topic: GroupCheck, Repository: g.Repository, Subject: g.Head})
}

// NoteQueue writes down that something told of a repository's merge queue just now.
func (tx *Tx) NoteQueue(repository int64) error {
	return tx.exec(`UPDATE repositories SET queued_at = $1 WHERE id = $2`, millis(tx.now), repository)
}

// Queues returns the repositories whose merge queue is to be looked at: those with groups in it, and those of which
// something told since a time.
func (tx *Tx) Queues(since time.Time) (repositories []Repository, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var r Repository
		err := rows.Scan(r.fields()...)
		repositories = append(repositories, r)
		return err
	}, `SELECT `+repositoryColumns+` FROM repositories WHERE away = '' AND (queued_at >= $1 AND queued_at > 0
			OR id IN (SELECT repository FROM merge_groups WHERE ended = '')) ORDER BY id`, millis(since))
	return repositories, err
}

// Reusable tells whether the plans of a pull request's preview can stand for the same files still: it was begun since a
// time, no plan of it is older, and nothing was deployed meanwhile.
func (tx *Tx) Reusable(p PullRequest, since time.Time) (bool, error) {
	if p.PreviewPhase != PreviewDone || p.PreviewHead != p.Head || p.PreviewWanted != p.Wanted || len(p.WantedIn) > 0 {
		return false, nil
	}
	var one int
	return tx.one([]any{&one}, `SELECT 1 FROM pulls p WHERE p.repository = $1 AND p.number = $2 AND p.preview_began >= $3
		AND NOT EXISTS (SELECT 1 FROM deployments d WHERE d.repository = p.repository
			AND (d.finished_at = 0 OR d.finished_at >= p.preview_began))`, p.Repository, p.Number, millis(since))
}
