package githubsim

import (
	"slices"
	"strings"
	"time"
)

// consent is what a person said about the jobs of a run that wait for it.
type consent struct {
	environments []*environment
	state        string // approved or rejected
	user         *account
	comment      string
}

// ReviewWaiting approves or rejects the jobs of a run that wait for a reviewer of
// the environment.
func (p *Person) ReviewWaiting(fullName string, run int64, place, state string) error {
	return p.reviewRun(fullName, run, func(held *workflowRun, who *account) error {
		waiting := waitingFor(held, place)
		if len(waiting) == 0 {
			return unprocessable("No pending deployment requests to approve or reject.")
		}
		for _, one := range waiting {
			if !p.gh.isReviewer(one.barrier, who) || one.barrier.preventSelf && held.triggering == who {
				return unprocessable("User cannot approve deployment to %s", place)
			}
		}
		p.gh.consented(held, consent{environments: []*environment{waiting[0].barrier.environment}, state: state, user: who}, waiting)
		return nil
	})
}

// StartWaiting starts all jobs of a run that wait, past everything that protects
// their environments, as administrators may.
func (p *Person) StartWaiting(fullName string, run int64, comment string) error {
	return p.administer(fullName, func(repo *repository, who *account) error {
		held, err := repo.workflowRun(run)
		if err != nil {
			return err
		}
		waiting := waitingFor(held, "")
		if len(waiting) == 0 {
			return unprocessable("No pending deployment requests to approve or reject.")
		}
		given := consent{state: "approved", user: who, comment: comment}
		for _, one := range waiting {
			one.barrier.passed = true
			given.environments = append(given.environments, one.barrier.environment)
		}
		p.gh.consented(held, given, waiting)
		return nil
	})
}

func (p *Person) reviewRun(fullName string, id int64, do func(*workflowRun, *account) error) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "read")
	if err != nil {
		return err
	}
	run, err := repo.workflowRun(id)
	if err != nil {
		return err
	}
	return do(run, who)
}

// waitingFor are the jobs of a run that wait for one environment, or for any.
func waitingFor(run *workflowRun, place string) []*job {
	return slices.DeleteFunc(run.latestJobs(), func(one *job) bool {
		return one.status != "waiting" || place != "" && !strings.EqualFold(one.environment, place)
	})
}

func (gh *GitHub) isReviewer(held *barrier, who *account) bool {
	return slices.ContainsFunc(held.reviewers, func(one reviewer) bool {
		return one.person == who || one.team != nil && slices.Contains(gh.everyone(one.team), who)
	})
}

// consented writes down what a person said and lets it take effect.
func (gh *GitHub) consented(run *workflowRun, given consent, waiting []*job) {
	run.consents = append(run.consents, given)
	for _, one := range waiting {
		gh.tellReview(one, given.state, review{user: given.user, body: given.comment})
		if given.state == "rejected" {
			gh.breakJob(one, given.user.login+" rejected the deployment to "+one.environment+".")
			continue
		}
		one.barrier.reviewed = true
	}
	gh.reviewJobs(run)
}

// tellReview sends the webhook about a review of a job that waits. Only
// organizations have it.
func (gh *GitHub) tellReview(held *job, action string, given review) {
	run := held.run
	if run.repo.owner.kind != "Organization" {
		return
	}
	brief := object{
		"id": held.id, "name": nil, "status": "waiting", "conclusion": nil, "environment": held.environment,
		"html_url":   gh.web("/%s/actions/runs/%d/job/%d", run.repo.fullName(), run.id, held.id),
		"created_at": stamp(held.created), "updated_at": stamp(gh.now()),
	}
	payload := object{
		"workflow_run": gh.briefRun(run), "workflow_job_run": brief, "since": gh.now().Format(time.RFC3339),
		"reviewers": shown(held.barrier.reviewers, gh.reviewerShape),
	}
	if action == "requested" {
		payload = merge(payload, object{"environment": held.environment, "requestor": gh.user(given.user)})
	} else {
		payload = merge(payload, object{"approver": gh.user(given.user), "comment": given.body, "workflow_job_runs": []any{brief}})
	}
	gh.emit(run.repo, "deployment_review."+action, given.user, payload)
}

// pendingDeployments answers actions/get-pending-deployments-for-run.
func pendingDeployments(c *call) (reply, error) {
	run, err := c.workflowRun()
	if err != nil {
		return reply{}, err
	}
	shapes := []any{}
	seen := map[*environment]bool{}
	for _, held := range waitingFor(run, "") {
		place := held.barrier.environment
		if seen[place] {
			continue
		}
		seen[place] = true
		var since any
		if held.barrier.wait > 0 {
			since = stamp(held.barrier.since)
		}
		shapes = append(shapes, object{
			"environment": c.gh.briefEnvironment(c.repo, place), "wait_timer": int(held.barrier.wait / time.Minute),
			"wait_timer_started_at": since, "current_user_can_approve": false,
			"reviewers": shown(held.barrier.reviewers, c.gh.reviewerShape),
		})
	}
	return ok(shapes)
}

// listConsents answers actions/get-reviews-for-run.
func listConsents(c *call) (reply, error) {
	run, err := c.workflowRun()
	if err != nil {
		return reply{}, err
	}
	return ok(shown(run.consents, func(one consent) object {
		return object{
			"state": one.state, "comment": one.comment, "user": c.gh.user(one.user),
			"environments": shown(one.environments, func(held *environment) object { return c.gh.briefEnvironment(c.repo, held) }),
		}
	}))
}

func (gh *GitHub) briefEnvironment(repo *repository, held *environment) object {
	shape := gh.environmentShape(repo, held)
	kept := object{}
	for _, name := range []string{"id", "node_id", "name", "url", "html_url", "created_at", "updated_at"} {
		kept[name] = shape[name]
	}
	return kept
}
