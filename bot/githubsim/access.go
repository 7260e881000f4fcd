package githubsim

import (
	"net/http"
	"strconv"

	"github.com/trunkline/trunkline/bot/githubsim/contract"
)

// authorize decides whether the call may be made: the right kind of credentials,
// a repository that the token covers, and the permissions that GitHub's table
// asks for. It finds the repository on the way.
func (gh *GitHub) authorize(c *call) error {
	needs := gh.contract.Permissions(c.operation)
	if len(needs) == 0 {
		return &Problem{Status: http.StatusNotImplemented, Message: "githubsim: no permission is known for " + c.operation.ID}
	}
	if needs[0].Permission == "-" {
		return c.checkCredentials(needs[0].Access)
	}
	if c.caller.app {
		return unauthorized("A JSON web token could not be decoded")
	}
	if c.caller.token == nil {
		return unauthorized("Requires authentication")
	}
	if owner, named := c.values["owner"]; named {
		repo, err := gh.repo(owner + "/" + c.values["repo"])
		if err != nil {
			if moved := gh.formerly(owner + "/" + c.values["repo"]); moved != nil && c.caller.token.covers(moved) {
				return c.redirected(moved)
			}
			return err
		}
		if !c.caller.token.covers(repo) {
			// GitHub does not tell a stranger that a private repository exists.
			// A public one can be read, but not by way of an App's permissions.
			return notFound()
		}
		c.repo = repo
	}
	if !gh.granted(c, needs) {
		return notAccessible()
	}
	return nil
}

func (c *call) checkCredentials(access string) error {
	switch access {
	case "jwt":
		if !c.caller.app {
			return unauthorized("A JSON web token could not be decoded")
		}
	case "any":
		if c.caller.token == nil {
			return unauthorized("Requires authentication")
		}
	}
	return nil
}

// granted reports whether the token's permissions meet the needs.
func (gh *GitHub) granted(c *call, needs []contract.Need) bool {
	held := c.caller.token.permissions
	var met []contract.Need
	for _, need := range needs {
		ok := contract.Allows(held[need.Permission], need.Access)
		switch need.Combine {
		case contract.OrOnPull:
			if len(met) == 0 && ok && (need.Permission == "issues" || c.onPull()) {
				met = append(met, need)
			}
		case contract.AndOnWorkflows: // no operation here writes workflow files
			continue
		default:
			if !ok {
				return false
			}
			met = append(met, need)
		}
	}
	for _, need := range met {
		if c.caller.token.job != nil {
			break // what jobs use the App need not ask for
		}
		gh.ledger.use(need.Permission, need.Access)
	}
	return len(met) > 0
}

// onPull reports whether the call is about the conversation of a pull request
// rather than of an issue.
func (c *call) onPull() bool {
	if number, err := strconv.Atoi(c.values["issue_number"]); err == nil {
		found := c.repo.issues[number]
		return found != nil && found.pull != nil
	}
	if id, err := strconv.ParseInt(c.values["comment_id"], 10, 64); err == nil {
		found, err := c.repo.findComment(id)
		return err == nil && found.issue.pull != nil
	}
	return false
}
