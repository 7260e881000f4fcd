package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/deploy"
	"github.com/trunkline/trunkline/promote/store"
)

// lookAtJobs asks GitHub how jobs are of whose end nobody may have told, and for jobs of commits that are being deployed of
// which nobody told at all.
func (b *Bot) lookAtJobs(ctx context.Context, repository store.Repository) error {
	var unended []promote.Job
	var state promote.State
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		if unended, err = tx.UnendedJobs(repository.ID); err != nil {
			return err
		}
		state, err = tx.State(repository.ID)
		return err
	})
	if err != nil {
		return err
	}
	client, err := b.clients.forRepository(ctx, repository, watching)
	if err != nil {
		return err
	}
	var heard []promote.Job
	for _, run := range runsOf(unended) {
		found, err := b.lookAtRun(ctx, client, repository, lookedAt{run, unended})
		if err != nil {
			return err
		}
		heard = append(heard, found...)
	}
	for name, environment := range state.Environments {
		live := environment.Last != nil && environment.Last.Phase == promote.Applying
		rules, _ := state.Rules.Environment(name)
		if !live || state.Rules.RunnerOf(name).Kind != config.RunnerJobs {
			continue
		}
		found, err := b.unheardJobs(ctx, repository, rules.GitHubName(), environment.Last.To)
		if err != nil {
			return err
		}
		heard = append(heard, found...)
	}
	return b.store.Write(ctx, func(tx *store.Tx) (err error) {
		for _, job := range heard {
			err = errors.Join(err, tx.HeardOfJob(repository.ID, job))
		}
		return err
	})
}

func runsOf(jobs []promote.Job) (runs []int64) {
	for _, job := range jobs {
		if job.Run != 0 && !slices.Contains(runs, job.Run) {
			runs = append(runs, job.Run)
		}
	}
	return runs
}

// lookedAt is a run with jobs among which its own are.
type lookedAt struct {
	run  int64
	jobs []promote.Job
}

// lookAtRun asks how the jobs of a run are. One whose number is not known ended as its run did.
func (b *Bot) lookAtRun(ctx context.Context, client *github.Client, repository store.Repository, at lookedAt) (heard []promote.Job, err error) {
	conclusions := map[int64]*github.WorkflowJob{}
	run, _, err := client.Actions.GetWorkflowRunByID(ctx, repository.Owner, repository.Name, at.run)
	gone := isMissing(err)
	if err != nil && !gone {
		return nil, err
	}
	if !gone {
		jobs, err := allJobs(ctx, client, repository, at.run, "all")
		if err != nil {
			return nil, err
		}
		for _, job := range jobs {
			conclusions[job.GetID()] = job
		}
	}
	for _, job := range at.jobs {
		if job.Run != at.run {
			continue
		}
		found := conclusions[job.Number]
		switch {
		case gone, found == nil && run.GetStatus() == "completed" && run.GetConclusion() != "success":
			job.Phase = promote.JobFailed
		case found == nil && run.GetStatus() == "completed":
			job.Phase = promote.JobPassed
		case found.GetStatus() == "in_progress":
			job.Phase = promote.JobRunning
		case found.GetConclusion() == "success":
			job.Phase = promote.JobPassed
		case found.GetStatus() == "completed":
			job.Phase = promote.JobFailed
		}
		heard = append(heard, job)
	}
	return heard, nil
}

func isMissing(err error) bool {
	var answer *github.ErrorResponse
	return errors.As(err, &answer) && answer.Response != nil && answer.Response.StatusCode == http.StatusNotFound
}

// allJobs of a run, of its latest attempt or of all.
func allJobs(ctx context.Context, client *github.Client, repository store.Repository, run int64, filter string) (all []*github.WorkflowJob, err error) {
	options := &github.ListWorkflowJobsOptions{Filter: filter, ListOptions: github.ListOptions{PerPage: 100}}
	for {
		jobs, answer, err := client.Actions.ListWorkflowJobs(ctx, repository.Owner, repository.Name, run, options)
		if err != nil {
			return nil, err
		}
		all = append(all, jobs.Jobs...)
		if answer.NextPage == 0 {
			return all, nil
		}
		options.Page = answer.NextPage
	}
}

// unheardJobs are jobs that deploy a commit to an environment, as its deployments on GitHub tell of them.
func (b *Bot) unheardJobs(ctx context.Context, repository store.Repository, environment, sha string) (heard []promote.Job, err error) {
	client, err := b.clients.forRepository(ctx, repository, deploying)
	if err != nil {
		return nil, err
	}
	options := &github.DeploymentsListOptions{SHA: sha, Environment: environment}
	made, _, err := client.Repositories.ListDeployments(ctx, repository.Owner, repository.Name, options)
	if err != nil {
		return nil, err
	}
	for _, deployment := range made {
		if ours(deployment) {
			continue
		}
		statuses, _, err := client.Repositories.ListDeploymentStatuses(ctx, repository.Owner, repository.Name, deployment.GetID(), nil)
		if err != nil {
			return nil, err
		}
		for _, status := range statuses {
			run, phase := runIn(status.GetLogURL()), jobPhase(status.GetState())
			if run == 0 || phase == "" {
				continue
			}
			job := promote.Job{Environment: environment, Deployment: deployment.GetID(), Run: run, SHA: sha, Phase: phase}
			if waits, err := b.stillWaits(ctx, repository, job); err != nil {
				return nil, err
			} else if waits {
				job.Asked = deployment.GetCreatedAt().Time
			}
			heard = append(heard, job)
			break
		}
	}
	return heard, nil
}

func (b *Bot) stillWaits(ctx context.Context, repository store.Repository, job promote.Job) (bool, error) {
	if job.Phase != promote.JobWaiting {
		return false, nil
	}
	client, err := b.clients.forRepository(ctx, repository, watching)
	if err != nil {
		return false, err
	}
	return pending(ctx, client, repository, pendingOf{job.Run, job.Environment})
}

// runIn is the run whose page a link of a deployment leads to; 0: it leads to none.
func runIn(link string) (run int64) {
	if _, after, found := strings.Cut(link, "/actions/runs/"); found {
		_, _ = fmt.Sscanf(after, "%d", &run) // what is no number stays 0
	}
	return run
}

// JobsSettled asks GitHub whether the runs have more jobs for the environment: one that waits for it, or one that is still to
// come after those that run.
func (b *Bot) JobsSettled(ctx context.Context, asked deploy.JobsAsked) (bool, error) {
	repository, err := b.repository(ctx, asked.Repository)
	if err != nil {
		return false, err
	}
	client, err := b.clients.forRepository(ctx, repository, watching)
	if err != nil {
		return false, err
	}
	for _, run := range asked.Runs {
		found, _, err := client.Actions.GetWorkflowRunByID(ctx, repository.Owner, repository.Name, run)
		if isMissing(err) || err == nil && found.GetStatus() == "completed" {
			continue
		}
		if err != nil {
			return false, err
		}
		waits, err := pending(ctx, client, repository, pendingOf{run, asked.Environment})
		if err != nil || waits {
			return false, err
		}
		jobs, err := allJobs(ctx, client, repository, run, "latest")
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(jobs, func(job *github.WorkflowJob) bool {
			return job.GetStatus() == "queued" || job.GetStatus() == "in_progress"
		}) {
			return false, nil
		}
	}
	return true, nil
}

// RunLink is the page of a run.
func (b *Bot) RunLink(ctx context.Context, id, run int64) string {
	repository, err := b.repository(ctx, id)
	if err != nil {
		return ""
	}
	return b.runPage(repository, run)
}

func (b *Bot) runPage(repository store.Repository, run int64) string {
	return fmt.Sprintf("%s%s/%s/actions/runs/%d", b.settings.GitHub.WebURL, repository.Owner, repository.Name, run)
}
