package bot

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/deploy"
	"github.com/trunkline/trunkline/promote/store"
)

// askWorkflow has the workflow of an artifact run, and returns what its notice says. As long as it runs, the error is one of
// [deploy.Later]: its end begins the pass anew.
func (b *Bot) askWorkflow(ctx context.Context, of built, declared config.Artifact) (string, error) {
	inputs := map[string]string{}
	maps.Copy(inputs, declared.Workflow.Inputs)
	inputs[config.InputCommit], inputs["artifact"] = of.sha, declared.Name
	call := promote.WorkflowCall{
		Repository: of.repository.ID, Key: fmt.Sprintf("artifact/%s/%s", of.sha, declared.Name), Since: of.since, File: declared.Workflow.File,
		Inputs: inputs, Notice: declared.Name, Timeout: cmp.Or(declared.Timeout, b.settings.StepTimeout, time.Hour),
	}
	var w promote.WorkflowRun
	var now time.Time
	err := b.store.Write(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		w, err = tx.CallWorkflow(call, store.Nudge{Topic: store.Deploy, Repository: of.repository.ID})
		return err
	})
	switch {
	case err != nil:
		return "", err
	case !w.Phase.Ended():
		return "", deploy.Later(now.Add(time.Minute))
	case w.Phase == promote.WorkflowFailed:
		return "", artifactFailed(declared, w.Message)
	case !printable.MatchString(w.Output):
		return "", artifactFailed(declared, fmt.Sprintf("The notice %s of %s says something else than one line of letters, digits and . _ : / @ + -, at most 300.",
			declared.Name, declared.Workflow.File))
	}
	return b.shownDigest(declared, w.Output)
}
