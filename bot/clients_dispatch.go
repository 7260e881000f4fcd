package bot

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/promote/store"
)

// dispatchOf is what is dispatched.
type dispatchOf struct {
	file   string
	inputs map[string]string
}

// dispatched is the run that a dispatch made; the zero value: GitHub did not say which.
type dispatched struct {
	ID  int64  `json:"workflow_run_id"`
	URL string `json:"html_url"`
}

// dispatchWorkflow runs a workflow as it is on trunk, and asks which run it is:
// https://docs.github.com/rest/actions/workflows#create-a-workflow-dispatch-event
func dispatchWorkflow(ctx context.Context, client *github.Client, repository store.Repository, of dispatchOf) (made dispatched, err error) {
	body := map[string]any{"ref": repository.Trunk, "inputs": of.inputs, "return_run_details": true}
	path := fmt.Sprintf("repos/%s/%s/actions/workflows/%s/dispatches", repository.Owner, repository.Name, url.PathEscape(of.file))
	request, err := client.NewRequest(http.MethodPost, path, body)
	if err != nil {
		return made, err
	}
	answer, err := client.Do(ctx, request, &made)
	if answer != nil && answer.StatusCode == http.StatusNoContent {
		return dispatched{}, nil // as an older Enterprise Server answers
	}
	return made, err
}
