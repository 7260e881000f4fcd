package bot

import (
	"context"
	"errors"
	"strings"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/redact"
	"github.com/trunkline/trunkline/promote/logs"
	"github.com/trunkline/trunkline/promote/store"
)

// kept is an engine whose words are kept as the log of an environment of a pull request, beside those of the checks of other
// environments: what could not be made or destroyed is read there.
type kept struct {
	limited
	logs *logs.Book
	key  logs.Key
	// redact takes secrets out of it, learned what plans hold that is sensitive.
	redact  func(string) string
	learned *redact.Redactor
}

// keepingLogs keeps what the engine of a run says. What a killed Trunkline left unended is ended.
func (b *Bot) keepingLogs(ctx context.Context, repository store.Repository, e store.Ephemeral, run *ephemeralRun) {
	inner, is := run.Engine.(limited)
	if !is {
		return
	}
	key := logs.Key{Repository: repository.ID, Environment: e.Environment()}
	if err := b.logs.BreakOff(key, ""); err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot end the logs of what was broken off")
	}
	run.Engine = kept{limited: inner, logs: b.logs, key: key, redact: b.redactor.Redact, learned: redact.New()}
}

// Plan plans, and learns what is sensitive.
func (k kept) Plan(ctx context.Context, work engine.Work) (plan engine.Plan, err error) {
	err = k.keep(ctx, "plan", work, func(work engine.Work) (err error) {
		plan, err = k.limited.Plan(ctx, work)
		k.learned.Hide(plan.Secrets...)
		return err
	})
	return plan, err
}

// Apply applies.
func (k kept) Apply(ctx context.Context, work engine.Work, plan engine.Plan) error {
	return k.keep(ctx, "apply", work, func(work engine.Work) error { return k.limited.Apply(ctx, work, plan) })
}

// Destroy destroys.
func (k kept) Destroy(ctx context.Context, work engine.Work) error {
	return k.keep(ctx, "destroy", work, func(work engine.Work) error { return k.limited.Destroy(ctx, work) })
}

// keep does something with an instance and keeps what is said meanwhile. That it cannot be kept stops nothing.
func (k kept) keep(ctx context.Context, step string, work engine.Work, do func(engine.Work) error) error {
	log := k.logs.Step(k.key, step+" "+work.Instance.Name(), func(text string) string { return k.redact(k.learned.Redact(work.Hostless(text))) })
	work.Output = log
	err := do(work)
	result, message := logs.OK, ""
	switch said := (*engine.Failure)(nil); {
	case err == nil:
	case ctx.Err() != nil:
		result, message = logs.Stopped, "the server was stopped, or something else is wanted"
	case errors.As(err, &said):
		result, message = logs.Failed, k.redact(strings.TrimSpace(said.Message))
	default:
		result, message = logs.Failed, k.redact(err.Error())
	}
	if failed := log.End(result, message); failed != nil {
		zerolog.Ctx(ctx).Warn().Err(failed).Msg("a log is not kept")
	}
	return err
}
