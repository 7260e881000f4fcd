package bot

import (
	"context"
	"regexp"
	"strconv"

	"github.com/google/go-github/v60/github"
	"github.com/rs/zerolog"

	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// protectionRuleEvent is a job that waits before an environment and asks whether it may go. GitHub sends more of it than the
// library knows.
type protectionRuleEvent struct {
	github.DeploymentProtectionRuleEvent
	SHA string `json:"sha"`
}

// deploymentStatusEvent is how a deployment is getting on, with the run and the job that made it.
type deploymentStatusEvent struct {
	github.DeploymentStatusEvent
	CheckRun    *github.CheckRun    `json:"check_run"`
	WorkflowRun *github.WorkflowRun `json:"workflow_run"`
}

// callback is where GitHub wants the answer. It alone names the run.
var callback = regexp.MustCompile(`/actions/runs/([1-9][0-9]{0,18})/deployment_protection_rule$`)

// onProtectionRule learns that a job of the repository's own workflows asks whether it may deploy.
func (b *Bot) onProtectionRule(ctx context.Context, event any) error {
	e := event.(*protectionRuleEvent)
	found := callback.FindStringSubmatch(e.GetDeploymentCallbackURL())
	if e.GetAction() != "requested" || found == nil || e.GetEnvironment() == "" {
		zerolog.Ctx(ctx).Warn().Str("callback", e.GetDeploymentCallbackURL()).Msg("a job asks in a way that cannot be answered")
		return nil
	}
	run, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil {
		return err
	}
	repository := repositoryOf(e.GetRepo(), e.GetInstallation())
	sha := firstWord(e.SHA, e.GetDeployment().GetSHA())
	if sha == "" {
		if sha, err = b.headOf(ctx, repository, run); err != nil {
			return err
		}
	}
	return b.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SaveRepository(repository); err != nil {
			return err
		}
		return tx.HeardOfJob(repository.ID, promote.Job{Environment: e.GetEnvironment(), Deployment: e.GetDeployment().GetID(), Run: run, SHA: sha,
			Phase: promote.JobWaiting, Asked: tx.Now()})
	})
}

// headOf is the commit that a run is about: for one that was started by hand, the tip of its branch then.
func (b *Bot) headOf(ctx context.Context, repository store.Repository, run int64) (string, error) {
	client, err := b.clients.forRepository(ctx, repository, watching)
	if err != nil {
		return "", err
	}
	found, _, err := client.Actions.GetWorkflowRunByID(ctx, repository.Owner, repository.Name, run)
	return found.GetHeadSHA(), err
}

// onDeploymentStatus learns how a deployment is getting on that we did not make.
func (b *Bot) onDeploymentStatus(ctx context.Context, event any) error {
	e := event.(*deploymentStatusEvent)
	deployment, status := e.GetDeployment(), e.GetDeploymentStatus()
	if ours(deployment) {
		return nil
	}
	phase := jobPhase(status.GetState())
	if phase == "" {
		return nil
	}
	job := promote.Job{Environment: deployment.GetEnvironment(), Deployment: deployment.GetID(), SHA: deployment.GetSHA(), Phase: phase,
		Run: e.WorkflowRun.GetID(), Attempt: e.WorkflowRun.GetRunAttempt(), Number: e.CheckRun.GetID()}
	if job.Run == 0 {
		job.By = person(deployment.GetCreator())
	}
	return b.store.Write(ctx, func(tx *store.Tx) error {
		id := e.GetRepo().GetID()
		rules, _, _, err := tx.Configuration(id)
		if _, ours := promote.OnGitHub(rules, job.Environment); err != nil || !ours {
			return err
		}
		return tx.HeardOfJob(id, job)
	})
}

// jobPhase is how far the job is whose deployment has a status of this state; empty: that says nothing.
func jobPhase(state string) promote.JobPhase {
	switch state {
	case "waiting", "pending", "queued":
		return promote.JobWaiting
	case "in_progress":
		return promote.JobRunning
	case "success":
		return promote.JobPassed
	case "failure", "error":
		return promote.JobFailed
	}
	return ""
}
