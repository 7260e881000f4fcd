package githubsim

import (
	"slices"
	"strings"

	"github.com/trunkline/trunkline/bot/githubsim/contract"
)

// The emit functions queue webhooks. What a webhook says is what was true when
// it happened, however much later it is delivered.

// emit queues a webhook about a repository for the installation that covers it,
// if the App has subscribed to the event and may know of it. action is empty for
// events that have none.
func (gh *GitHub) emit(repo *repository, event, action string, sender *account, payload object) {
	found := gh.installed(repo)
	if found == nil || !gh.subscribed(found, event, action) {
		return
	}
	if action != "" {
		payload["action"] = action
	}
	payload["sender"] = gh.user(sender)
	payload["installation"] = object{"id": found.id, "node_id": nodeID("IntegrationInstallation", found.id)}
	if payload["repository"] == nil {
		payload["repository"] = gh.repository(repo)
	}
	if repo.owner.kind == "Organization" {
		payload["organization"] = gh.organization(repo.owner)
	}
	gh.queue(event, action, payload, found.id, repo.id)
}

// subscribed reports whether the installation gets the event: it is in the
// manifest, and the permission that the event needs is granted.
func (gh *GitHub) subscribed(found *installation, event, action string) bool {
	if !slices.Contains(found.events, event) {
		return false
	}
	need, _ := gh.contract.EventPermission(event)
	if more, ok := gh.contract.EventPermission(event + "." + action); ok {
		need = more
	}
	return contract.Allows(found.permissions[need.Permission], need.Access)
}

// emitInstallation queues a webhook about an installation. Every App gets those.
func (gh *GitHub) emitInstallation(found *installation, event, action string, payload object) {
	payload["action"] = action
	payload["installation"] = gh.installationShape(found)
	payload["sender"] = gh.user(found.account)
	gh.queue(event, action, payload, found.id, 0)
}

func (gh *GitHub) emitPull(held *pull, action string, sender *account, more object) {
	shape := gh.fullPull(held, nil)
	if held.merged.IsZero() {
		shape["merge_commit_sha"] = nil // GitHub tries the merge after it has told of the head
	}
	payload := object{"number": held.issue.number, "pull_request": shape}
	gh.emit(held.repo, "pull_request", action, sender, merge(payload, more))
}

func (gh *GitHub) emitReview(held *pull, given *review) {
	shape := gh.reviewShape(held, given)
	shape["state"] = strings.ToLower(given.state)
	shape["body"] = orNull(given.body)
	gh.emit(held.repo, "pull_request_review", "submitted", given.user, object{
		"review": shape, "pull_request": gh.pullShape(held),
	})
}

func (gh *GitHub) emitComment(repo *repository, held *comment, action string, sender *account, more object) {
	payload := object{"issue": gh.issueShape(repo, held.issue), "comment": gh.commentShape(repo, held)}
	gh.emit(repo, "issue_comment", action, sender, merge(payload, more))
}

func (gh *GitHub) emitCheck(repo *repository, run *checkRun, action string, sender *account, more object) {
	shape := gh.runShape(repo, run)
	shape["check_suite"] = gh.suiteShape(repo, run.suite)
	gh.emit(repo, "check_run", action, sender, merge(object{"check_run": shape}, more))
}

func (gh *GitHub) emitDeployment(repo *repository, made *deployment, sender *account) {
	gh.emit(repo, "deployment", "created", sender, object{
		"deployment": gh.deploymentShape(repo, made), "workflow": nil, "workflow_run": nil,
	})
}

func (gh *GitHub) emitDeploymentStatus(repo *repository, made *deployment, status *deploymentStatus, sender *account) {
	gh.emit(repo, "deployment_status", "created", sender, object{
		"deployment_status": gh.deploymentStatusShape(repo, made, status),
		"deployment":        gh.deploymentShape(repo, made), "check_run": nil, "workflow": nil, "workflow_run": nil,
	})
}

func (gh *GitHub) emitStatus(repo *repository, status *commitStatus) error {
	info, err := repo.git.info(status.sha)
	if err != nil {
		return err
	}
	branches := []any{}
	heads, err := repo.git.branches()
	if err != nil {
		return err
	}
	for name, sha := range heads {
		if sha == status.sha {
			branches = append(branches, object{"name": name, "protected": false, "commit": object{
				"sha": sha, "url": gh.api("/repos/%s/commits/%s", repo.fullName(), sha),
			}})
		}
	}
	gh.emit(repo, "status", "", status.creator, merge(gh.simpleStatus(repo, status), object{
		"sha": status.sha, "name": repo.fullName(), "commit": gh.commitShape(repo, info), "branches": branches,
	}))
	return nil
}

// emitPush queues the webhook of a push, with the commits that are new.
func (gh *GitHub) emitPush(repo *repository, branch, before, after string, by *account) error {
	var fresh []string
	var err error
	switch {
	case after == "":
	case before == "":
		fresh, err = repo.git.list("--reverse", "--topo-order", "--max-count=2048", after, "^refs/heads/"+repo.defaultBranch)
	default:
		fresh, err = repo.git.list("--reverse", "--topo-order", "--max-count=2048", before+".."+after)
	}
	if err != nil {
		return err
	}
	commits := []any{}
	for _, sha := range fresh {
		info, err := repo.git.info(sha)
		if err != nil {
			return err
		}
		commits = append(commits, gh.pushedCommit(repo, info))
	}
	gh.emit(repo, "push", "", by, gh.pushPayload(repo, branch, before, after, by, commits))
	return nil
}

func (gh *GitHub) pushPayload(repo *repository, branch, before, after string, by *account, commits []any) object {
	or := func(sha string) string {
		if sha == "" {
			return zeroSHA
		}
		return sha
	}
	var head any
	if after != "" {
		if info, err := repo.git.info(after); err == nil {
			head = gh.pushedCommit(repo, info)
		}
	}
	owner := merge(gh.user(repo.owner), object{"name": repo.owner.login, "email": repo.owner.email()})
	shape := merge(gh.repository(repo), object{
		"owner": owner, "created_at": repo.created.Unix(), "pushed_at": repo.pushed.Unix(),
		"stargazers": 0, "master_branch": repo.defaultBranch,
	})
	if repo.owner.kind == "Organization" {
		shape["organization"] = repo.owner.login
	}
	return object{
		"ref": "refs/heads/" + branch, "before": or(before), "after": or(after), "created": before == "",
		"deleted": after == "", "forced": before != "" && after != "" && !repo.git.ancestor(before, after),
		"base_ref": nil, "compare": gh.web("/%s/compare/%.12s...%.12s", repo.fullName(), or(before), or(after)),
		"commits": commits, "head_commit": head, "repository": shape,
		"pusher": object{"name": by.login, "email": by.email()},
	}
}
