package githubsim

import (
	"slices"
	"strings"

	"github.com/trunkline/trunkline/bot/githubsim/contract"
)

// The emit functions queue webhooks. What a webhook says is what was true when
// it happened, however much later it is delivered.

// emit queues a webhook about a repository for the installation that covers it,
// if the App has subscribed to the event and may know of it. name is the event
// with its action, such as pull_request.opened, or without where it has none.
func (gh *GitHub) emit(repo *repository, name string, sender *account, payload object) {
	event, action, _ := strings.Cut(name, ".")
	found := gh.installed(repo)
	if found == nil || !found.suspended.IsZero() || !gh.subscribed(found, event, action) {
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
	gh.queue(name, payload, found, repo)
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
	if !contract.Allows(found.permissions[need.Permission], need.Access) {
		return false
	}
	gh.ledger.use(need.Permission, need.Access)
	return true
}

// emitInstallation queues a webhook about an installation and the repositories
// that are concerned. Every App gets those.
func (gh *GitHub) emitInstallation(found *installation, name string, repos []*repository, payload object) {
	_, payload["action"], _ = strings.Cut(name, ".")
	payload["installation"] = gh.installationShape(found)
	payload["sender"] = gh.user(gh.installer(found, repos))
	gh.queue(name, payload, found, nil)
}

func (gh *GitHub) emitPull(held *pull, action string, sender *account, more object) {
	shape := gh.fullPull(held, nil)
	if held.merged.IsZero() {
		shape["merge_commit_sha"] = nil // GitHub tries the merge after it has told of the head
	}
	payload := object{"number": held.issue.number, "pull_request": shape}
	gh.emit(held.repo, "pull_request."+action, sender, merge(payload, more))
}

func (gh *GitHub) emitReview(held *pull, given *review) {
	shape := gh.reviewShape(held, given)
	shape["state"] = strings.ToLower(given.state)
	shape["body"] = orNull(given.body)
	gh.emit(held.repo, "pull_request_review.submitted", given.user, object{
		"review": shape, "pull_request": gh.pullShape(held),
	})
}

// happening is what was done to a comment or a check run, by whom, and what the
// webhook says of it besides.
type happening struct {
	action string
	by     *account
	more   object
}

func (gh *GitHub) emitComment(repo *repository, held *comment, h happening) {
	payload := object{"issue": gh.issueShape(repo, held.issue), "comment": gh.commentShape(repo, held)}
	gh.emit(repo, "issue_comment."+h.action, h.by, merge(payload, h.more))
}

func (gh *GitHub) emitCheck(repo *repository, run *checkRun, h happening) {
	shape := gh.runShape(repo, run)
	shape["check_suite"] = gh.suiteShape(repo, run.suite)
	if run.status == "waiting" {
		shape["status"] = "pending" // in webhooks, which do not know it
	}
	gh.emit(repo, "check_run."+h.action, h.by, merge(object{"check_run": shape}, h.more))
}

func (gh *GitHub) emitDeployment(repo *repository, made *deployment, sender *account) {
	gh.emit(repo, "deployment.created", sender, merge(gh.ofJob(made), object{"deployment": gh.deploymentShape(repo, made)}))
}

func (gh *GitHub) emitDeploymentStatus(repo *repository, made *deployment, status *deploymentStatus, sender *account) {
	shape := merge(gh.deploymentStatusShape(repo, made, status), object{"state": status.state})
	gh.emit(repo, "deployment_status.created", sender, merge(gh.ofJob(made), object{
		"deployment_status": shape, "deployment": gh.deploymentShape(repo, made), "check_run": gh.checkOfJob(made),
	}))
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
	gh.emit(repo, "status", status.creator, merge(gh.simpleStatus(repo, status), object{
		"sha": status.sha, "name": repo.fullName(), "commit": gh.commitShape(repo, info), "branches": branches,
	}))
	return nil
}

// emitPush queues the webhook of a push, with the commits that are new.
func (gh *GitHub) emitPush(m move) error {
	git := m.repo.git
	var fresh []string
	var err error
	switch {
	case m.after == "":
	case m.before == "":
		fresh, err = git.list("--reverse", "--topo-order", "--max-count=2048", m.after, "^refs/heads/"+m.repo.defaultBranch)
	default:
		fresh, err = git.list("--reverse", "--topo-order", "--max-count=2048", m.before+".."+m.after)
	}
	if err != nil {
		return err
	}
	commits := []any{}
	for _, sha := range fresh {
		info, err := git.info(sha)
		if err != nil {
			return err
		}
		commits = append(commits, gh.pushedCommit(m.repo, info))
	}
	payload, err := gh.pushPayload(m)
	if err != nil {
		return err
	}
	gh.emit(m.repo, "push", m.by, merge(payload, object{"commits": commits}))
	return nil
}

func (gh *GitHub) pushPayload(m move) (object, error) {
	or := func(sha string) string {
		if sha == "" {
			return zeroSHA
		}
		return sha
	}
	var head any
	if m.after != "" {
		info, err := m.repo.git.info(m.after)
		if err != nil {
			return nil, err
		}
		head = gh.pushedCommit(m.repo, info)
	}
	owner := merge(gh.user(m.repo.owner), object{"name": m.repo.owner.login, "email": m.repo.owner.email()})
	shape := merge(gh.repository(m.repo), object{
		"owner": owner, "created_at": m.repo.created.Unix(), "pushed_at": m.repo.pushed.Unix(),
		"stargazers": 0, "master_branch": m.repo.defaultBranch,
	})
	if m.repo.owner.kind == "Organization" {
		shape["organization"] = m.repo.owner.login
	}
	forced := m.before != "" && m.after != "" && !m.repo.git.ancestor(m.before, m.after)
	return object{
		"ref": "refs/heads/" + m.branch, "before": or(m.before), "after": or(m.after), "created": m.before == "",
		"deleted": m.after == "", "forced": forced, "base_ref": nil, "head_commit": head, "repository": shape,
		"compare": gh.web("/%s/compare/%.12s...%.12s", m.repo.fullName(), or(m.before), or(m.after)),
		"pusher":  object{"name": m.by.login, "email": m.by.email()},
	}, nil
}
