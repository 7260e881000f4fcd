package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// workflowGrace is how long after its time limit a workflow is looked for whose end nobody has told of.
const workflowGrace = time.Minute

// Later is the error of something that has to wait: the pass ends, and another begins at that time, or when it is nudged before.
func Later(until time.Time) error { return &waits{until} }

// IsLater tells whether an error is one of [Later].
func IsLater(err error) bool { return errors.As(err, new(*waits)) }

// dispatch has a workflow of the repository run for a step, and returns when to look at it again; the zero time: it passed. The
// pass ends meanwhile: the workflow's end begins another.
func (r *run) dispatch(ctx context.Context, step promote.Step, what string, check config.Check) (time.Time, error) {
	inputs := r.workflowInputs(check.Workflow, step.Wave)
	w, now, err := r.call(ctx, promote.WorkflowCall{
		Repository: r.repository, Key: fmt.Sprintf("deployment/%d/%s/%s/%s", r.deployment.ID, step.Kind, step.Wave, step.Name),
		Group: "environment/" + r.deployment.Environment, File: check.Workflow.File, Inputs: inputs,
		Timeout: cmp.Or(check.Timeout, r.target.Planner.Timeout, time.Hour),
	}, store.Nudge{Topic: store.Deploy, Repository: r.repository, Subject: fmt.Sprint(r.deployment.ID)})
	if err != nil {
		return time.Time{}, err
	}
	if w.URL != step.URL {
		step.URL = w.URL
		if err := r.write(ctx, func(tx *store.Tx) error { return tx.LinkStep(r.deployment.ID, step) }); err != nil {
			return time.Time{}, err
		}
	}
	if !w.Phase.Ended() {
		return lookedForAt(w, now), nil
	}
	r.logWorkflow(ctx, logName(what, step.Wave, step.Name), w)
	if w.Phase == promote.WorkflowFailed {
		return time.Time{}, &Stopped{promote.Failure{Step: what, Subject: step.Name, Message: r.target.Redact(w.Message)}}
	}
	return time.Time{}, nil
}

// call asks for a workflow, or for how it stands.
func (r *run) call(ctx context.Context, call promote.WorkflowCall, waiter store.Nudge) (w promote.WorkflowRun, now time.Time, err error) {
	err = r.Store.Write(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		w, err = tx.CallWorkflow(call, waiter)
		return err
	})
	return w, now, err
}

// lookedForAt is when who waits for a workflow looks at it although nobody has told of its end.
func lookedForAt(w promote.WorkflowRun, now time.Time) time.Time {
	if at := w.Asked.Add(w.Timeout + workflowGrace); at.After(now) {
		return at
	}
	return now.Add(workflowGrace)
}

// workflowInputs are what a workflow gets that runs in the midst of a deployment, as far as it declares them.
func (r *run) workflowInputs(workflow config.Workflow, wave string) map[string]string {
	inputs := map[string]string{}
	maps.Copy(inputs, workflow.Inputs)
	maps.Copy(inputs, map[string]string{config.InputCommit: r.deployment.To, "environment": r.deployment.Environment, "from": r.deployment.From,
		"wave": wave, "deployment": fmt.Sprint(r.deployment.ID)})
	return inputs
}

// logWorkflow keeps what is known of a workflow that has ended as the log of its step. What its jobs said is on GitHub.
func (r *run) logWorkflow(ctx context.Context, name string, w promote.WorkflowRun) {
	log := r.log(name, func(text string) string { return text })
	fmt.Fprintf(log, "[%s on %s]\n", w.File, cmp.Or(w.URL, "no run"))
	var failure error
	if w.Phase == promote.WorkflowFailed {
		failure = errors.New(w.Message)
	}
	r.end(ctx, log, failure)
}

// errReleaseWaits ends a pass over a step of a release whose workflow has not ended.
var errReleaseWaits = errors.New("the workflow of the release has not ended")

// releaseBy has the workflow of a release run.
func (r *run) releaseBy(ctx context.Context, step promote.Release, rules config.Release) error {
	inputs := r.workflowInputs(rules.Workflow, "")
	inputs["percent"], inputs["from_percent"] = strconv.Itoa(step.Percent), strconv.Itoa(step.From)
	w, _, err := r.call(ctx, promote.WorkflowCall{
		Repository: r.repository, Key: fmt.Sprintf("release/%d", step.ID), Group: "release/" + step.Environment,
		File: rules.Workflow.File, Inputs: inputs, Timeout: cmp.Or(rules.Timeout, r.target.Planner.Timeout, time.Hour),
	}, store.Nudge{Topic: store.Releases, Repository: r.repository, Subject: fmt.Sprint(step.ID)})
	switch {
	case err != nil:
		return err
	case !w.Phase.Ended():
		return errReleaseWaits
	}
	r.logWorkflow(ctx, fmt.Sprintf("release %d%%", step.Percent), w)
	if w.Phase == promote.WorkflowFailed {
		return &Stopped{promote.Failure{Step: "release", Message: r.target.Redact(w.Message)}}
	}
	return nil
}
