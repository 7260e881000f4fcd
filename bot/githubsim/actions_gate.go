package githubsim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// barrier is what a job of an environment waits for.
type barrier struct {
	protection
	since time.Time
	// answers of the Apps that must let it go, by their ids.
	answers  map[int64]string // approved or rejected
	reports  int              // comments that did not decide
	reviewed bool             // a reviewer has consented
	passed   bool             // an administrator started it
}

const (
	// reportLimit is how often an App may report on a job without deciding.
	reportLimit = 10
	// reportLength is how long a comment may be, in characters.
	reportLength = 1024
	// waitingLimit is how long a job waits for consent before it fails.
	waitingLimit = 30 * 24 * time.Hour
)

// awaits reports whether the App has still to answer.
func (b *barrier) awaits(guard *app) bool {
	return slices.Contains(b.guards, guard) && b.answers[guard.id] == ""
}

// open reports whether the job may run now.
func (b *barrier) open(now time.Time) bool {
	if b.passed {
		return true
	}
	for _, guard := range b.guards {
		if b.answers[guard.id] != "approved" {
			return false
		}
	}
	return !now.Before(b.since.Add(b.wait)) && (b.reviewed || len(b.reviewers) == 0)
}

// admitJob lets a job into the queue of the runners, if need be after what
// protects its environment.
func (gh *GitHub) admitJob(made *job) {
	if made.environment == "" {
		gh.enqueueJob(made)
		return
	}
	run := made.run
	held := &barrier{protection: gh.protects(run.repo, made.environment), since: gh.now(), answers: map[int64]string{}}
	made.barrier = held
	place := made.written.Environment
	withoutDeployment := place.Deployment != nil && !*place.Deployment
	switch {
	case !held.environment.admits(run.repo, run.ref):
		gh.deployJob(made)
		gh.breakJob(made, fmt.Sprintf("Branch %q is not allowed to deploy to %s due to environment protection rules.", run.branch, made.environment))
		return
	case withoutDeployment && len(held.guards) > 0:
		gh.breakJob(made, "deployment: false is not compatible with custom deployment protection rules.")
		return
	case !withoutDeployment:
		gh.deployJob(made)
	}
	if held.open(gh.now()) {
		gh.enqueueJob(made)
		return
	}
	made.status, made.check.status = "waiting", "waiting"
	gh.tellDeployed(made, "waiting")
	gh.askGuard(made)
	gh.tellWorkflowJob(made, "waiting")
	if len(held.reviewers) > 0 {
		gh.tellReview(made, "requested", review{user: run.triggering})
	}
}

// enqueueJob puts a job into the queue of the runners.
func (gh *GitHub) enqueueJob(made *job) {
	made.status, made.check.status, made.queued = "queued", "queued", gh.now()
	gh.tellDeployed(made, "queued")
	gh.tellWorkflowJob(made, "queued")
}

// breakJob fails a job before it begins.
func (gh *GitHub) breakJob(made *job, reason string) {
	gh.completeJob(made, JobResult{Conclusion: "failure", Log: "::error title=" + made.name + "::" + reason + "\n"})
}

// askGuard asks the App to let the job go, if it is among those that must.
func (gh *GitHub) askGuard(made *job) {
	if !made.barrier.awaits(gh.app) {
		return
	}
	run := made.run
	gh.emit(run.repo, "deployment_protection_rule.requested", run.triggering, object{
		"environment": made.environment, "event": run.event, "sha": run.sha, "ref": run.ref,
		"deployment_callback_url": gh.runURL(run) + "/deployment_protection_rule",
		"deployment":              gh.deploymentShape(run.repo, made.deployment), "pull_requests": []any{},
	})
}

// reviewJobs lets the jobs go that are ready to, after one of their conditions
// changed, and fails those that were refused.
func (gh *GitHub) reviewJobs(run *workflowRun) {
	for _, held := range run.latestJobs() {
		if held.status != "waiting" {
			continue
		}
		for _, guard := range held.barrier.guards {
			if held.barrier.answers[guard.id] == "rejected" && held.status == "waiting" {
				gh.breakJob(held, guard.name+" rejected the deployment to "+held.environment+".")
			}
		}
		if held.status == "waiting" && held.barrier.open(gh.now()) {
			gh.enqueueJob(held)
		}
	}
	gh.advanceRun(run)
}

// ruleAnswer is what actions/review-custom-gates-for-run takes.
type ruleAnswer struct {
	Environment string `json:"environment_name"`
	State       string `json:"state"`
	Comment     string `json:"comment"`
}

// answerRule answers actions/review-custom-gates-for-run: the App lets all jobs
// of the run go that wait for it before the environment, refuses them, or says
// how it is going.
func answerRule(c *call) (reply, error) {
	run, err := c.workflowRun()
	if err != nil {
		return reply{}, err
	}
	var answer ruleAnswer
	if err := c.decode(&answer); err != nil {
		return reply{}, err
	}
	if err := c.gh.takeAnswer(run, c.gh.app, answer); err != nil {
		return reply{}, err
	}
	return noContent()
}

// AnswerRule lets another App answer for its rule.
func (gh *GitHub) AnswerRule(slug string, run int64, environment, state string) error {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	for _, repo := range gh.repositories {
		if found, err := repo.workflowRun(run); err == nil {
			return gh.takeAnswer(found, gh.otherApp(slug), ruleAnswer{Environment: environment, State: state})
		}
	}
	return notFound()
}

// takeAnswer takes the answer of an App.
func (gh *GitHub) takeAnswer(run *workflowRun, guard *app, answer ruleAnswer) error {
	decides := answer.State == "approved" || answer.State == "rejected"
	switch {
	case answer.Environment == "":
		return unprocessable("Invalid request.\n\n\"environment_name\" wasn't supplied.")
	case !decides && answer.State != "":
		return unprocessable("Invalid request.\n\n%s is not a member of [\"approved\", \"rejected\"].", answer.State)
	case !decides && answer.Comment == "":
		return unprocessable("Invalid request.\n\n\"comment\" wasn't supplied.")
	case len([]rune(answer.Comment)) > reportLength:
		return unprocessable("Comment is too long (maximum is %d characters)", reportLength)
	}
	var waiting []*job
	guards, others := false, false
	for _, held := range run.latestJobs() {
		if held.status != "waiting" || !strings.EqualFold(held.environment, answer.Environment) {
			continue
		}
		others = true
		guards = guards || slices.Contains(held.barrier.guards, guard)
		if held.barrier.awaits(guard) {
			waiting = append(waiting, held)
		}
	}
	switch {
	case len(waiting) == 0 && guards:
		return unprocessable("The deployment protection rule for '%s' has been reviewed already.", answer.Environment)
	case len(waiting) == 0 && others:
		return notAccessible()
	case len(waiting) == 0:
		return unprocessable("No pending deployment requests to approve or reject.")
	}
	for _, held := range waiting {
		if !decides && held.barrier.reports >= reportLimit {
			return unprocessable("The maximum number of status reports (%d) has been reached.", reportLimit)
		}
	}
	for _, held := range waiting {
		if held.comments = append(held.comments, Comment{State: answer.State, Body: answer.Comment}); !decides {
			held.barrier.reports++
			continue
		}
		held.barrier.answers[guard.id] = answer.State
	}
	gh.record(Event{
		Actor: guard.bot.login, Kind: "gate", Repository: run.repo.fullName(), Environment: answer.Environment, SHA: run.sha,
		State: answer.State, Body: answer.Comment,
	})
	gh.reviewJobs(run)
	return nil
}

// Comment is what an App said about a job that waits for it.
type Comment struct {
	State string // approved, rejected, or empty for a report
	Body  string
}
