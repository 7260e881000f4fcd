package githubsim

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// The functions in the shape files write things as GitHub shows them in answers
// and webhooks. What GitHub requires is in the contract, and a test fails where
// a shape misses some of it.

// object is a JSON object.
type object = map[string]any

func nodeID(kind string, id int64) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s:%d", kind, id))
}

// stamp writes a time as GitHub does; the zero time is null.
func stamp(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.UTC().Format(time.RFC3339)
}

// orNull writes an empty text as null.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// merge adds the entries of more to shape and returns it.
func merge(shape object, more object) object {
	for key, value := range more {
		shape[key] = value
	}
	return shape
}

func (gh *GitHub) api(format string, args ...any) string {
	return gh.url + apiPrefix + fmt.Sprintf(format, args...)
}

func (gh *GitHub) web(format string, args ...any) string {
	return gh.url + fmt.Sprintf(format, args...)
}

// user shows an account.
func (gh *GitHub) user(who *account) object {
	url := gh.api("/users/%s", who.login)
	return object{
		"login": who.login, "id": who.id, "node_id": nodeID(who.kind, who.id), "type": who.kind,
		"avatar_url": gh.web("/avatars/u/%d", who.id), "gravatar_id": "", "url": url,
		"html_url": gh.web("/%s", who.login), "site_admin": false,
		"followers_url": url + "/followers", "following_url": url + "/following{/other_user}",
		"gists_url": url + "/gists{/gist_id}", "starred_url": url + "/starred{/owner}{/repo}",
		"subscriptions_url": url + "/subscriptions", "organizations_url": url + "/orgs",
		"repos_url": url + "/repos", "events_url": url + "/events{/privacy}",
		"received_events_url": url + "/received_events",
	}
}

// userOrNull shows an account, or null for none.
func (gh *GitHub) userOrNull(who *account) any {
	if who == nil {
		return nil
	}
	return gh.user(who)
}

// organization shows an organization as webhooks carry it.
func (gh *GitHub) organization(who *account) object {
	url := gh.api("/orgs/%s", who.login)
	return object{
		"login": who.login, "id": who.id, "node_id": nodeID(who.kind, who.id), "url": url,
		"repos_url": url + "/repos", "events_url": url + "/events", "hooks_url": url + "/hooks",
		"issues_url": url + "/issues", "members_url": url + "/members{/member}",
		"public_members_url": url + "/public_members{/member}",
		"avatar_url":         gh.web("/avatars/u/%d", who.id), "description": "",
	}
}

// repositoryLinks are the addresses under a repository's own: key and what
// follows.
const repositoryLinks = `archive_url /{archive_format}{/ref}
assignees_url /assignees{/user}
blobs_url /git/blobs{/sha}
branches_url /branches{/branch}
collaborators_url /collaborators{/collaborator}
comments_url /comments{/number}
commits_url /commits{/sha}
compare_url /compare/{base}...{head}
contents_url /contents/{+path}
contributors_url /contributors
deployments_url /deployments
downloads_url /downloads
events_url /events
forks_url /forks
git_commits_url /git/commits{/sha}
git_refs_url /git/refs{/sha}
git_tags_url /git/tags{/sha}
hooks_url /hooks
issue_comment_url /issues/comments{/number}
issue_events_url /issues/events{/number}
issues_url /issues{/number}
keys_url /keys{/key_id}
labels_url /labels{/name}
languages_url /languages
merges_url /merges
milestones_url /milestones{/number}
notifications_url /notifications{?since,all,participating}
pulls_url /pulls{/number}
releases_url /releases{/id}
stargazers_url /stargazers
statuses_url /statuses/{sha}
subscribers_url /subscribers
subscription_url /subscription
tags_url /tags
teams_url /teams
trees_url /git/trees{/sha}`

// repository shows a repository as lists and webhooks carry it.
func (gh *GitHub) repository(repo *repository) object {
	url, html := gh.api("/repos/%s", repo.fullName()), gh.web("/%s", repo.fullName())
	visibility := "public"
	if repo.private {
		visibility = "private"
	}
	open := 0
	for _, held := range repo.issues {
		if held.state == "open" {
			open++
		}
	}
	shape := object{
		"id": repo.id, "node_id": nodeID("Repository", repo.id), "name": repo.name, "full_name": repo.fullName(),
		"owner": gh.user(repo.owner), "private": repo.private, "visibility": visibility, "html_url": html,
		"url": url, "description": nil, "homepage": nil, "language": nil, "license": nil, "mirror_url": nil,
		"fork": repo.parent != nil, "archived": false, "disabled": false, "is_template": false, "topics": []any{},
		"default_branch": repo.defaultBranch, "clone_url": html + ".git", "git_url": html + ".git",
		"ssh_url": html + ".git", "svn_url": html, "size": 1, "forks": 0, "forks_count": 0, "watchers": 0,
		"watchers_count": 0, "stargazers_count": 0, "open_issues": open, "open_issues_count": open,
		"has_issues": true, "has_projects": false, "has_wiki": false, "has_pages": false, "has_downloads": false,
		"has_discussions": false, "allow_forking": true, "web_commit_signoff_required": false,
		"created_at": stamp(repo.created), "updated_at": stamp(repo.changed()), "pushed_at": stamp(repo.pushed),
	}
	for line := range strings.Lines(repositoryLinks) {
		key, suffix, _ := strings.Cut(strings.TrimSpace(line), " ")
		shape[key] = url + suffix
	}
	return shape
}

// changed is when a repository last changed in any way.
func (r *repository) changed() time.Time {
	if r.updated.After(r.pushed) {
		return r.updated
	}
	return r.pushed
}

// fullRepository shows a repository as asking for it by name does.
func (gh *GitHub) fullRepository(repo *repository) object {
	shape := merge(gh.repository(repo), object{
		"network_count": 0, "subscribers_count": 0, "allow_merge_commit": true, "allow_squash_merge": true,
		"allow_rebase_merge": true, "allow_auto_merge": false, "delete_branch_on_merge": false,
	})
	if repo.owner.kind == "Organization" {
		shape["organization"] = gh.user(repo.owner)
	}
	if repo.parent != nil {
		shape["parent"], shape["source"] = gh.repository(repo.parent), gh.repository(repo.parent)
	}
	return shape
}

// repositoryStubs shows repositories as installation webhooks carry them.
func repositoryStubs(repos []*repository) []any {
	return shown(repos, func(repo *repository) object {
		return object{
			"id": repo.id, "node_id": nodeID("Repository", repo.id), "name": repo.name,
			"full_name": repo.fullName(), "private": repo.private,
		}
	})
}

// integration shows the App.
func (gh *GitHub) integration() object { return gh.appShape(gh.app) }

// appShape shows an App.
func (gh *GitHub) appShape(app *app) object {
	return object{
		"id": app.id, "client_id": app.clientID(), "slug": app.slug, "node_id": nodeID("Integration", app.id),
		"owner": gh.user(app.owner), "name": app.name, "description": app.description,
		"external_url": app.externalURL, "html_url": gh.web("/apps/%s", app.slug), "created_at": stamp(app.created),
		"updated_at": stamp(app.created), "permissions": app.permissions, "events": app.events,
	}
}

// installationShape shows an installation.
func (gh *GitHub) installationShape(found *installation) object {
	var suspendedBy, suspendedAt any
	if !found.suspended.IsZero() {
		suspendedBy, suspendedAt = gh.user(gh.installer(found, sortedRepositories(found))), stamp(found.suspended)
	}
	return object{
		"id": found.id, "account": gh.user(found.account), "app_id": gh.app.id, "app_slug": gh.app.slug,
		"client_id": gh.clientID(), "target_id": found.account.id, "target_type": found.account.kind,
		"permissions": found.permissions, "events": found.events, "repository_selection": "selected",
		"access_tokens_url": gh.api("/app/installations/%d/access_tokens", found.id),
		"repositories_url":  gh.api("/installation/repositories"),
		"html_url":          gh.web("/settings/installations/%d", found.id),
		"created_at":        stamp(found.created), "updated_at": stamp(found.updated), "single_file_name": nil,
		"suspended_by": suspendedBy, "suspended_at": suspendedAt,
	}
}

// association is how a person is related to a repository, which is not what the
// person may do there.
func association(repo *repository, who *account) string {
	switch {
	case who == repo.owner:
		return "OWNER"
	case repo.collaborators[strings.ToLower(who.login)] != "":
		if repo.owner.kind == "Organization" {
			return "MEMBER"
		}
		return "COLLABORATOR"
	case who.kind == "Bot":
		return "NONE"
	}
	return "CONTRIBUTOR"
}

// reactionCounts shows how often each reaction was given.
func reactionCounts(url string, given []*reaction) object {
	shape := object{"url": url, "total_count": len(given)}
	for _, content := range reactionContents {
		shape[content] = 0
	}
	for _, one := range given {
		shape[one.content] = shape[one.content].(int) + 1
	}
	return shape
}
