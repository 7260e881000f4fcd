package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/runs"
	"github.com/trunkline/trunkline/bot/workflow"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

var wholeSHA = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// runsAtGitHub dispatches the workflows that plan and apply.
type runsAtGitHub struct{ bot *Bot }

// Dispatch has the workflow run as it is on trunk.
func (g runsAtGitHub) Dispatch(ctx context.Context, run store.Run) (int64, error) {
	repository, err := g.bot.repository(ctx, run.Repository)
	if err != nil {
		return 0, err
	}
	client, err := g.bot.clients.forRepository(ctx, repository, dispatching)
	if final(err) {
		return 0, &runs.Refused{Why: fmt.Sprintf("%s cannot be started: the App may not start workflows here, since its installation has not accepted `actions: write`.", run.Workflow)}
	}
	if err != nil {
		return 0, err
	}
	file, err := g.read(ctx, repository, run)
	if err != nil {
		return 0, err
	}
	made, err := dispatchWorkflow(ctx, client, repository, dispatchOf{file: run.Workflow, inputs: file.Given(runInputs(run))})
	var answer *github.ErrorResponse
	if errors.As(err, &answer) && answer.Response != nil && slices.Contains([]int{403, 404, 422}, answer.Response.StatusCode) && !limitedBy(err) {
		return 0, &runs.Refused{Why: fmt.Sprintf("GitHub does not start %s: %s", run.Workflow, answer.Message)}
	}
	return made.ID, err
}

// read reads the workflow at the tip of trunk, which is what GitHub runs.
func (g runsAtGitHub) read(ctx context.Context, repository store.Repository, run store.Run) (file workflow.File, err error) {
	file, refusal, err := g.bot.workflowOnTrunk(ctx, repository, config.Runner{Workflow: run.Workflow}.DispatchedWorkflow())
	if err == nil && refusal != nil {
		err = &runs.Refused{Why: fmt.Sprintf("%s on %s, which plans and applies %s, cannot be dispatched: %s. See docs/actions.md of Trunkline for one that can.",
			run.Workflow, repository.Trunk, run.Environment, refusal)}
	}
	return file, err
}

// runInputs are what the workflow of a run gets.
func runInputs(run store.Run) map[string]string {
	shards := make([]int, run.Shards)
	for i := range shards {
		shards[i] = i + 1
	}
	list, _ := json.Marshal(shards) // numbers
	return map[string]string{config.InputCommit: run.SHA, config.InputCorrelation: run.Correlation, "environment": run.Environment,
		"place": run.Place, "purpose": string(run.Purpose), "shards": string(list)}
}

// Find looks for a run by its correlation, which is in its name.
func (g runsAtGitHub) Find(ctx context.Context, run store.Run) (int64, error) {
	repository, err := g.bot.repository(ctx, run.Repository)
	if err != nil {
		return 0, err
	}
	client, err := g.bot.clients.forRepository(ctx, repository, dispatching)
	if err != nil {
		return 0, err
	}
	found, err := findRun(ctx, client, repository, runNamed{run.Workflow, run.Correlation, run.Created})
	return found.GetID(), err
}

// Look asks how a run is. GitHub may not know one at first that it has just made.
func (g runsAtGitHub) Look(ctx context.Context, run store.Run) (runs.RunState, error) {
	repository, err := g.bot.repository(ctx, run.Repository)
	if err != nil {
		return runs.RunState{}, err
	}
	client, err := g.bot.clients.forRepository(ctx, repository, dispatching)
	if err != nil {
		return runs.RunState{}, err
	}
	found, _, err := client.Actions.GetWorkflowRunByID(ctx, repository.Owner, repository.Name, run.GitHub)
	var answer *github.ErrorResponse
	if errors.As(err, &answer) && answer.Response.StatusCode == http.StatusNotFound {
		return runs.RunState{}, nil
	}
	if err != nil {
		return runs.RunState{}, fmt.Errorf("look at run %d of %s: %w", run.GitHub, run.Workflow, err)
	}
	return stateOf(found), nil
}

func stateOf(run *github.WorkflowRun) runs.RunState {
	return runs.RunState{Ended: run.GetStatus() == "completed", Conclusion: run.GetConclusion(), Waiting: run.GetStatus() == "waiting", URL: run.GetHTMLURL()}
}

// runEnded takes note of a run that has ended at GitHub, if it is one of ours.
func (b *Bot) runEnded(ctx context.Context, e *github.WorkflowRunEvent) error {
	state := stateOf(e.GetWorkflowRun())
	if !state.Ended {
		return nil
	}
	return b.runs.Ended(ctx, e.GetRepo().GetID(), e.GetWorkflowRun().GetID(), state)
}

// nameAndTrunk are a repository's "owner/name" and its trunk.
func (b *Bot) nameAndTrunk(ctx context.Context, id int64) (name, branch string, err error) {
	repository, err := b.repository(ctx, id)
	return repository.Owner + "/" + repository.Name, repository.Trunk, err
}

// onTrunk tells whether a commit is one of trunk, which is fetched where it is not known yet.
func (b *Bot) onTrunk(ctx context.Context, id int64, sha string) (is bool, err error) {
	repository, err := b.repository(ctx, id)
	if err != nil {
		return false, err
	}
	err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
		is, err = tx.KnowsCommit(id, sha)
		return err
	})
	if err != nil || is || !wholeSHA.MatchString(sha) {
		return is, err
	}
	git, ref := b.mirrors.of(repository), "refs/heads/"+repository.Trunk
	if err := git.Fetch(ctx, "+"+ref+":"+ref); err != nil {
		return false, err
	}
	tip, err := git.Tip(ctx, ref)
	if err != nil {
		return false, err
	}
	if have, err := git.Has(ctx, sha); err != nil || !have {
		return false, err
	}
	return git.IsAncestor(ctx, sha, tip)
}
