package githubsim

import (
	"slices"
	"strings"
)

// statusRequest is what repos/create-deployment-status takes.
type statusRequest struct {
	State          string  `json:"state"`
	Description    string  `json:"description"`
	Environment    *string `json:"environment"`
	EnvironmentURL string  `json:"environment_url"`
	LogURL         string  `json:"log_url"`
	TargetURL      string  `json:"target_url"`
	AutoInactive   *bool   `json:"auto_inactive"`
}

// createDeploymentStatus answers repos/create-deployment-status.
func createDeploymentStatus(c *call) (reply, error) {
	made, err := c.deployment()
	if err != nil {
		return reply{}, err
	}
	var request statusRequest
	if err := c.decode(&request); err != nil {
		return reply{}, err
	}
	switch {
	case !slices.Contains(deploymentStates, request.State):
		return reply{}, invalid("DeploymentStatus", "state", "invalid", "")
	case len(request.Description) > descriptionLimit:
		return reply{}, invalid("DeploymentStatus", "description", "custom", "description is too long (maximum is 140 characters)")
	}
	if request.LogURL == "" {
		request.LogURL = request.TargetURL
	}
	if request.Environment != nil {
		made.environment = *request.Environment
		c.gh.environment(c.repo, made.environment)
	}
	status := c.gh.addStatus(c.repo, made, c.actor, request)
	if request.State == "success" && (request.AutoInactive == nil || *request.AutoInactive) {
		c.gh.inactivateOthers(c.repo, made, c.actor)
	}
	return created(c.gh.deploymentStatusShape(c.repo, made, status))
}

func (gh *GitHub) addStatus(repo *repository, made *deployment, by *account, request statusRequest) *deploymentStatus {
	status := &deploymentStatus{
		id: gh.id(), state: request.State, description: request.Description, environment: made.environment,
		environmentURL: request.EnvironmentURL, logURL: request.LogURL, creator: by, created: gh.now(),
	}
	made.statuses = append(made.statuses, status)
	made.updated = status.created
	gh.record(Event{
		Actor: by.login, Kind: "deployment_status", Repository: repo.fullName(), Pull: gh.pullAt(repo, made.sha),
		Environment: made.environment, SHA: made.sha, State: status.state, Body: status.description,
	})
	gh.emitDeploymentStatus(repo, made, status, by)
	return status
}

// inactivateOthers marks the environment's earlier deployments as inactive.
// GitHub leaves those of production and transient environments alone.
func (gh *GitHub) inactivateOthers(repo *repository, made *deployment, by *account) {
	for _, other := range repo.deployments {
		if other == made || other.transient || other.production || other.state() != "success" {
			continue
		}
		if strings.EqualFold(other.environment, made.environment) {
			gh.addStatus(repo, other, by, statusRequest{State: "inactive"})
		}
	}
}

// listDeploymentStatuses answers repos/list-deployment-statuses, newest first.
func listDeploymentStatuses(c *call) (reply, error) {
	made, err := c.deployment()
	if err != nil {
		return reply{}, err
	}
	newest := slices.Clone(made.statuses)
	slices.Reverse(newest)
	return listed(c, newest, func(status *deploymentStatus) object {
		return c.gh.deploymentStatusShape(c.repo, made, status)
	})
}

// getDeploymentStatus answers repos/get-deployment-status.
func getDeploymentStatus(c *call) (reply, error) {
	made, err := c.deployment()
	if err != nil {
		return reply{}, err
	}
	id, err := c.number("status_id")
	if err != nil {
		return reply{}, err
	}
	for _, status := range made.statuses {
		if status.id == id {
			return ok(c.gh.deploymentStatusShape(c.repo, made, status))
		}
	}
	return reply{}, notFound()
}
