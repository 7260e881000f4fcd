package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/rs/zerolog"

	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

const (
	// mostReports is how often people are told of a job that waits. GitHub takes ten comments; the last is for its end.
	mostReports = 9
	// reportPause is how long things may settle before people are told.
	reportPause = time.Minute
	// mostReport is how many characters GitHub takes in one.
	mostReport = 1024
)

// letJobsGo answers the jobs of a repository that wait before environments, as it is with those now. What a job is to be told is
// written down first, so this may be done again after a crash at any line.
func (b *Bot) letJobsGo(ctx context.Context, nudge store.Nudge) error {
	return b.store.Exclusive(ctx, store.Turn{Subject: fmt.Sprintf("jobs/%d", nudge.Repository)}, func(ctx context.Context) error {
		repository, err := b.repository(ctx, nudge.Repository)
		if err != nil {
			return err
		}
		var failed error
		if nudge.Subject == store.LookAtJobs {
			failed = b.lookAtJobs(ctx, repository)
		}
		if err := b.placeJobs(ctx, repository); err != nil {
			return errors.Join(failed, err)
		}
		return errors.Join(failed, b.answerJobs(ctx, repository), b.strayJobs(ctx, repository))
	})
}

// placeJobs finds out where on trunk the commits of jobs are that we have not seen there: their push may not have been heard.
func (b *Bot) placeJobs(ctx context.Context, repository store.Repository) error {
	var waiting []promote.Job
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		waiting, err = tx.WaitingJobs(repository.ID)
		return err
	})
	looked, tip := false, ""
	for _, job := range waiting {
		if err != nil {
			return err
		}
		if job.Position > 0 || job.Elsewhere {
			continue
		}
		if !looked {
			if tip, err = b.fetchTrunk(ctx, repository); err != nil {
				return err
			}
			looked = true
		}
		err = b.placeJob(ctx, repository, job, tip)
	}
	return err
}

func (b *Bot) fetchTrunk(ctx context.Context, repository store.Repository) (string, error) {
	git, ref := b.mirrors.of(repository), "refs/heads/"+repository.Trunk
	if err := git.Fetch(ctx, "+"+ref+":"+ref); err != nil {
		return "", err
	}
	return git.Tip(ctx, ref)
}

// placeJob has trunk read where the commit may be on it, and else writes down that it is not.
func (b *Bot) placeJob(ctx context.Context, repository store.Repository, job promote.Job, tip string) error {
	git := b.mirrors.of(repository)
	on, err := git.Has(ctx, job.SHA)
	if err == nil && on {
		on, err = git.IsAncestor(ctx, job.SHA, tip)
	}
	if err != nil {
		return err
	}
	return b.store.Write(ctx, func(tx *store.Tx) error {
		now, err := tx.Repository(repository.ID)
		if err != nil {
			return err
		}
		if on && now.Tip != tip {
			return tx.Nudge(store.Nudge{Topic: store.Trunk, Repository: repository.ID}) // which leads here again
		}
		return tx.JobElsewhere(job.ID)
	})
}

// gate is where jobs wait together: one answer is for all jobs of a run that wait before an environment.
type gate struct {
	run         int64
	environment string
}

// answerJobs tells the jobs that wait what is to be told.
func (b *Bot) answerJobs(ctx context.Context, repository store.Repository) error {
	waiting, verdicts, now, err := b.verdicts(ctx, repository)
	if err != nil || len(waiting) == 0 {
		return err
	}
	client, err := b.clients.forRepository(ctx, repository, deploying)
	if err != nil {
		return err
	}
	together := map[gate][]promote.Job{}
	var order []gate
	for _, job := range waiting {
		at := gate{job.Run, strings.ToLower(job.Environment)}
		if together[at] == nil {
			order = append(order, at)
		}
		together[at] = append(together[at], job)
	}
	var failed []error
	for _, at := range order {
		jobs := together[at]
		verdict := verdicts[jobs[0].ID]
		var err error
		if verdict.Answer == promote.JobWaits {
			err = b.reportJobs(ctx, client, repository, saidToJobs{jobs, verdict, now})
		} else {
			err = b.tellJobs(ctx, client, repository, saidToJobs{jobs, verdict, now})
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// saidToJobs is what jobs are told that wait together.
type saidToJobs struct {
	jobs    []promote.Job
	verdict promote.Verdict
	now     time.Time
}

// due is when people may be told something new: what passes by itself in a moment is none of their business, and they are told
// ten times at most.
func (s saidToJobs) due() (due time.Time) {
	for _, job := range s.jobs {
		for _, at := range []time.Time{job.Asked, job.Reported} {
			if at = at.Add(reportPause); at.After(due) {
				due = at
			}
		}
	}
	return due
}

// verdicts decides what jobs that wait are told, and writes down what they are told for good.
func (b *Bot) verdicts(ctx context.Context, repository store.Repository) (waiting []promote.Job, verdicts map[int64]promote.Verdict, now time.Time, err error) {
	err = b.store.Write(ctx, func(tx *store.Tx) error {
		now = tx.Now()
		if waiting, err = tx.WaitingJobs(repository.ID); err != nil || len(waiting) == 0 {
			return err
		}
		state, err := tx.State(repository.ID)
		if err != nil {
			return err
		}
		verdicts = promote.Verdicts(state, waiting)
		for _, job := range waiting {
			if job.Answer != promote.JobWaits {
				if verdicts[job.ID], err = tx.DecidedJob(job.ID); err != nil {
					return err
				}
			} else if verdicts[job.ID].Answer != promote.JobWaits {
				if err := tx.AnswerJob(repository.ID, job, verdicts[job.ID]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return waiting, verdicts, now, err
}

// tellJobs gives the answer that was written down. GitHub takes one; where it takes none, the job does not wait any more.
func (b *Bot) tellJobs(ctx context.Context, client *github.Client, repository store.Repository, said saidToJobs) error {
	err := answerGate(ctx, client, repository, said.jobs[0].Run, gateAnswer{Environment: said.jobs[0].Environment,
		State: string(said.verdict.Answer), Comment: b.toldOfJob(said.verdict.Text)})
	if !refusedAnswer(err) && err != nil {
		return fmt.Errorf("answer the jobs of run %d: %w", said.jobs[0].Run, err)
	}
	if err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Int64("run", said.jobs[0].Run).Msg("GitHub does not take the answer for a job")
	}
	return b.store.Write(ctx, func(tx *store.Tx) (err error) {
		for _, job := range said.jobs {
			err = errors.Join(err, tx.JobTold(job.ID))
		}
		return err
	})
}

// reportJobs tells people what jobs wait for, where that is something else than they were told last.
func (b *Bot) reportJobs(ctx context.Context, client *github.Client, repository store.Repository, said saidToJobs) error {
	if said.verdict.Text == "" {
		return nil
	}
	text, reports := b.toldOfJob(said.verdict.Text), 0
	news := false
	for _, job := range said.jobs {
		reports = max(reports, job.Reports)
		news = news || job.Report != text
	}
	if !news || reports >= mostReports {
		return b.jobsAgain(ctx, said)
	}
	if due := said.due(); said.now.Before(due) {
		return b.store.Write(ctx, func(tx *store.Tx) error { return tx.JobAgain(said.jobs[0].ID, due) })
	}
	err := b.store.Write(ctx, func(tx *store.Tx) (err error) {
		for _, job := range said.jobs {
			err = errors.Join(err, tx.JobReports(job.ID, text))
			if at := job.WarnsAt(); at.After(said.now) {
				err = errors.Join(err, tx.JobAgain(job.ID, at))
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	err = answerGate(ctx, client, repository, said.jobs[0].Run, gateAnswer{Environment: said.jobs[0].Environment, Comment: text})
	if refusedAnswer(err) {
		zerolog.Ctx(ctx).Warn().Err(err).Int64("run", said.jobs[0].Run).Msg("GitHub does not take what a job waits for")
		return nil
	}
	return err
}

// jobsAgain has jobs looked at when their time runs out, which people are told.
func (b *Bot) jobsAgain(ctx context.Context, said saidToJobs) error {
	at := said.jobs[0].WarnsAt()
	if !at.After(said.now) {
		return nil
	}
	return b.store.Write(ctx, func(tx *store.Tx) error { return tx.JobAgain(said.jobs[0].ID, at) })
}

// refusedAnswer tells whether GitHub will never take an answer: the run is gone, the job does not wait, or not for us.
func refusedAnswer(err error) bool {
	var answer *github.ErrorResponse
	if !errors.As(err, &answer) || answer.Response == nil || limitedBy(err) {
		return false
	}
	switch answer.Response.StatusCode {
	case http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusForbidden, http.StatusConflict:
		return true
	}
	return false
}

// toldOfJob is a text as it is shown on GitHub: without secrets, without mentions, and no longer than GitHub takes.
func (b *Bot) toldOfJob(text string) string {
	return comment.Job(b.redactor.Redact(text), mostReport)
}
