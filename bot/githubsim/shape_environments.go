package githubsim

import "net/url"

// environmentShape shows an environment. The rules of Apps are not among its
// own.
func (gh *GitHub) environmentShape(repo *repository, held *environment) object {
	rules := []any{}
	if held.wait > 0 {
		rules = append(rules, object{"id": held.ruleIDs[0], "node_id": nodeID("Gate", held.ruleIDs[0]), "type": "wait_timer", "wait_timer": held.wait})
	}
	if len(held.reviewers) > 0 {
		rules = append(rules, object{
			"id": held.ruleIDs[1], "node_id": nodeID("Gate", held.ruleIDs[1]), "type": "required_reviewers",
			"prevent_self_review": held.preventSelf, "reviewers": shown(held.reviewers, gh.reviewerShape),
		})
	}
	var branches any
	if held.branches != branchesAll {
		rules = append(rules, object{"id": held.ruleIDs[2], "node_id": nodeID("Gate", held.ruleIDs[2]), "type": "branch_policy"})
		branches = object{
			"protected_branches": held.branches == branchesProtected, "custom_branch_policies": held.branches == branchesCustom,
		}
	}
	return object{
		"id": held.id, "node_id": nodeID("Environment", held.id), "name": held.name,
		"url":        gh.api("/repos/%s/environments/%s", repo.fullName(), url.PathEscape(held.name)),
		"html_url":   gh.web("/%s/deployments/activity_log?environments_filter=%s", repo.fullName(), url.QueryEscape(held.name)),
		"created_at": stamp(held.created), "updated_at": stamp(held.updated), "can_admins_bypass": true,
		"protection_rules": rules, "deployment_branch_policy": branches,
	}
}

func (gh *GitHub) reviewerShape(one reviewer) object {
	if one.team != nil {
		return object{"type": "Team", "reviewer": gh.teamShape(one.team)}
	}
	return object{"type": "User", "reviewer": gh.user(one.person)}
}

// teamShape shows a team as lists do.
func (gh *GitHub) teamShape(held *team) object {
	url := gh.api("/organizations/%d/team/%d", held.organization.id, held.id)
	return object{
		"id": held.id, "node_id": nodeID("Team", held.id), "name": held.slug, "slug": held.slug, "description": "",
		"privacy": "closed", "notification_setting": "notifications_enabled", "permission": "pull", "type": "organization",
		"organization_id": held.organization.id, "url": url, "members_url": url + "/members{/member}",
		"repositories_url": url + "/repos", "parent": nil,
		"html_url": gh.web("/orgs/%s/teams/%s", held.organization.login, held.slug),
	}
}

// fullTeam shows a team as asking for it by name does.
func (gh *GitHub) fullTeam(held *team) object {
	shape := gh.teamShape(held)
	if held.parent != nil {
		above := gh.teamShape(held.parent)
		delete(above, "parent")
		shape["parent"] = above
	}
	return merge(shape, object{
		"created_at": stamp(gh.app.created), "updated_at": stamp(gh.app.created),
		"members_count": len(gh.everyone(held)), "repos_count": 1,
		"organization": merge(gh.organization(held.organization), object{
			"html_url": gh.web("/%s", held.organization.login), "type": "Organization",
			"has_organization_projects": false, "has_repository_projects": false, "public_repos": 0, "public_gists": 0,
			"followers": 0, "following": 0, "archived_at": nil,
			"created_at": stamp(gh.app.created), "updated_at": stamp(gh.app.created),
		}),
	})
}

func (gh *GitHub) ruleShape(one *appRule) object {
	return object{
		"id": one.id, "node_id": nodeID("Gate", one.id), "enabled": true, "app": gh.ruleAppShape(one.app),
	}
}

func (gh *GitHub) ruleAppShape(guard *app) object {
	return object{
		"id": guard.id, "slug": guard.slug, "node_id": nodeID("Integration", guard.id),
		"integration_url": gh.api("/apps/%s", guard.slug),
	}
}
