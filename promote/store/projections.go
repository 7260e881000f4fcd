package store

import (
	"database/sql"

	"github.com/trunkline/trunkline/promote"
)

// The kinds of things that GitHub shows of us.
const (
	// PreviewProjection is the preview comment of a pull request. Subject: its number.
	PreviewProjection = "preview"
	// CheckProjection is the check run of a head commit. Subject: its SHA and the count of wishes, "sha/0", with "group "
	// before it for a merge group. Detail: the number of the pull request, or the group.
	CheckProjection = "check"
	// FailedGroupProjection is the comment that says why a merge group failed. Subject: its head.
	FailedGroupProjection = "failed group"
	// RolloutProjection is the rollout comment of a merged pull request. Subject: its number.
	RolloutProjection = "rollout"
	// DeploymentProjection is the GitHub deployment of a deployment. Subject: its id; Digest: the phase shown.
	DeploymentProjection = "deployment"
	// NoticeProjection is a comment that tells people of something once. Subject: the id of the notice, or what else it is about.
	NoticeProjection = "notice"
	// OverrideProjection is the issue that follows up an override. Subject: its id; GitHubID: the number of the issue.
	OverrideProjection = "override"
	// OverdueProjection is the issue about an environment that is overdue where no pull request is to be told. Subject: the id
	// of the notice; GitHubID: the number of the issue.
	OverdueProjection = "overdue"
	// DivergenceProjection is the issue about a planned divergence. Subject: that of its notices; GitHubID: the number of the
	// issue; Detail: the id of the notice that it was opened with.
	DivergenceProjection = "divergence"
	// EndedDivergenceProjection says that such an issue was closed. Subject and GitHubID: the same.
	EndedDivergenceProjection = "ended divergence"
	// RollbackProjection is the issue about a rollback where no pull request is to be told. Subject: the id of the notice;
	// GitHubID: the number of the issue.
	RollbackProjection = "rollback"
	// EphemeralProjection is the comment about the environment that a pull request has of its own. Subject: its number.
	EphemeralProjection = "environment"
	// StuckProjection is the comment that tells people once that such an environment could not be destroyed. Subject: its id.
	StuckProjection = "environment left"
	// EphemeralDeploymentProjection is its GitHub deployment. Subject: its id and that of its source, "id/source"; Digest:
	// what is shown.
	EphemeralDeploymentProjection = "environment deployment"
	// EnvironmentsProjection is the issue about environments of GitHub that are not as the configuration has them. Subject: which
	// of them it is; GitHubID: the number of the issue.
	EnvironmentsProjection = "github environments"
	// PutBackProjection is the issue about what was put back in them after changes by hand. Subject: the day; GitHubID: the
	// number of the issue; Detail: the id of the change that it was opened with. Later ones of that day are comments of the
	// kind AlsoPutBackProjection, whose subject is the id of the change.
	PutBackProjection     = "github environments put back"
	AlsoPutBackProjection = "github environment put back"
	// ReplyProjection is a comment that answers a command. Subject: comment/line.
	ReplyProjection = "reply"
)

// Projection is one object on GitHub that we made, and what it shows.
type Projection struct {
	Repository    int64
	Kind, Subject string
	// GitHubID of the object; 0: the intent to make it is written down, but not whether it was made.
	GitHubID int64
	// Digest of what it shows, so that what is already so is not sent again.
	Digest string
	// Detail that the projector needs again, such as the commits printed in a comment.
	Detail string
}

// Projection returns what is known of an object on GitHub; known is false where not even the intent is.
func (tx *Tx) Projection(repository int64, kind, subject string) (p Projection, known bool, err error) {
	p = Projection{Repository: repository, Kind: kind, Subject: subject}
	known, err = tx.one([]any{&p.GitHubID, &p.Digest, &p.Detail},
		`SELECT github_id, digest, detail FROM projections WHERE repository = $1 AND kind = $2 AND subject = $3`, repository, kind, subject)
	return p, known, err
}

// Project writes down what an object on GitHub shows, or with a zero GitHubID the intent to make it.
func (tx *Tx) Project(p Projection) error {
	return tx.exec(`INSERT INTO projections (repository, kind, subject, github_id, digest, detail) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (repository, kind, subject) DO UPDATE SET github_id = excluded.github_id, digest = excluded.digest,
			detail = excluded.detail`, p.Repository, p.Kind, p.Subject, p.GitHubID, p.Digest, p.Detail)
}

// ShownRollouts returns the merged pull requests whose rollout comment may be out of date: those of commits that
// some environment does not run yet, those whose comment does not say yet that they have converged, and those that not all
// users have where there is a release.
func (tx *Tx) ShownRollouts(repository int64) (commits []promote.Commit, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var c promote.Commit
		err := rows.Scan(&c.SHA, &c.Pull)
		commits = append(commits, c)
		return err
	}, `SELECT c.sha, c.pull FROM commits c LEFT JOIN projections p
			ON p.repository = c.repository AND p.kind = $2 AND p.subject = CAST(c.pull AS TEXT)
		WHERE c.repository = $1 AND c.pull > 0 AND c.merged_at > 0 AND (COALESCE(p.detail, '') NOT LIKE 'converged%'
			OR EXISTS (SELECT 1 FROM releases r WHERE (r.phase <> 'done' OR r.percent < 100)
				AND r.id IN (SELECT MAX(id) FROM releases WHERE repository = $1 AND phase <> 'dropped' GROUP BY environment)
				AND (r.sha = c.sha OR c.position > (SELECT position FROM commits WHERE repository = $1 AND sha = r.full_sha)
					AND c.position <= (SELECT position FROM commits WHERE repository = $1 AND sha = r.sha))))
		ORDER BY c.position`, repository, RolloutProjection)
	return commits, err
}

// Forget removes what is known of an object on GitHub that is gone there.
func (tx *Tx) Forget(p Projection) error {
	return tx.exec(`DELETE FROM projections WHERE repository = $1 AND kind = $2 AND subject = $3`, p.Repository, p.Kind, p.Subject)
}

// OpenDivergences are the issues about planned divergence that were not closed, by their subjects.
func (tx *Tx) OpenDivergences(repository int64) (issues []Projection, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		p := Projection{Repository: repository, Kind: DivergenceProjection}
		err := rows.Scan(&p.Subject, &p.GitHubID, &p.Digest, &p.Detail)
		issues = append(issues, p)
		return err
	}, `SELECT subject, github_id, digest, detail FROM projections p WHERE repository = $1 AND kind = $2 AND github_id > 0
		AND NOT EXISTS (SELECT 1 FROM projections e WHERE e.repository = p.repository AND e.kind = $3 AND e.subject = p.subject)
		ORDER BY subject`, repository, DivergenceProjection, EndedDivergenceProjection)
	return issues, err
}

// CheckInProgress is the Digest of a check run that was not ended yet.
const CheckInProgress = "in_progress"

// CheckAnnotating is its Digest while annotations are sent, which must not be sent twice.
const CheckAnnotating = "in_progress, annotating"

// ChecksInProgress returns the check runs with a detail, other than the one of subject, that were not ended.
func (tx *Tx) ChecksInProgress(repository int64, detail, subject string) (checks []Projection, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		p := Projection{Repository: repository, Kind: CheckProjection}
		err := rows.Scan(&p.Subject, &p.GitHubID, &p.Digest, &p.Detail)
		checks = append(checks, p)
		return err
	}, `SELECT subject, github_id, digest, detail FROM projections WHERE repository = $1 AND kind = $2 AND detail = $3
		AND digest IN ($4, $5) AND subject <> $6 AND github_id > 0`, repository, CheckProjection, detail, CheckInProgress, CheckAnnotating, subject)
	return checks, err
}

// ShownPhase is how GitHub shows a phase: all live ones alike.
func ShownPhase(phase promote.Phase) string {
	if phase.Live() {
		return "in_progress"
	}
	return string(phase)
}
