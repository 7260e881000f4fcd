package bot

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/promote/store"
)

// operation of GitHub, by its method and path as GitHub describes it. Here are those on environments: go-github v60 does not
// encode their names, sends fields that GitHub does not describe, reads one page of branch policies only, and knows variables
// under a former path.
type operation string

// https://docs.github.com/rest/deployments/environments, /branch-policies and /protection-rules, and
// https://docs.github.com/rest/actions/variables
const (
	listEnvironments   operation = "GET /repos/{owner}/{repo}/environments"
	putEnvironment     operation = "PUT /repos/{owner}/{repo}/environments/{environment_name}"
	listBranchPolicies operation = "GET /repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies"
	addBranchPolicy    operation = "POST /repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies"
	dropBranchPolicy   operation = "DELETE /repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies/{branch_policy_id}"
	listRules          operation = "GET /repos/{owner}/{repo}/environments/{environment_name}/deployment_protection_rules"
	enableRule         operation = "POST /repos/{owner}/{repo}/environments/{environment_name}/deployment_protection_rules"
	listVariables      operation = "GET /repos/{owner}/{repo}/environments/{environment_name}/variables"
	makeVariable       operation = "POST /repos/{owner}/{repo}/environments/{environment_name}/variables"
	changeVariable     operation = "PATCH /repos/{owner}/{repo}/environments/{environment_name}/variables/{name}"
)

// asking is one request of an operation.
type asking struct {
	operation operation
	// environment by its name on GitHub, and what of it: a variable, or the id of a branch policy.
	environment, item string
	page, perPage     int
	body              any
	// into a value the answer is read; nil: it does not matter.
	into any
}

// path of the request, with everything in it encoded.
func (a asking) path(repository store.Repository) (method, path string) {
	method, path, _ = strings.Cut(string(a.operation), " /")
	values := strings.NewReplacer("{owner}", url.PathEscape(repository.Owner), "{repo}", url.PathEscape(repository.Name),
		"{environment_name}", url.PathEscape(a.environment), "{branch_policy_id}", url.PathEscape(a.item), "{name}", url.PathEscape(a.item))
	path = values.Replace(path)
	if a.perPage > 0 {
		path += fmt.Sprintf("?per_page=%d&page=%d", a.perPage, max(a.page, 1))
	}
	return method, path
}

// askGitHub sends a request and reads the answer. It returns the next page; 0: there is none.
func askGitHub(ctx context.Context, client *github.Client, repository store.Repository, a asking) (next int, err error) {
	method, path := a.path(repository)
	request, err := client.NewRequest(method, path, a.body)
	if err != nil {
		return 0, fmt.Errorf("ask GitHub for %s: %w", a.operation, err)
	}
	response, err := client.Do(ctx, request, a.into)
	if response != nil {
		next = response.NextPage
	}
	return next, err
}
