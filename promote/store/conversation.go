package store

import (
	"database/sql"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// Delivered is a webhook delivery as it was received.
type Delivered struct {
	ID, Event string
	Payload   []byte
}

// Receive stores a delivery with the job that processes it, before it is acknowledged. A delivery that was
// processed already is not processed again.
func (tx *Tx) Receive(d Delivered) error {
	count, err := tx.changed(`INSERT INTO deliveries (id, event, payload, received_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO NOTHING`, d.ID, d.Event, d.Payload, millis(tx.now))
	if err != nil || count == 0 {
		return err
	}
	return tx.Nudge(Nudge{Topic: Delivery, Subject: d.ID})
}

// Delivered returns a stored delivery; waiting is false if it was processed already.
func (tx *Tx) Delivered(id string) (d Delivered, waiting bool, err error) {
	waiting, err = tx.one([]any{&d.ID, &d.Event, &d.Payload},
		`SELECT id, event, payload FROM deliveries WHERE id = $1 AND processed_at = 0`, id)
	return d, waiting, err
}

// Processed marks a delivery, and forgets those that are older than GitHub would send again.
func (tx *Tx) Processed(id string) error {
	if err := tx.exec(`UPDATE deliveries SET processed_at = $1 WHERE id = $2`, millis(tx.now), id); err != nil {
		return err
	}
	return tx.exec(`DELETE FROM deliveries WHERE processed_at > 0 AND received_at < $1`, millis(tx.now.Add(-8*24*time.Hour)))
}

// Answer is the outcome of one command of one comment.
type Answer struct {
	Repository int64
	Pull       int
	// Comment and Line say which command of which comment: each is carried out once.
	Comment int64
	Line    int
	promote.Answer
	// Reply: said in a comment of its own instead of the status comment.
	Reply bool
}

// Answered tells whether a command was carried out already.
func (tx *Tx) Answered(repository, comment int64, line int) (bool, error) {
	var one int
	return tx.one([]any{&one}, `SELECT 1 FROM answers WHERE repository = $1 AND comment = $2 AND line = $3`, repository, comment, line)
}

// Answer writes down the outcome of a command.
func (tx *Tx) Answer(a Answer) error {
	return tx.exec(`INSERT INTO answers (repository, pull, comment, line, login, command, refused, text, reply, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, a.Repository, a.Pull, a.Comment, a.Line, a.By.Login, a.Command,
		a.Refused, a.Text, a.Reply, millis(tx.now))
}

// Answers returns the outcomes of a pull request's commands, oldest first.
func (tx *Tx) Answers(repository int64, pull int) (answers []Answer, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		a := Answer{Repository: repository, Pull: pull}
		err := rows.Scan(&a.Comment, &a.Line, &a.By.Login, &a.Command, &a.Refused, &a.Text, &a.Reply)
		answers = append(answers, a)
		return err
	}, `SELECT comment, line, login, command, refused, text, reply FROM answers WHERE repository = $1 AND pull = $2 ORDER BY at, comment, line`,
		repository, pull)
	return answers, err
}

// The kinds of things that GitHub shows of us.
const (
	// PreviewProjection is the preview comment of a pull request. Subject: its number.
	PreviewProjection = "preview"
	// CheckProjection is the check run of a head commit. Subject: its SHA.
	CheckProjection = "check"
	// RolloutProjection is the rollout comment of a merged pull request. Subject: its number.
	RolloutProjection = "rollout"
	// DeploymentProjection is the GitHub deployment of a deployment. Subject: its id; Digest: the phase shown.
	DeploymentProjection = "deployment"
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
// some environment does not run yet, and those whose comment does not say yet that they have converged.
func (tx *Tx) ShownRollouts(repository int64) (commits []promote.Commit, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var c promote.Commit
		err := rows.Scan(&c.SHA, &c.Pull)
		commits = append(commits, c)
		return err
	}, `SELECT c.sha, c.pull FROM commits c LEFT JOIN projections p
			ON p.repository = c.repository AND p.kind = $2 AND p.subject = CAST(c.pull AS TEXT)
		WHERE c.repository = $1 AND c.pull > 0 AND c.merged_at > 0 AND COALESCE(p.detail, '') NOT LIKE 'converged%'
		ORDER BY c.position`, repository, RolloutProjection)
	return commits, err
}

// Forget removes what is known of an object on GitHub that is gone there.
func (tx *Tx) Forget(p Projection) error {
	return tx.exec(`DELETE FROM projections WHERE repository = $1 AND kind = $2 AND subject = $3`, p.Repository, p.Kind, p.Subject)
}

// CheckInProgress is the Digest of a check run that was not ended yet.
const CheckInProgress = "in_progress"

// CheckAnnotating is its Digest while annotations are sent, which must not be sent twice.
const CheckAnnotating = "in_progress, annotating"

// ChecksInProgress returns the check runs of a pull request, other than the one of subject, that were not ended.
func (tx *Tx) ChecksInProgress(repository int64, pull, subject string) (checks []Projection, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		p := Projection{Repository: repository, Kind: CheckProjection}
		err := rows.Scan(&p.Subject, &p.GitHubID, &p.Digest, &p.Detail)
		checks = append(checks, p)
		return err
	}, `SELECT subject, github_id, digest, detail FROM projections WHERE repository = $1 AND kind = $2 AND detail = $3
		AND digest IN ($4, $5) AND subject <> $6 AND github_id > 0`, repository, CheckProjection, pull, CheckInProgress, CheckAnnotating, subject)
	return checks, err
}

// ShownPhase is how GitHub shows a phase: all live ones alike.
func ShownPhase(phase promote.Phase) string {
	if phase.Live() {
		return "in_progress"
	}
	return string(phase)
}

// DeploymentBefore returns the GitHub deployment of the deployment that succeeded in the environment before this.
func (tx *Tx) DeploymentBefore(repository int64, deployment promote.Deployment) (p Projection, err error) {
	_, err = tx.one([]any{&p.Subject, &p.GitHubID}, `SELECT p.subject, p.github_id FROM deployments d JOIN projections p
		ON p.repository = d.repository AND p.kind = $2 AND p.subject = CAST(d.id AS TEXT)
		WHERE d.repository = $1 AND d.environment = $3 AND d.id < $4 AND d.phase = 'succeeded' ORDER BY d.id DESC LIMIT 1`,
		repository, DeploymentProjection, deployment.Environment, deployment.ID)
	return p, err
}

// Received tells whether a delivery was stored, processed or not.
func (tx *Tx) Received(id string) (bool, error) {
	var one int
	return tx.one([]any{&one}, `SELECT 1 FROM deliveries WHERE id = $1`, id)
}
