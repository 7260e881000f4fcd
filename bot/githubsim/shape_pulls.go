package githubsim

import "fmt"

// pullShape shows a pull request as lists and webhooks carry it.
func (gh *GitHub) pullShape(p *pull) object {
	url := gh.api("/repos/%s/pulls/%d", p.repo.fullName(), p.issue.number)
	issueURL := gh.api("/repos/%s/issues/%d", p.repo.fullName(), p.issue.number)
	html := gh.web("/%s/pull/%d", p.repo.fullName(), p.issue.number)
	statuses := gh.api("/repos/%s/statuses/%s", p.repo.fullName(), p.headSHA)
	link := func(url string) object { return object{"href": url} }
	return object{
		"id": p.id, "node_id": nodeID("PullRequest", p.id), "number": p.issue.number, "state": p.issue.state,
		"title": p.issue.title, "body": orNull(p.issue.body), "user": gh.user(p.issue.user), "draft": p.draft,
		"locked": false, "active_lock_reason": nil, "assignee": nil, "assignees": []any{}, "labels": []any{},
		"milestone": nil, "requested_reviewers": []any{}, "requested_teams": []any{}, "auto_merge": nil,
		"created_at": stamp(p.issue.created), "updated_at": stamp(p.issue.updated),
		"closed_at": stamp(p.issue.closed), "merged_at": stamp(p.merged), "merge_commit_sha": orNull(p.mergeCommit()),
		"author_association": association(p.repo, p.issue.user),
		"head":               gh.pullEnd(p.headRepo, p.head, p.headSHA), "base": gh.pullEnd(p.repo, p.base, p.baseSHA),
		"url": url, "html_url": html, "issue_url": issueURL, "diff_url": html + ".diff", "patch_url": html + ".patch",
		"comments_url": issueURL + "/comments", "commits_url": url + "/commits", "statuses_url": statuses,
		"review_comments_url": url + "/comments",
		"review_comment_url":  gh.api("/repos/%s/pulls/comments{/number}", p.repo.fullName()),
		"_links": object{
			"self": link(url), "html": link(html), "issue": link(issueURL), "comments": link(issueURL + "/comments"),
			"review_comments": link(url + "/comments"), "commits": link(url + "/commits"), "statuses": link(statuses),
			"review_comment": link(gh.api("/repos/%s/pulls/comments{/number}", p.repo.fullName())),
		},
	}
}

// mergeCommit is the commit on the base branch once merged, before that the one
// that merging would make.
func (p *pull) mergeCommit() string {
	if p.mergeSHA != "" {
		return p.mergeSHA
	}
	return p.testMerge
}

// pullEnd shows the head or the base of a pull request.
func (gh *GitHub) pullEnd(repo *repository, branch, sha string) object {
	return object{
		"label": repo.owner.login + ":" + branch, "ref": branch, "sha": sha,
		"user": gh.user(repo.owner), "repo": gh.repository(repo),
	}
}

// fullPull shows a pull request as asking for it by number does. Whether it can
// be merged is null while GitHub has not found out, as it never has when it
// sends a webhook about a new head.
func (gh *GitHub) fullPull(p *pull, mergeable any) object {
	added, deleted, files := p.size()
	state := "unknown"
	switch {
	case p.draft:
		state = "draft"
	case mergeable == true:
		state = "clean"
	case mergeable == false:
		state = "dirty"
	}
	return merge(gh.pullShape(p), object{
		"merged": !p.merged.IsZero(), "mergeable": mergeable, "rebaseable": mergeable, "mergeable_state": state,
		"merged_by": gh.userOrNull(p.mergedBy), "comments": len(p.issue.comments), "review_comments": 0,
		"maintainer_can_modify": false, "commits": len(p.commitList), "additions": added, "deletions": deleted,
		"changed_files": files,
	})
}

// mergeable is what GitHub knows about the pull request once it has tried.
func (p *pull) mergeable() any {
	if p.issue.state != "open" {
		return nil
	}
	return p.testMerge != ""
}

// pullStub shows a pull request as check runs carry it.
func (gh *GitHub) pullStub(p *pull) object {
	end := func(repo *repository, branch, sha string) object {
		return object{"ref": branch, "sha": sha, "repo": object{
			"id": repo.id, "name": repo.name, "url": gh.api("/repos/%s", repo.fullName()),
		}}
	}
	return object{
		"id": p.id, "number": p.issue.number, "url": gh.api("/repos/%s/pulls/%d", p.repo.fullName(), p.issue.number),
		"head": end(p.headRepo, p.head, p.headSHA), "base": end(p.repo, p.base, p.baseSHA),
	}
}

// reviewShape shows a review as the API lists it. Webhooks write the state in
// small letters.
func (gh *GitHub) reviewShape(p *pull, given *review) object {
	html := gh.web("/%s/pull/%d#pullrequestreview-%d", p.repo.fullName(), p.issue.number, given.id)
	url := gh.api("/repos/%s/pulls/%d", p.repo.fullName(), p.issue.number)
	return object{
		"id": given.id, "node_id": nodeID("PullRequestReview", given.id), "user": gh.user(given.user),
		"body": given.body, "state": given.state, "commit_id": given.sha, "html_url": html, "pull_request_url": url,
		"submitted_at": stamp(given.submitted), "author_association": association(p.repo, given.user),
		"_links": object{"html": object{"href": html}, "pull_request": object{"href": url}},
	}
}

// issueShape shows an issue, or the conversation of a pull request.
func (gh *GitHub) issueShape(repo *repository, held *issue) object {
	url := gh.api("/repos/%s/issues/%d", repo.fullName(), held.number)
	kind := "issues"
	if held.pull != nil {
		kind = "pull"
	}
	html := gh.web("/%s/%s/%d", repo.fullName(), kind, held.number)
	shape := object{
		"id": held.id, "node_id": nodeID("Issue", held.id), "number": held.number, "title": held.title,
		"body": orNull(held.body), "user": gh.user(held.user), "state": held.state, "state_reason": nil,
		"locked": false, "active_lock_reason": nil, "assignee": nil, "assignees": []any{}, "labels": []any{},
		"milestone": nil, "comments": len(held.comments), "created_at": stamp(held.created),
		"updated_at": stamp(held.updated), "closed_at": stamp(held.closed), "url": url, "html_url": html,
		"repository_url": gh.api("/repos/%s", repo.fullName()), "comments_url": url + "/comments",
		"events_url": url + "/events", "labels_url": url + "/labels{/name}", "timeline_url": url + "/timeline",
		"author_association": association(repo, held.user), "performed_via_github_app": nil,
		"reactions": reactionCounts(url+"/reactions", held.reactions),
	}
	if held.pull != nil {
		shape["draft"] = held.pull.draft
		shape["pull_request"] = object{
			"url":      gh.api("/repos/%s/pulls/%d", repo.fullName(), held.number),
			"html_url": html, "diff_url": html + ".diff", "patch_url": html + ".patch", "merged_at": stamp(held.pull.merged),
		}
	}
	return shape
}

// commentShape shows a comment.
func (gh *GitHub) commentShape(repo *repository, given *comment) object {
	url := gh.api("/repos/%s/issues/comments/%d", repo.fullName(), given.id)
	kind := "issues"
	if given.issue.pull != nil {
		kind = "pull"
	}
	var via any
	if given.byApp {
		via = gh.integration()
	}
	return object{
		"id": given.id, "node_id": nodeID("IssueComment", given.id), "user": gh.user(given.user), "body": given.body,
		"url": url, "html_url": gh.web("/%s/%s/%d#issuecomment-%d", repo.fullName(), kind, given.issue.number, given.id),
		"issue_url":  gh.api("/repos/%s/issues/%d", repo.fullName(), given.issue.number),
		"created_at": stamp(given.created), "updated_at": stamp(given.updated),
		"author_association": association(repo, given.user), "performed_via_github_app": via,
		"reactions": reactionCounts(url+"/reactions", given.reactions),
	}
}

func (gh *GitHub) reactionShape(given *reaction) object {
	return object{
		"id": given.id, "node_id": nodeID("Reaction", given.id), "user": gh.user(given.user),
		"content": given.content, "created_at": stamp(given.created),
	}
}

// size counts added and deleted lines and changed files. A pull request whose
// repository cannot be read has none: it is shown rather than refused.
func (p *pull) size() (added, deleted, files int) {
	diff, err := p.repo.git.diff(p.baseSHA, p.headSHA)
	if err != nil {
		return 0, 0, 0
	}
	for _, file := range diff {
		added, deleted = added+file.added, deleted+file.deleted
	}
	return added, deleted, len(diff)
}

// refName is where a pull request's head is found in the base repository.
func (p *pull) refName(kind string) string {
	return fmt.Sprintf("refs/pull/%d/%s", p.issue.number, kind)
}
