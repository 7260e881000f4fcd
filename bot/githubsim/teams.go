package githubsim

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// team is a team of an organization.
type team struct {
	id           int64
	organization *account
	slug         string
	parent       *team
	members      map[int64]*account
	// invited have not accepted yet, and are no members.
	invited map[int64]*account
}

// SetTeam makes a team of an organization, "acme/platform", or moves one that is
// there under another parent. Members of a child team are members of its
// parents. An empty parent is none.
func (gh *GitHub) SetTeam(name, parent string) error {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	organization, slug, found := strings.Cut(name, "/")
	owner := gh.accounts[strings.ToLower(organization)]
	if !found || slug == "" || owner == nil || owner.kind != "Organization" {
		return notFound()
	}
	key := strings.ToLower(name)
	if gh.teams[key] == nil {
		gh.teams[key] = &team{id: gh.id(), organization: owner, slug: strings.ToLower(slug), members: map[int64]*account{}, invited: map[int64]*account{}}
	}
	above := gh.teams[strings.ToLower(parent)]
	for at := above; at != nil; at = at.parent {
		if at == gh.teams[key] {
			return fmt.Errorf("team %s cannot be under its own child %s", name, parent)
		}
	}
	if parent != "" && above == nil {
		return notFound()
	}
	gh.teams[key].parent = above
	gh.touch()
	return nil
}

// Join makes a person a member of a team, and so of its organization.
func (gh *GitHub) Join(name, login string) error {
	return gh.inTeam(name, func(held *team) {
		who := gh.account(login, "User")
		held.members[who.id] = who
		delete(held.invited, who.id)
		if held.organization.members == nil {
			held.organization.members = map[int64]bool{}
		}
		held.organization.members[who.id] = true
	})
}

// Invite asks a person into a team who has not accepted yet.
func (gh *GitHub) Invite(name, login string) error {
	return gh.inTeam(name, func(held *team) {
		who := gh.account(login, "User")
		if held.members[who.id] == nil {
			held.invited[who.id] = who
		}
	})
}

// Leave takes a person out of a team, not out of the organization.
func (gh *GitHub) Leave(name, login string) error {
	return gh.inTeam(name, func(held *team) {
		who := gh.account(login, "User")
		delete(held.members, who.id)
		delete(held.invited, who.id)
	})
}

func (gh *GitHub) inTeam(name string, change func(*team)) error {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	held := gh.teams[strings.ToLower(name)]
	if held == nil {
		return notFound()
	}
	change(held)
	gh.touch()
	return nil
}

// everyone in a team, those of its child teams among them, by login.
func (gh *GitHub) everyone(of *team) []*account {
	found := map[string]*account{}
	for _, held := range gh.teams {
		for at := held; at != nil; at = at.parent {
			if at == of {
				for _, who := range held.members {
					found[who.login] = who
				}
			}
		}
	}
	var all []*account
	for _, login := range slices.Sorted(maps.Keys(found)) {
		all = append(all, found[login])
	}
	return all
}

// listTeamMembers answers teams/list-members-in-org: active members, those of
// child teams among them. To a stranger an organization has no teams.
func listTeamMembers(c *call) (reply, error) {
	held := c.gh.teams[strings.ToLower(c.values["org"]+"/"+c.values["team_slug"])]
	if held == nil || held.organization != c.caller.token.installation.account {
		return reply{}, notFound()
	}
	switch c.query().Get("role") {
	case "", "all", "member":
	case "maintainer":
		return listed(c, nil, c.gh.user)
	default:
		return reply{}, &Problem{Status: http.StatusUnprocessableEntity, Message: "Validation Failed"}
	}
	return listed(c, c.gh.everyone(held), func(who *account) object {
		return merge(c.gh.user(who), object{"role": "member", "inherited": held.members[who.id] == nil})
	})
}

// getUser answers users/get-by-username, for organizations and bots too.
func getUser(c *call) (reply, error) {
	who := c.gh.accounts[strings.ToLower(c.values["username"])]
	if who == nil {
		return reply{}, notFound()
	}
	return ok(merge(c.gh.user(who), object{
		"user_view_type": "public", "name": nil, "company": nil, "blog": "", "location": nil, "email": nil, "hireable": nil,
		"bio": nil, "twitter_username": nil, "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
		"created_at": stamp(c.gh.app.created), "updated_at": stamp(c.gh.app.created),
	}))
}

// getTeam answers teams/get-by-name. To a stranger an organization has no teams.
func getTeam(c *call) (reply, error) {
	held := c.gh.teams[strings.ToLower(c.values["org"]+"/"+c.values["team_slug"])]
	if held == nil || held.organization != c.caller.token.installation.account {
		return reply{}, notFound()
	}
	return ok(c.gh.fullTeam(held))
}
