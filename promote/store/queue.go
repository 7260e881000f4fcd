package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
	"github.com/rs/zerolog"
)

// Topic is what a nudge is about. Each has its own workers, so that long work does not hold up short work.
type Topic string

const (
	// Delivery: a stored delivery is to be turned into facts. Subject: its id.
	Delivery Topic = "delivery"
	// Trunk may have moved: read it. Subject: empty.
	Trunk Topic = "trunk"
	// Preview of a pull request may be out of date. Subject: its number.
	Preview Topic = "preview"
	// Deploy: a deployment is to be brought on. Subject: its id.
	Deploy Topic = "deploy"
	// Impact of bringing an environment further is to be planned. Subject: the environment.
	Impact Topic = "impact"
	// Clock: it is time to decide about a repository again, although nothing happened. Subject: empty.
	Clock Topic = "clock"
	// Scheduled: a check of an environment is due by its schedule. Subject: the environment, "/" and the check's name.
	Scheduled Topic = "scheduled"
	// Notices: people are to be told something. Subject: empty.
	Notices Topic = "notices"
	// Reverts: a pull request that takes commits back is to be opened. Subject: the id of the wish.
	Reverts Topic = "reverts"
	// Releases: a step of a release is to be brought on. Subject: its id.
	Releases Topic = "releases"
	// Ephemerals: the environment that a pull request has of its own may have to be made or destroyed. Subject: its number.
	Ephemerals Topic = "ephemeral"
	// Workflows: a workflow of the repository is to be dispatched, or looked at. Subject: its id.
	Workflows Topic = "workflows"
	// Jobs of the repository's own workflows may have to be told whether they may deploy. Subject: empty, or [LookAtJobs].
	Jobs Topic = "jobs"
	// Environments of GitHub may not be as the configuration has them. Subject: empty.
	Environments Topic = "environments"
	// Pull: what GitHub shows of an open pull request may be out of date. Subject: its number.
	Pull Topic = "pull"
	// Group of the merge queue may have to be planned, or not any more. Subject: its head.
	Group Topic = "group"
	// GroupCheck: what GitHub shows of a merge group may be out of date. Subject: its head.
	GroupCheck Topic = "group_check"
	// Rollout: what GitHub shows of deployments and merged pull requests may be out of date. Subject: empty.
	Rollout Topic = "rollout"
)

// workers of each topic in one process. Deployments mostly wait for the engine, whose processes have a limit of
// their own.
var workers = map[Topic]int{Delivery: 4, Trunk: 4, Preview: 16, Deploy: 32, Impact: 8, Clock: 4, Scheduled: 8, Notices: 2, Reverts: 2, Releases: 16,
	Ephemerals: 8, Workflows: 8, Jobs: 4, Environments: 4, Pull: 8, Group: 8,
	GroupCheck: 8, Rollout: 8}

// maxAttempts with the waits of [retry] are three days, as long as GitHub keeps deliveries: an outage, of GitHub or of
// the network, must not lose what was received.
const maxAttempts = 3*24*60/5 + 10

// LookAtJobs is the subject of a nudge for [Jobs] where GitHub is to be asked how they are: nobody may have told.
const LookAtJobs = "look"

// Nudge is a job: look at this again. It carries no state and may come too often or twice.
type Nudge struct {
	Topic      Topic  `json:"topic"`
	Repository int64  `json:"repository"`
	Subject    string `json:"subject"`
}

// Kind names the job in the queue.
func (Nudge) Kind() string { return "nudge" }

// Nudge adds a job to the queue in this transaction.
func (tx *Tx) Nudge(nudge Nudge) error {
	tx.nudged[nudge.Topic] = true
	_, err := tx.store.queue.InsertTx(tx.ctx, tx.tx, nudge, &river.InsertOpts{Queue: string(nudge.Topic), MaxAttempts: maxAttempts})
	if err != nil {
		return fmt.Errorf("nudge %s %s: %w", nudge.Topic, nudge.Subject, err)
	}
	return nil
}

// Handler does what a nudge asks. An error means: try again later.
type Handler func(ctx context.Context, nudge Nudge) error

// Work runs handlers on nudges until ctx ends, then waits for the running ones, whose contexts end with ctx.
func (s *Store) Work(ctx context.Context, handlers map[Topic]Handler) error {
	all := river.NewWorkers()
	if err := river.AddWorkerSafely(all, &worker{handlers: handlers}); err != nil {
		return fmt.Errorf("start the queue: %w", err)
	}
	queues := map[string]river.QueueConfig{}
	for topic := range handlers {
		queues[string(topic)] = river.QueueConfig{MaxWorkers: workers[topic], FetchCooldown: 5 * time.Millisecond}
	}
	client, err := river.NewClient(driver{riversqlite.New(s.db), s.listener}, &river.Config{
		Logger: quiet(), Queues: queues, Workers: all, JobTimeout: -1, RetryPolicy: retry{},
		ErrorHandler: &report{}, FetchPollInterval: 500 * time.Millisecond, FetchCooldown: 5 * time.Millisecond,
		RescueStuckJobsAfter: 24 * time.Hour,
	})
	if err != nil {
		return fmt.Errorf("start the queue: %w", err)
	}
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start the queue: %w", err)
	}
	<-ctx.Done()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return client.StopAndCancel(stopping)
}

type worker struct {
	river.WorkerDefaults[Nudge]
	handlers map[Topic]Handler
}

// Work hands a job to its topic's handler.
func (w *worker) Work(ctx context.Context, job *river.Job[Nudge]) error {
	logger := zerolog.Ctx(ctx).With().Str("topic", string(job.Args.Topic)).Int64("repository_id", job.Args.Repository).
		Str("subject", job.Args.Subject).Logger()
	err := w.handlers[job.Args.Topic](logger.WithContext(ctx), job.Args)
	if err != nil && ctx.Err() != nil {
		// Stopping is no failure: the job waits for the next start.
		return river.JobSnooze(0)
	}
	return err
}

// Timeout is none: handlers limit their own steps.
func (w *worker) Timeout(*river.Job[Nudge]) time.Duration { return -1 }

// retry waits half a second at first, then twice as long each time, at most five minutes.
type retry struct{}

// NextRetry is when a failed job is tried again.
func (retry) NextRetry(job *rivertype.JobRow) time.Time { return time.Now().Add(retryWait(job)) }

func retryWait(job *rivertype.JobRow) time.Duration {
	return time.Duration(math.Min(math.Pow(2, float64(job.Attempt-1))*0.5, 300) * float64(time.Second))
}

// report logs what went wrong with a job, once.
type report struct{}

// HandleError logs an error that will be retried.
func (*report) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	zerolog.Ctx(ctx).Warn().Err(err).RawJSON("job", job.EncodedArgs).Int("attempt", job.Attempt).Msg("job failed, will be retried")
	return nil
}

// HandlePanic logs a bug.
func (*report) HandlePanic(ctx context.Context, job *rivertype.JobRow, value any, trace string) *river.ErrorHandlerResult {
	zerolog.Ctx(ctx).Error().Interface("panic", value).Str("trace", trace).RawJSON("job", job.EncodedArgs).Msg("job panicked")
	return nil
}

// quiet keeps the queue's own chatter out of our log; what matters of it is reported by [report].
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// ErrInterrupted is the cause of a pass's context when something changed that makes the pass pointless.
var ErrInterrupted = errors.New("interrupted by a newer change")

// Idle tells whether no job is waiting, running or due for another try.
func (s *Store) Idle(ctx context.Context) (idle bool, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		var busy int
		_, err := tx.one([]any{&busy}, `SELECT count(*) FROM river_job WHERE state IN ('available', 'pending', 'running', 'retryable', 'scheduled')`)
		idle = busy == 0
		return err
	})
	return idle, err
}
