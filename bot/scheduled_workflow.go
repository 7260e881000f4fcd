package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/deploy"
	"github.com/trunkline/trunkline/promote/store"
)

// dispatchScheduled has the workflow of a scheduled check run. As long as it runs, the error is one of [deploy.Later].
func (b *Bot) dispatchScheduled(ctx context.Context, repository store.Repository, r scheduledRun) (message string, err error) {
	inputs := map[string]string{}
	maps.Copy(inputs, r.check.Workflow.Inputs)
	inputs[config.InputCommit], inputs["environment"] = r.sha, r.environment.Name
	subject := r.environment.Name + "/" + r.check.Name
	var w promote.WorkflowRun
	var now time.Time
	err = b.store.Write(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		w, err = tx.CallWorkflow(promote.WorkflowCall{
			Repository: repository.ID, Key: fmt.Sprintf("scheduled/%s/%s/%d", subject, r.sha, r.due.UnixMilli()), File: r.check.Workflow.File, Inputs: inputs,
			Timeout: cmp.Or(r.check.Timeout, b.settings.StepTimeout, time.Hour),
		}, store.Nudge{Topic: store.Scheduled, Repository: repository.ID, Subject: subject})
		return err
	})
	switch {
	case err != nil:
		return "", err
	case !w.Phase.Ended():
		return "", deploy.Later(now)
	}
	log := b.scheduledLog(ctx, repository, r, b.redactor.Redact)
	fmt.Fprintf(log, "[on %s]\n[%s on %s]\n", r.sha, w.File, cmp.Or(w.URL, "no run"))
	var failure error
	if w.Message != "" {
		failure = errors.New(w.Message)
	}
	b.endScheduledLog(ctx, log, process.Result{}, failure)
	return w.Message, nil
}
