package githubsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
)

// environment is what jobs and deployments name, with what protects it.
type environment struct {
	id      int64
	name    string
	created time.Time
	updated time.Time
	// wait in minutes before a job may run.
	wait int
	// reviewers of whom one must consent to a job; none: nobody need.
	reviewers   []reviewer
	preventSelf bool
	// branches from which jobs may run.
	branches  branchRule
	policies  []*branchPolicy // of branchesCustom
	rules     []*appRule
	variables []*variable
	ruleIDs   [3]int64 // of the wait timer, the reviewers and the branch policy
}

// reviewer is a person or a team.
type reviewer struct {
	person *account
	team   *team
}

const (
	// reviewersLimit is how many reviewers an environment can have.
	reviewersLimit = 6
	// waitLimit is how many minutes a job can be delayed.
	waitLimit = 43200
	// environmentNameLimit is how many characters the name of an environment has.
	environmentNameLimit = 255
)

// branchRule says from which branches jobs may run.
type branchRule string

const (
	branchesAll       branchRule = ""
	branchesProtected branchRule = "protected"
	branchesCustom    branchRule = "custom"
)

// environment finds or makes an environment, without any rules. Names are
// compared without case.
func (gh *GitHub) environment(repo *repository, name string) *environment {
	if found := repo.findEnvironment(name); found != nil {
		return found
	}
	made := &environment{id: gh.id(), name: name, created: gh.now(), updated: gh.now(), ruleIDs: [3]int64{gh.id(), gh.id(), gh.id()}}
	repo.environments = append(repo.environments, made)
	return made
}

func (r *repository) findEnvironment(name string) *environment {
	for _, found := range r.environments {
		if strings.EqualFold(found.name, name) {
			return found
		}
	}
	return nil
}

// environment finds the environment of a call.
func (c *call) environment() (*environment, error) {
	if found := c.repo.findEnvironment(c.values["environment_name"]); found != nil {
		return found, nil
	}
	return nil, notFound()
}

// configurable is environment for calls that change it.
func (c *call) configurable() (*environment, error) {
	if !c.repo.hasEnvironments() {
		return nil, notFound()
	}
	return c.environment()
}

// listEnvironments answers repos/get-all-environments.
func listEnvironments(c *call) (reply, error) {
	return counted(c, c.repo.environments, "environments", func(held *environment) object {
		return c.gh.environmentShape(c.repo, held)
	})
}

// getEnvironment answers repos/get-environment.
func getEnvironment(c *call) (reply, error) {
	held, err := c.environment()
	if err != nil {
		return reply{}, err
	}
	return ok(c.gh.environmentShape(c.repo, held))
}

// environmentRequest is what repos/create-or-update-environment takes. Which
// fields are there matters: some plans refuse them even with nothing in them.
type environmentRequest struct {
	Wait        json.RawMessage `json:"wait_timer"`
	PreventSelf json.RawMessage `json:"prevent_self_review"`
	Reviewers   json.RawMessage `json:"reviewers"`
	Branches    *struct {
		Protected *bool `json:"protected_branches"`
		Custom    *bool `json:"custom_branch_policies"`
	} `json:"deployment_branch_policy"`
}

// putEnvironment answers repos/create-or-update-environment: the environment has
// the rules of the request and no others.
func putEnvironment(c *call) (reply, error) {
	if !c.repo.hasEnvironments() {
		return reply{}, notFound()
	}
	name := c.values["environment_name"]
	if strings.TrimSpace(name) == "" || len([]rune(name)) > environmentNameLimit || strings.ContainsFunc(name, unicode.IsControl) {
		return reply{}, &Problem{Status: http.StatusUnprocessableEntity, Message: "Environment name is invalid"}
	}
	var request environmentRequest
	if !bytes.Equal(bytes.TrimSpace(c.body), []byte("null")) {
		if err := c.decode(&request); err != nil {
			return reply{}, err
		}
	}
	if refused := c.repo.unpaidOf(request); refused != nil {
		return reply{}, refused
	}
	var wanted environment
	if err := c.gh.readEnvironment(c.repo, request, &wanted); err != nil {
		return reply{}, err
	}
	held := c.gh.setEnvironment(c.repo, name, wanted, c.actor)
	return ok(c.gh.environmentShape(c.repo, held))
}

// unpaidOf is what the plan refuses of a request; nil: nothing.
func (r *repository) unpaidOf(request environmentRequest) error {
	switch {
	case r.hasProtection():
		return nil
	case request.Reviewers != nil || request.PreventSelf != nil:
		return unpaid("required reviewers")
	case request.Wait != nil:
		return unpaid("wait timer")
	}
	return nil
}

// readEnvironment reads the rules of a request and refuses those that cannot be.
func (gh *GitHub) readEnvironment(repo *repository, request environmentRequest, into *environment) error {
	wrong := func(field, message string) error { return invalid("Environment", field, "invalid", message) }
	if !optional(request.Wait, &into.wait) || into.wait < 0 || into.wait > waitLimit {
		return wrong("wait_timer", fmt.Sprintf("wait_timer must be an integer between 0 and %d", waitLimit))
	}
	var reviewers []struct {
		Type string `json:"type"`
		ID   int64  `json:"id"`
	}
	if !optional(request.PreventSelf, &into.preventSelf) || !optional(request.Reviewers, &reviewers) {
		return wrong("reviewers", "reviewers cannot be read")
	}
	for _, one := range reviewers {
		found, ok := gh.reviewer(repo, one.Type, one.ID)
		if !ok {
			return wrong("reviewers", fmt.Sprintf("%s %d is no one who can read the repository", one.Type, one.ID))
		}
		if !slices.Contains(into.reviewers, found) {
			into.reviewers = append(into.reviewers, found)
		}
	}
	switch {
	case len(into.reviewers) > reviewersLimit:
		return wrong("reviewers", fmt.Sprintf("there can be at most %d reviewers", reviewersLimit))
	case into.preventSelf && len(into.reviewers) == 0:
		return wrong("prevent_self_review", "there is nobody to review")
	case request.Branches == nil:
		return nil
	case request.Branches.Protected == nil || request.Branches.Custom == nil || *request.Branches.Protected == *request.Branches.Custom:
		return &Problem{Status: http.StatusUnprocessableEntity, Message: "Invalid request.\n\nprotected_branches and custom_branch_policies cannot have the same value"}
	case *request.Branches.Protected:
		into.branches = branchesProtected
	default:
		into.branches = branchesCustom
	}
	return nil
}

// optional reads a field that may be missing or null. It reports whether it could.
func optional(text json.RawMessage, into any) bool {
	return text == nil || json.Unmarshal(text, into) == nil
}

// reviewer finds a person or a team of the organization who may read the repository.
func (gh *GitHub) reviewer(repo *repository, kind string, id int64) (reviewer, bool) {
	if kind == "Team" {
		for _, held := range gh.teams {
			if held.id == id && held.organization == repo.owner {
				return reviewer{team: held}, true
			}
		}
		return reviewer{}, false
	}
	for _, who := range gh.accounts {
		if kind == "User" && who.id == id && who.kind == "User" && repo.may(who, "read") {
			return reviewer{person: who}, true
		}
	}
	return reviewer{}, false
}

// setEnvironment gives an environment its rules, and makes it first if need be.
// What the request does not hold stays: variables and the rules of Apps.
func (gh *GitHub) setEnvironment(repo *repository, name string, wanted environment, by *account) *environment {
	state := "changed"
	if repo.findEnvironment(name) == nil {
		state = "created"
	}
	held := gh.environment(repo, name)
	held.wait, held.reviewers, held.preventSelf, held.branches = wanted.wait, wanted.reviewers, wanted.preventSelf, wanted.branches
	if held.branches != branchesCustom {
		held.policies = nil
	}
	gh.changedEnvironment(repo, held, by, state)
	return held
}

// changedEnvironment notes that somebody changed an environment. No webhook tells of it.
func (gh *GitHub) changedEnvironment(repo *repository, held *environment, by *account, state string) {
	held.updated = gh.now()
	gh.record(Event{Actor: by.login, Kind: "environment", Repository: repo.fullName(), Environment: held.name, State: state})
}

// deleteEnvironment answers repos/delete-an-environment.
func deleteEnvironment(c *call) (reply, error) {
	held, err := c.configurable()
	if err != nil {
		return reply{}, err
	}
	c.gh.dropEnvironment(c.repo, held, c.actor)
	return noContent()
}

func (gh *GitHub) dropEnvironment(repo *repository, held *environment, by *account) {
	repo.environments = slices.DeleteFunc(repo.environments, func(one *environment) bool { return one == held })
	gh.changedEnvironment(repo, held, by, "deleted")
}
