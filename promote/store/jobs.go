package store

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// HeardOfJob writes down what GitHub told of a job. It may be told in any order and more than once: a job never goes back, and
// what is not known of it (zero) does not replace what is.
func (tx *Tx) HeardOfJob(repository int64, job promote.Job) error {
	key := fmt.Sprintf("deployment %d", job.Deployment)
	if job.Deployment == 0 {
		key = fmt.Sprintf("run %d %s", job.Run, strings.ToLower(job.Environment))
	}
	known, err := tx.job(`j.repository = $1 AND j.key = $2`, repository, key)
	if err != nil {
		return err
	}
	news := known == nil
	if known == nil {
		err := tx.exec(`INSERT INTO jobs (repository, key, environment, github_deployment, sha, phase, heard_at) VALUES ($1, $2, $3, $4, $5, 'waiting', $6)`,
			repository, key, job.Environment, job.Deployment, job.SHA, millis(tx.now))
		if err != nil {
			return err
		}
		if known, err = tx.job(`j.repository = $1 AND j.key = $2`, repository, key); err != nil {
			return err
		}
	}
	phase, ended := known.Phase, known.Ended
	if job.Phase.After(known.Phase) && !known.Phase.Ended() {
		phase = job.Phase
	}
	after := known.EndedAfter
	if phase.Ended() && ended.IsZero() {
		ended = tx.now
		if after, err = tx.lastIn(repository, job.Environment); err != nil {
			return err
		}
	}
	went := known.Went || job.Phase == promote.JobRunning || job.Phase == promote.JobPassed
	asked := known.Asked
	if asked.IsZero() {
		asked = job.Asked
	}
	news = news || phase != known.Phase || went != known.Went || !asked.Equal(known.Asked) || known.Run == 0 && job.Run != 0
	either := func(a, b int64) int64 {
		if a != 0 {
			return a
		}
		return b
	}
	err = tx.exec(`UPDATE jobs SET phase = $1, run = $2, number = $3, attempt = $4, asked_at = $5, ended_at = $6, bypassed_by = $7, login = $8, went = $9, ended_after = $10 WHERE id = $11`,
		string(phase), either(known.Run, job.Run), either(known.Number, job.Number), either(int64(known.Attempt), int64(job.Attempt)), millis(asked), millis(ended),
		either(known.By.ID, job.By.ID), firstText(known.By.Login, job.By.Login), went, after, known.ID)
	if err != nil || !news {
		return err
	}
	return tx.JobsChanged(repository)
}

// lastIn is the last deployment in what an environment of GitHub stands for; 0: there was none.
func (tx *Tx) lastIn(repository int64, environment string) (last int64, err error) {
	rules, _, _, err := tx.Configuration(repository)
	if err != nil {
		return 0, err
	}
	ours, _ := promote.OnGitHub(rules, environment)
	_, err = tx.one([]any{&last}, `SELECT COALESCE(MAX(id), 0) FROM deployments WHERE repository = $1 AND environment = $2`, repository, ours.Name)
	return last, err
}

func firstText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// JobsChanged has the jobs of a repository looked at, and the deployments under way that may wait for them.
func (tx *Tx) JobsChanged(repository int64) error {
	err := tx.Nudge(Nudge{Topic: Jobs, Repository: repository})
	deployments, failed := tx.LiveDeployments()
	err = errOr(err, failed)
	for _, nudge := range deployments {
		if nudge.Repository == repository {
			err = errOr(err, tx.Nudge(nudge))
		}
	}
	return err
}

const jobColumns = `j.id, j.environment, j.github_deployment, j.run, j.number, j.attempt, j.sha, j.elsewhere, j.phase, j.went, j.asked_at, j.answer, j.told_at,
	j.let_go_for, j.ended_after, j.report, j.reported_at, j.reports, j.bypassed, j.bypassed_by, j.login, j.why, j.heard_at, j.ended_at, COALESCE(c.position, 0),
	EXISTS (SELECT 1 FROM workflows w WHERE w.repository = j.repository AND w.run = j.run AND j.run <> 0)
		OR EXISTS (SELECT 1 FROM runs r WHERE r.repository = j.repository AND r.run = j.run AND j.run <> 0),
	EXISTS (SELECT 1 FROM workflows w WHERE w.repository = j.repository AND w.run = 0 AND w.dispatched_at > 0 AND w.phase IN ('asked', 'running'))
		OR EXISTS (SELECT 1 FROM runs r WHERE r.repository = j.repository AND r.run = 0 AND r.phase <> 'ended')`

func (tx *Tx) jobs(where string, args ...any) (jobs []promote.Job, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var j promote.Job
		var asked, told, reported, heard, ended int64
		err := rows.Scan(&j.ID, &j.Environment, &j.Deployment, &j.Run, &j.Number, &j.Attempt, &j.SHA, &j.Elsewhere, &j.Phase, &j.Went, &asked, &j.Answer, &told,
			&j.For, &j.EndedAfter, &j.Report, &reported, &j.Reports, &j.Bypassed, &j.By.ID, &j.By.Login, &j.Why, &heard, &ended, &j.Position, &j.Ours, &j.MaybeOurs)
		j.Asked, j.Told, j.Heard, j.Ended = fromMillis(asked), fromMillis(told), fromMillis(heard), fromMillis(ended)
		j.Reported = fromMillis(reported)
		jobs = append(jobs, j)
		return err
	}, `SELECT `+jobColumns+` FROM jobs j LEFT JOIN commits c ON c.repository = j.repository AND c.sha = j.sha WHERE `+where+` ORDER BY j.id`, args...)
	return jobs, err
}

func (tx *Tx) job(where string, args ...any) (*promote.Job, error) {
	jobs, err := tx.jobs(where, args...)
	if err != nil || len(jobs) == 0 {
		return nil, err
	}
	return &jobs[0], nil
}

// WaitingJobs are those of a repository that asked whether they may go and were not told.
func (tx *Tx) WaitingJobs(repository int64) ([]promote.Job, error) {
	return tx.jobs(`j.repository = $1 AND j.phase = 'waiting' AND j.asked_at > 0 AND j.told_at = 0`, repository)
}

// StrayJobs are those that went on without having been let go, and of which it is not written down whose order that was.
func (tx *Tx) StrayJobs(repository int64) ([]promote.Job, error) {
	return tx.jobs(`j.repository = $1 AND j.went AND j.answer <> 'approved' AND NOT j.recorded`, repository)
}

// UnendedJobs are those of a repository that have not ended, as far as we have heard.
func (tx *Tx) UnendedJobs(repository int64) ([]promote.Job, error) {
	return tx.jobs(`j.repository = $1 AND j.ended_at = 0`, repository)
}

// JobsOf are the jobs of a commit in an environment, by its name on GitHub.
func (tx *Tx) JobsOf(repository int64, environment, sha string) ([]promote.Job, error) {
	return tx.jobs(`j.repository = $1 AND LOWER(j.environment) = LOWER($2) AND j.sha = $3`, repository, environment, sha)
}

// JobElsewhere writes down that the commit of a job is not on trunk, unless it was seen there meanwhile.
func (tx *Tx) JobElsewhere(id int64) error {
	return tx.exec(`UPDATE jobs SET elsewhere = TRUE WHERE id = $1
		AND NOT EXISTS (SELECT 1 FROM commits c WHERE c.repository = jobs.repository AND c.sha = jobs.sha)`, id)
}

// AnswerJob writes down what a job is to be told, before it is. What was decided once stays: GitHub takes one answer.
func (tx *Tx) AnswerJob(repository int64, job promote.Job, verdict promote.Verdict) error {
	count, err := tx.changed(`UPDATE jobs SET answer = $1, text = $2, let_go_for = $3 WHERE id = $4 AND answer = ''`, string(verdict.Answer), verdict.Text, verdict.For, job.ID)
	if err != nil || count == 0 {
		return err
	}
	kind := "job let go"
	if verdict.Answer == promote.JobRejected {
		kind = "job refused"
	}
	return tx.Record(Record{Repository: repository, Kind: kind, Environment: job.Environment, SHA: job.SHA, Reason: fmt.Sprintf("run %d: %s", job.Run, verdict.Text)})
}

// DecidedJob is what was written down that a job is to be told.
func (tx *Tx) DecidedJob(id int64) (verdict promote.Verdict, err error) {
	_, err = tx.one([]any{&verdict.Answer, &verdict.Text}, `SELECT answer, text FROM jobs WHERE id = $1`, id)
	return verdict, err
}

// JobTold writes down that GitHub took the answer, or will never take it.
func (tx *Tx) JobTold(id int64) error {
	return tx.exec(`UPDATE jobs SET told_at = $1 WHERE id = $2`, millis(tx.now), id)
}

// JobReports writes down what people are about to be told of a job that waits: it counts even if nobody hears it.
func (tx *Tx) JobReports(id int64, report string) error {
	return tx.exec(`UPDATE jobs SET report = $1, reports = reports + 1, reported_at = $2, again_at = 0 WHERE id = $3`, report, millis(tx.now), id)
}

// JobAgain has a job that waits looked at again at a time.
func (tx *Tx) JobAgain(id int64, at time.Time) error {
	return tx.exec(`UPDATE jobs SET again_at = $1 WHERE id = $2 AND phase = 'waiting'`, millis(at), id)
}

// nudgeJobsDue has jobs looked at whose time has come.
func (tx *Tx) nudgeJobsDue() error {
	repositories, err := tx.ids(`SELECT DISTINCT repository FROM jobs WHERE phase = 'waiting' AND again_at > 0 AND again_at <= $1 ORDER BY repository`, millis(tx.now))
	for _, repository := range repositories {
		err = errOr(err, tx.exec(`UPDATE jobs SET again_at = 0 WHERE repository = $1 AND phase = 'waiting' AND again_at <= $2`, repository, millis(tx.now)))
		err = errOr(err, tx.Nudge(Nudge{Topic: Jobs, Repository: repository}))
	}
	return err
}

// JobStrayed writes down that a job deployed although it had not been let go, by whose order, and why; or with expected, that this
// was to be so.
func (tx *Tx) JobStrayed(repository int64, job promote.Job, kind string) error {
	count, err := tx.changed(`UPDATE jobs SET recorded = TRUE, bypassed = $1, bypassed_by = $2, login = $3, why = $4 WHERE id = $5 AND NOT recorded`,
		kind != "", job.By.ID, job.By.Login, job.Why, job.ID)
	if err != nil || count == 0 || kind == "" {
		return err
	}
	err = tx.Record(Record{Repository: repository, Actor: job.By, Kind: kind, Environment: job.Environment, SHA: job.SHA,
		Reason: strings.TrimSpace(fmt.Sprintf("run %d: %s", job.Run, job.Why))})
	return errOr(err, tx.Nudge(Nudge{Topic: Rollout, Repository: repository}))
}

// bypasses of an environment's gates, of commits that are on trunk, newest last.
func (tx *Tx) bypasses(repository int64, environment string) (bypasses []promote.Bypass, err error) {
	jobs, err := tx.jobs(`j.repository = $1 AND LOWER(j.environment) = LOWER($2) AND j.bypassed AND c.position IS NOT NULL`, repository, environment)
	for _, job := range jobs {
		bypasses = append(bypasses, promote.Bypass{Environment: environment, SHA: job.SHA, Run: job.Run, By: job.By, Why: job.Why, At: job.Heard})
	}
	return bypasses, err
}

// nudgeJobs has jobs that wait looked at: something was decided.
func (tx *Tx) nudgeJobs(repository int64) error {
	waiting, err := tx.WaitingJobs(repository)
	if err != nil {
		return err
	}
	stray, err := tx.StrayJobs(repository)
	if err != nil || len(waiting)+len(stray) == 0 {
		return err
	}
	return tx.Nudge(Nudge{Topic: Jobs, Repository: repository})
}

// RunsWithJobs returns the nudges for repositories whose jobs have not ended, for the sweep.
func (tx *Tx) RunsWithJobs() (nudges []Nudge, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		nudge := Nudge{Topic: Jobs, Subject: LookAtJobs}
		err := rows.Scan(&nudge.Repository)
		nudges = append(nudges, nudge)
		return err
	}, `SELECT DISTINCT repository FROM jobs WHERE ended_at = 0 OR went AND answer <> 'approved' AND NOT recorded ORDER BY repository`)
	return nudges, err
}

// JobsRun tells whether a run has jobs that have not ended.
func (tx *Tx) JobsRun(repository, run int64) (bool, error) {
	found, err := tx.job(`j.repository = $1 AND j.run = $2 AND j.ended_at = 0`, repository, run)
	return found != nil, err
}

// DeploymentBeforeIn is the deployment before this one in its environment; 0: there was none.
func (tx *Tx) DeploymentBeforeIn(repository int64, d promote.Deployment) (before int64, err error) {
	_, err = tx.one([]any{&before}, `SELECT COALESCE(MAX(id), 0) FROM deployments WHERE repository = $1 AND environment = $2 AND id < $3`, repository, d.Environment, d.ID)
	return before, err
}
