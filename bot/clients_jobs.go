package bot

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/promote/store"
)

// gateAnswer is what a job that waits before an environment is told; without a state it goes on waiting, and people read the
// comment.
type gateAnswer struct {
	Environment string `json:"environment_name"`
	State       string `json:"state,omitempty"`
	Comment     string `json:"comment"`
}

// answerGate answers for our rule for all jobs of a run that wait before the environment:
// https://docs.github.com/rest/actions/workflow-runs#review-custom-deployment-protection-rules-for-a-workflow-run
func answerGate(ctx context.Context, client *github.Client, repository store.Repository, run int64, answer gateAnswer) error {
	path := fmt.Sprintf("repos/%s/%s/actions/runs/%d/deployment_protection_rule", repository.Owner, repository.Name, run)
	request, err := client.NewRequest(http.MethodPost, path, answer)
	if err != nil {
		return err
	}
	_, err = client.Do(ctx, request, nil)
	return err
}

// consent is what a person said about jobs of a run that waited.
type consent struct {
	State        string                `json:"state"`
	Comment      string                `json:"comment"`
	User         *github.User          `json:"user"`
	Environments []*github.Environment `json:"environments"`
}

// consents are those of a run, the newest last:
// https://docs.github.com/rest/actions/workflow-runs#get-the-review-history-for-a-workflow-run
func consents(ctx context.Context, client *github.Client, repository store.Repository, run int64) (said []consent, err error) {
	path := fmt.Sprintf("repos/%s/%s/actions/runs/%d/approvals", repository.Owner, repository.Name, run)
	request, err := client.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	_, err = client.Do(ctx, request, &said)
	return said, err
}

// pending tells whether jobs of a run wait before an environment:
// https://docs.github.com/rest/actions/workflow-runs#get-pending-deployments-for-a-workflow-run
func pending(ctx context.Context, client *github.Client, repository store.Repository, of pendingOf) (bool, error) {
	path := fmt.Sprintf("repos/%s/%s/actions/runs/%d/pending_deployments", repository.Owner, repository.Name, of.run)
	request, err := client.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return false, err
	}
	var waiting []struct {
		Environment github.Environment `json:"environment"`
	}
	if _, err = client.Do(ctx, request, &waiting); err != nil {
		return false, err
	}
	for _, one := range waiting {
		if strings.EqualFold(one.Environment.GetEnvironmentName(), of.environment) || strings.EqualFold(one.Environment.GetName(), of.environment) {
			return true, nil
		}
	}
	return false, nil
}

// pendingOf is a run and the environment before which its jobs may wait.
type pendingOf struct {
	run         int64
	environment string
}
