package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/workflow"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

const (
	// workflowLooks is how soon a workflow is looked at again at first; later less and less often. Mostly a webhook tells before.
	workflowLooks = 10 * time.Second
	// workflowSeen is how long after a dispatch its run may take to be listed.
	workflowSeen = 2 * time.Minute
	// workflowStopped is how long a cancelled run may take to end.
	workflowStopped = 10 * time.Minute
)

// bringWorkflow dispatches a workflow, or looks how its run is getting on. It may be done again after a crash at any line: that a
// workflow is to be dispatched is written down first, and a run that nobody wrote down is found by its name.
func (b *Bot) bringWorkflow(ctx context.Context, nudge store.Nudge) error {
	id, err := strconv.ParseInt(nudge.Subject, 10, 64)
	if err != nil {
		return fmt.Errorf("workflow %q: %w", nudge.Subject, err)
	}
	return b.store.Exclusive(ctx, store.Turn{Subject: "workflow/" + nudge.Subject}, func(ctx context.Context) error {
		w := calledWorkflow{bot: b}
		var waits bool
		err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
			if w.run, err = tx.Workflow(id); err != nil {
				return err
			}
			w.now = tx.Now()
			if waits, err = tx.WorkflowWaits(w.run); err != nil {
				return err
			}
			w.repository, err = tx.Repository(w.run.Repository)
			return err
		})
		if err != nil || w.run.Phase.Ended() {
			return err
		}
		if waits && !w.run.Stop && w.run.Phase == promote.WorkflowAsked {
			return w.again(ctx, workflowLooks)
		}
		if err := w.bring(ctx); err != nil {
			return fmt.Errorf("bring on the workflow %s: %w", w.run.File, err)
		}
		return nil
	})
}

// calledWorkflow is one look at one workflow.
type calledWorkflow struct {
	bot        *Bot
	repository store.Repository
	run        promote.WorkflowRun
	now        time.Time
}

func (w *calledWorkflow) bring(ctx context.Context) error {
	if w.run.Phase == promote.WorkflowAsked && w.run.Dispatched.IsZero() && w.run.Stop {
		return w.ends(ctx, "it was stopped before it began")
	}
	client, err := w.bot.clients.forRepository(ctx, w.repository, dispatching)
	if final(err) {
		return w.ends(ctx, "the App may not start workflows here: its installation has not accepted `actions: write`")
	}
	if err != nil {
		return err
	}
	if w.run.Run == 0 && !w.run.Dispatched.IsZero() {
		if found, err := w.find(ctx, client); err != nil || found {
			return err
		}
		if w.now.Sub(w.run.Dispatched) < workflowSeen {
			return w.again(ctx, workflowLooks)
		}
		if w.run.Stop {
			return w.ends(ctx, "it was stopped")
		}
		if w.run.Phase == promote.WorkflowRunning {
			return w.ends(ctx, fmt.Sprintf("GitHub took the dispatch, but no run of %s is called %s", w.run.File, w.run.Correlation))
		}
	}
	if w.run.Phase == promote.WorkflowAsked {
		return w.dispatch(ctx, client)
	}
	return w.look(ctx, client)
}

// dispatch starts the workflow as it is on trunk.
func (w *calledWorkflow) dispatch(ctx context.Context, client *github.Client) error {
	file, refusal, err := w.bot.workflowOnTrunk(ctx, w.repository, calledFile(w.run))
	if err != nil {
		return err
	}
	if refusal != nil {
		return w.ends(ctx, fmt.Sprintf("%s on %s cannot be dispatched: %s", w.run.File, w.repository.Trunk, refusal))
	}
	if err := w.bot.store.Write(ctx, func(tx *store.Tx) error { return tx.WorkflowDispatching(w.run.ID) }); err != nil {
		return err
	}
	inputs := maps.Clone(w.run.Inputs)
	inputs[correlationInput] = w.run.Correlation
	made, err := dispatchWorkflow(ctx, client, w.repository, dispatchOf{file: w.run.File, inputs: file.Given(inputs)})
	var answer *github.ErrorResponse
	switch {
	case errors.As(err, &answer) && answer.Response != nil && slices.Contains([]int{403, 404, 422}, answer.Response.StatusCode) && !limitedBy(err):
		return w.ends(ctx, "GitHub does not take the dispatch: "+answer.Message)
	case err != nil:
		return err
	}
	if err := w.bot.store.Write(ctx, func(tx *store.Tx) error { return tx.WorkflowRuns(w.run, made.ID, made.URL) }); err != nil {
		return err
	}
	return w.again(ctx, workflowLooks)
}

// workflowOnTrunk reads a workflow at the tip of trunk, which is what GitHub runs. refusal says why it cannot be dispatched.
func (b *Bot) workflowOnTrunk(ctx context.Context, repository store.Repository, wanted config.Workflow) (file workflow.File, refusal, err error) {
	tip, err := b.fetchTrunk(ctx, repository)
	if err != nil {
		return file, nil, err
	}
	tree, err := b.mirrors.of(repository).Tree(ctx, tip)
	if err != nil {
		return file, nil, err
	}
	return workflow.Read(ctx, tree, wanted)
}

// again has the workflow looked at again after a while.
func (w *calledWorkflow) again(ctx context.Context, after time.Duration) error {
	return w.bot.store.Write(ctx, func(tx *store.Tx) error { return tx.WorkflowAgain(w.run.ID, tx.Now().Add(after)) })
}

// ends writes down that the workflow ended; a message says why it failed.
func (w *calledWorkflow) ends(ctx context.Context, message string) error {
	run := w.run
	run.Phase, run.Message = promote.WorkflowPassed, w.bot.redactor.Redact(message)
	if message != "" {
		run.Phase, run.Output = promote.WorkflowFailed, ""
	}
	return w.bot.store.Write(ctx, func(tx *store.Tx) error { return tx.WorkflowEnds(run) })
}
