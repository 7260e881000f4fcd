package githubsim

import (
	"net/http"
	"path"
	"slices"
	"strings"
)

// branchPolicy is a pattern of branches, or of tags, from which jobs may run.
type branchPolicy struct {
	id   int64
	name string
	kind string // branch or tag
}

// custom finds the environment of a call about branch policies. To those that
// have none, they are not there.
func (c *call) custom() (*environment, error) {
	held, err := c.configurable()
	if err != nil {
		return nil, err
	}
	if held.branches != branchesCustom {
		return nil, notFound()
	}
	return held, nil
}

// policy finds the branch policy of a call.
func (c *call) policy() (*environment, *branchPolicy, error) {
	held, err := c.custom()
	if err != nil {
		return nil, nil, err
	}
	id, err := c.number("branch_policy_id")
	if err != nil {
		return nil, nil, err
	}
	for _, found := range held.policies {
		if found.id == id {
			return held, found, nil
		}
	}
	return nil, nil, notFound()
}

// listBranchPolicies answers repos/list-deployment-branch-policies.
func listBranchPolicies(c *call) (reply, error) {
	held, err := c.custom()
	if err != nil {
		return reply{}, err
	}
	return counted(c, held.policies, "branch_policies", policyShape)
}

// getBranchPolicy answers repos/get-deployment-branch-policy.
func getBranchPolicy(c *call) (reply, error) {
	_, found, err := c.policy()
	if err != nil {
		return reply{}, err
	}
	return ok(policyShape(found))
}

// createBranchPolicy answers repos/create-deployment-branch-policy. One that is
// there already is answered with where to look.
func createBranchPolicy(c *call) (reply, error) {
	held, err := c.custom()
	if err != nil {
		return reply{}, err
	}
	request := struct{ Name, Type string }{Type: "branch"}
	if err := c.decode(&request); err != nil {
		return reply{}, err
	}
	if strings.TrimSpace(request.Name) == "" || request.Type != "branch" && request.Type != "tag" {
		return reply{}, &Problem{Status: http.StatusUnprocessableEntity, Message: "Validation Failed"}
	}
	for _, found := range held.policies {
		if found.name == request.Name && found.kind == request.Type {
			return reply{status: http.StatusSeeOther, header: http.Header{"Location": {
				c.gh.url + c.request.URL.EscapedPath() + "/" + decimal(found.id)}}}, nil
		}
	}
	made := &branchPolicy{id: c.gh.id(), name: request.Name, kind: request.Type}
	held.policies = append(held.policies, made)
	c.gh.changedEnvironment(c.repo, held, c.actor, "changed")
	return ok(policyShape(made))
}

// updateBranchPolicy answers repos/update-deployment-branch-policy.
func updateBranchPolicy(c *call) (reply, error) {
	held, found, err := c.policy()
	if err != nil {
		return reply{}, err
	}
	var request struct{ Name string }
	if err := c.decode(&request); err != nil {
		return reply{}, err
	}
	if strings.TrimSpace(request.Name) == "" {
		return reply{}, &Problem{Status: http.StatusUnprocessableEntity, Message: "Validation Failed"}
	}
	found.name = request.Name
	c.gh.changedEnvironment(c.repo, held, c.actor, "changed")
	return ok(policyShape(found))
}

// deleteBranchPolicy answers repos/delete-deployment-branch-policy.
func deleteBranchPolicy(c *call) (reply, error) {
	held, found, err := c.policy()
	if err != nil {
		return reply{}, err
	}
	held.policies = slices.DeleteFunc(held.policies, func(one *branchPolicy) bool { return one == found })
	c.gh.changedEnvironment(c.repo, held, c.actor, "changed")
	return noContent()
}

func policyShape(one *branchPolicy) object {
	return object{"id": one.id, "node_id": nodeID("GateBranchPolicy", one.id), "name": one.name, "type": one.kind}
}

// admits tells whether a job of a ref, such as refs/heads/main, may run in the
// environment. Where only protected branches may and none is, all may.
func (e *environment) admits(repo *repository, ref string) bool {
	branch, isBranch := strings.CutPrefix(ref, "refs/heads/")
	tag, isTag := strings.CutPrefix(ref, "refs/tags/")
	switch {
	case e.branches == branchesAll || !repo.hasEnvironments():
		return true
	case e.branches == branchesProtected:
		any := false
		for _, protected := range repo.protected {
			any = any || protected
		}
		return !any || isBranch && repo.protected[branch]
	}
	return slices.ContainsFunc(e.policies, func(one *branchPolicy) bool {
		return one.kind == "branch" && isBranch && fnmatch(one.name, branch) || one.kind == "tag" && isTag && fnmatch(one.name, tag)
	})
}

// fnmatch is Ruby's File.fnmatch as GitHub uses it: * and ? do not match a
// slash, and **/ matches any number of directories.
func fnmatch(pattern, name string) bool {
	if rest, deep := strings.CutPrefix(pattern, "**/"); deep {
		for {
			if fnmatch(rest, name) {
				return true
			}
			_, after, more := strings.Cut(name, "/")
			if !more {
				return false
			}
			name = after
		}
	}
	first, rest, more := strings.Cut(pattern, "/")
	here, below, deeper := strings.Cut(name, "/")
	if matched, err := path.Match(first, here); err != nil || !matched || more != deeper {
		return false
	}
	return !more || fnmatch(rest, below)
}
