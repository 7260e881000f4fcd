package githubsim

import (
	"net/http"
	"slices"
	"time"
)

// commitStatus is a status on a commit, the older sibling of a check run.
type commitStatus struct {
	id          int64
	sha         string
	state       string
	context     string
	description string
	targetURL   string
	creator     *account
	created     time.Time
}

var commitStates = []string{"error", "failure", "pending", "success"}

// createCommitStatus answers repos/create-commit-status.
func createCommitStatus(c *call) (reply, error) {
	var request struct {
		State       string  `json:"state"`
		TargetURL   string  `json:"target_url"`
		Description string  `json:"description"`
		Context     *string `json:"context"`
	}
	if err := c.decode(&request); err != nil {
		return reply{}, err
	}
	name := "default"
	if request.Context != nil {
		name = *request.Context
	}
	made, err := c.gh.setStatus(c.repo, &commitStatus{
		sha: c.values["sha"], state: request.State, context: name, description: request.Description,
		targetURL: request.TargetURL, creator: c.actor,
	})
	if err != nil {
		return reply{}, err
	}
	return created(c.gh.statusShape(c.repo, made))
}

// setStatus adds a status to a commit.
func (gh *GitHub) setStatus(repo *repository, made *commitStatus) (*commitStatus, error) {
	switch {
	case !repo.git.has(made.sha):
		return nil, &Problem{Status: http.StatusUnprocessableEntity, Message: "No commit found for SHA: " + made.sha}
	case !slices.Contains(commitStates, made.state):
		return nil, invalid("Status", "state", "invalid", "")
	case len(made.description) > descriptionLimit:
		return nil, invalid("Status", "description", "custom", "description is too long (maximum is 140 characters)")
	}
	made.id, made.created = gh.id(), gh.now()
	repo.statuses = append(repo.statuses, made)
	gh.record(Event{
		Actor: made.creator.login, Kind: "check", Repository: repo.fullName(), Pull: gh.pullAt(repo, made.sha),
		SHA: made.sha, State: made.state, Body: made.context,
	})
	if err := gh.emitStatus(repo, made); err != nil {
		return nil, err
	}
	return made, gh.advanceAt(repo, made.sha)
}

// latestStatuses lists the newest status of each context on a commit.
func (r *repository) latestStatuses(sha string) []*commitStatus {
	seen := map[string]bool{}
	var found []*commitStatus
	for _, status := range slices.Backward(r.statuses) {
		if status.sha == sha && !seen[status.context] {
			seen[status.context] = true
			found = append(found, status)
		}
	}
	return found
}

// listStatuses answers repos/list-commit-statuses-for-ref, newest first.
func listStatuses(c *call) (reply, error) {
	sha, found := c.repo.git.resolve(c.values["ref"])
	if !found {
		return reply{}, notFound()
	}
	var all []*commitStatus
	for _, status := range slices.Backward(c.repo.statuses) {
		if status.sha == sha {
			all = append(all, status)
		}
	}
	return listed(c, all, func(status *commitStatus) object { return c.gh.statusShape(c.repo, status) })
}

// combinedStatus answers repos/get-combined-status-for-ref: pending where there
// is none at all.
func combinedStatus(c *call) (reply, error) {
	sha, found := c.repo.git.resolve(c.values["ref"])
	if !found {
		return reply{}, notFound()
	}
	latest := c.repo.latestStatuses(sha)
	state := "success"
	for _, status := range latest {
		switch status.state {
		case "error", "failure":
			state = "failure"
		case "pending":
			if state == "success" {
				state = "pending"
			}
		}
	}
	if len(latest) == 0 {
		state = "pending"
	}
	url := c.gh.api("/repos/%s/commits/%s", c.repo.fullName(), sha)
	return page(c, latest, func(cut []*commitStatus) any {
		return object{
			"state": state, "sha": sha, "total_count": len(latest), "repository": c.gh.repository(c.repo),
			"commit_url": url, "url": url + "/status",
			"statuses": shown(cut, func(status *commitStatus) object { return c.gh.simpleStatus(c.repo, status) }),
		}
	})
}
