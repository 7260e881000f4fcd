package githubsim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// getRepository answers repos/get.
func getRepository(c *call) (reply, error) { return ok(c.gh.fullRepository(c.repo)) }

// getPermission answers repos/get-collaborator-permission-level. It folds
// maintain into write and triage into read; role_name is the real role.
func getPermission(c *call) (reply, error) {
	who := c.gh.accounts[strings.ToLower(c.values["username"])]
	if who == nil || who.kind != "User" {
		return reply{}, notFound()
	}
	role := c.repo.role(who)
	folded := map[string]string{"maintain": "write", "triage": "read"}
	permission := role
	if folded[role] != "" {
		permission = folded[role]
	}
	user := merge(c.gh.user(who), object{"role_name": role, "permissions": object{
		"pull": c.repo.may(who, "read"), "triage": c.repo.may(who, "triage"), "push": c.repo.may(who, "write"),
		"maintain": c.repo.may(who, "maintain"), "admin": c.repo.may(who, "admin"),
	}})
	return ok(object{"permission": permission, "role_name": role, "user": user})
}

// getRef answers git/get-ref, for branches, tags and pull requests.
func getRef(c *call) (reply, error) {
	ref := "refs/" + c.values["ref"]
	sha, err := c.repo.git.run("rev-parse", "--verify", "--quiet", ref)
	if err != nil {
		return reply{}, notFound()
	}
	return ok(c.refShape(ref, sha))
}

func (c *call) refShape(ref, sha string) object {
	return object{
		"ref": ref, "node_id": nodeID("Ref"+ref, c.repo.id),
		"url":    c.gh.api("/repos/%s/git/%s", c.repo.fullName(), ref),
		"object": object{"type": "commit", "sha": sha, "url": c.gh.api("/repos/%s/git/commits/%s", c.repo.fullName(), sha)},
	}
}

// listRefs answers git/list-matching-refs: those that begin with what is asked.
func listRefs(c *call) (reply, error) {
	out, err := c.repo.git.run("for-each-ref", "--format=%(objectname) %(refname)")
	if err != nil {
		return reply{}, err
	}
	found := []any{}
	for line := range strings.Lines(out) {
		sha, ref, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(ref, "refs/"+c.values["ref"]) {
			found = append(found, c.refShape(ref, sha))
		}
	}
	return ok(found)
}

// getBranch answers repos/get-branch.
func getBranch(c *call) (reply, error) {
	name := c.values["branch"]
	sha := c.repo.git.branch(name)
	if sha == "" {
		return reply{}, &Problem{Status: http.StatusNotFound, Message: "Branch not found"}
	}
	info, err := c.repo.git.info(sha)
	if err != nil {
		return reply{}, err
	}
	url := c.gh.api("/repos/%s/branches/%s", c.repo.fullName(), name)
	return ok(object{
		"name": name, "commit": c.gh.commitShape(c.repo, info), "protected": false, "protection_url": url + "/protection",
		"_links": object{"self": url, "html": c.gh.web("/%s/tree/%s", c.repo.fullName(), name)},
		"protection": object{"enabled": false, "required_status_checks": object{
			"enforcement_level": "off", "contexts": []any{}, "checks": []any{},
		}},
	})
}

// listBranches answers repos/list-branches, in the order of their names.
func listBranches(c *call) (reply, error) {
	heads, err := c.repo.git.branches()
	if err != nil {
		return reply{}, err
	}
	return listed(c, slices.Sorted(maps.Keys(heads)), func(name string) object {
		return object{"name": name, "protected": false, "commit": object{
			"sha": heads[name], "url": c.gh.api("/repos/%s/commits/%s", c.repo.fullName(), heads[name]),
		}}
	})
}
