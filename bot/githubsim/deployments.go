package githubsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// deployment is a GitHub deployment.
type deployment struct {
	id          int64
	sha, ref    string
	task        string
	payload     json.RawMessage
	original    string // the environment it was made for
	environment string // the one it is in now: a status may move it
	description string
	transient   bool
	production  bool
	creator     *account
	created     time.Time
	updated     time.Time
	statuses    []*deploymentStatus // oldest first
	job         *job                // that made it, nil for one made by way of the API
}

// state is that of its newest status, empty before the first.
func (d *deployment) state() string {
	if len(d.statuses) == 0 {
		return ""
	}
	return d.statuses[len(d.statuses)-1].state
}

type deploymentStatus struct {
	id             int64
	state          string
	description    string
	environment    string
	environmentURL string
	logURL         string
	creator        *account
	created        time.Time
}

// descriptionLimit is how long the description of a deployment, a status of it
// or a commit status may be.
const descriptionLimit = 140

var deploymentStates = []string{"error", "failure", "inactive", "in_progress", "queued", "pending", "success"}

// deploymentRequest is what repos/create-deployment takes.
type deploymentRequest struct {
	Ref         string          `json:"ref"`
	Task        *string         `json:"task"`
	AutoMerge   *bool           `json:"auto_merge"`
	Contexts    *[]string       `json:"required_contexts"`
	Payload     json.RawMessage `json:"payload"`
	Environment *string         `json:"environment"`
	Description *string         `json:"description"`
	Transient   bool            `json:"transient_environment"`
	Production  *bool           `json:"production_environment"`
}

// createDeployment answers repos/create-deployment with GitHub's defaults: it
// merges the default branch into the ref first, and insists on every commit
// status, unless it is told otherwise.
func createDeployment(c *call) (reply, error) {
	var request deploymentRequest
	if err := c.decode(&request); err != nil {
		return reply{}, err
	}
	sha, found := c.repo.git.resolve(request.Ref)
	switch {
	case request.Ref == "":
		return reply{}, invalid("Deployment", "ref", "missing_field", "")
	case !found:
		return reply{}, &Problem{Status: http.StatusUnprocessableEntity, Message: "No ref found for: " + request.Ref}
	case request.Description != nil && len(*request.Description) > descriptionLimit:
		return reply{}, invalid("Deployment", "description", "custom", "description is too long (maximum is 140 characters)")
	}
	if request.AutoMerge == nil || *request.AutoMerge {
		if answer, merged, err := c.autoMerge(request.Ref, sha); merged || err != nil {
			return answer, err
		}
	}
	if failing := c.repo.failingContexts(sha, request.Contexts); len(failing) > 0 {
		return reply{status: http.StatusConflict, body: object{
			"message": "Conflict: Commit status checks failed for " + request.Ref + ".", "documentation_url": documentation,
			"errors": []any{object{"contexts": failing, "resource": "Deployment", "field": "required_contexts", "code": "invalid"}},
		}}, nil
	}
	made := c.gh.deploy(c.repo, c.actor, request, sha)
	return created(c.gh.deploymentShape(c.repo, made))
}

// autoMerge merges the default branch into a branch that is behind it. It
// reports whether it did: then there is no deployment.
func (c *call) autoMerge(ref, sha string) (reply, bool, error) {
	git := c.repo.git
	trunk := git.branch(c.repo.defaultBranch)
	if git.ancestor(trunk, sha) {
		return reply{}, false, nil
	}
	conflict := &Problem{Status: http.StatusConflict, Message: fmt.Sprintf("Conflict merging %s into %s.", c.repo.defaultBranch, ref)}
	branch := strings.TrimPrefix(strings.TrimPrefix(ref, "refs/"), "heads/")
	if git.branch(branch) == "" {
		return reply{}, false, conflict // a commit cannot be merged into
	}
	tree, err := git.mergeTree(sha, trunk)
	if errors.Is(err, errConflict) {
		return reply{}, false, conflict
	}
	if err != nil {
		return reply{}, false, err
	}
	message := fmt.Sprintf("Merge %s into %s", c.repo.defaultBranch, branch)
	after, err := git.commitTree(tree, message, signature{c.actor, c.gh.now()}, sha, trunk)
	if err != nil {
		return reply{}, false, err
	}
	if err := git.setRef("refs/heads/"+branch, after); err != nil {
		return reply{}, false, err
	}
	if err := c.gh.moved(move{c.repo, branch, sha, after, c.actor}); err != nil {
		return reply{}, false, err
	}
	answer := reply{status: http.StatusAccepted, body: object{
		"message": fmt.Sprintf("Auto-merged %s into %s on deployment.", c.repo.defaultBranch, branch),
	}}
	return answer, true, nil
}

// failingContexts lists the commit statuses that stand in a deployment's way.
// Without a list every one that was ever set must be green.
func (r *repository) failingContexts(sha string, required *[]string) []string {
	latest := r.latestStatuses(sha)
	var failing []string
	if required == nil {
		for _, status := range latest {
			if status.state != "success" {
				failing = append(failing, status.context)
			}
		}
		return failing
	}
	for _, context := range *required {
		green := slices.ContainsFunc(latest, func(s *commitStatus) bool { return s.context == context && s.state == "success" })
		if !green {
			failing = append(failing, context)
		}
	}
	return failing
}

// deploy makes a deployment and, as GitHub does, its environment.
func (gh *GitHub) deploy(repo *repository, by *account, request deploymentRequest, sha string) *deployment {
	text := func(given *string, otherwise string) string {
		if given == nil {
			return otherwise
		}
		return *given
	}
	made := &deployment{
		id: gh.id(), sha: sha, ref: request.Ref, task: text(request.Task, "deploy"), payload: request.Payload,
		original: text(request.Environment, "production"), description: text(request.Description, ""),
		transient: request.Transient, creator: by, created: gh.now(), updated: gh.now(),
	}
	made.environment = made.original
	made.production = made.environment == "production"
	if request.Production != nil {
		made.production = *request.Production
	}
	repo.deployments = append(repo.deployments, made)
	gh.environment(repo, made.environment)
	gh.record(Event{
		Actor: by.login, Kind: "deployment", Repository: repo.fullName(), Pull: gh.pullAt(repo, sha),
		Environment: made.environment, SHA: sha, Body: made.description,
	})
	gh.emitDeployment(repo, made, by)
	return made
}

// deployment finds the deployment of a call.
func (c *call) deployment() (*deployment, error) {
	id, err := c.number("deployment_id")
	if err != nil {
		return nil, err
	}
	for _, found := range c.repo.deployments {
		if found.id == id {
			return found, nil
		}
	}
	return nil, notFound()
}

// getDeployment answers repos/get-deployment.
func getDeployment(c *call) (reply, error) {
	found, err := c.deployment()
	if err != nil {
		return reply{}, err
	}
	return ok(c.gh.deploymentShape(c.repo, found))
}

// listDeployments answers repos/list-deployments, newest first.
func listDeployments(c *call) (reply, error) {
	query := c.query()
	fits := func(key, value string) bool {
		wanted := query.Get(key)
		return wanted == "" || wanted == "none" || wanted == value
	}
	var found []*deployment
	for _, one := range slices.Backward(c.repo.deployments) {
		if fits("sha", one.sha) && fits("ref", one.ref) && fits("task", one.task) && fits("environment", one.environment) {
			found = append(found, one)
		}
	}
	return listed(c, found, func(one *deployment) object { return c.gh.deploymentShape(c.repo, one) })
}

// deleteDeployment answers repos/delete-deployment: of several only inactive
// ones can be deleted.
func deleteDeployment(c *call) (reply, error) {
	found, err := c.deployment()
	if err != nil {
		return reply{}, err
	}
	if len(c.repo.deployments) > 1 && found.state() != "inactive" {
		return reply{}, &Problem{
			Status:  http.StatusUnprocessableEntity,
			Message: "We cannot delete an active deployment unless it is the only deployment in a given environment.",
		}
	}
	c.repo.deployments = slices.DeleteFunc(c.repo.deployments, func(one *deployment) bool { return one == found })
	return noContent()
}
