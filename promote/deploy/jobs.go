package deploy

import (
	"context"
	"fmt"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

const (
	// jobsAppear is how long a deployment waits for the first job that deploys its commit.
	jobsAppear = time.Hour
	// jobsLook is how often it is asked how jobs are that nobody has told of.
	jobsLook = 2 * time.Minute
	// jobsSettle is how soon it is asked again whether a run has more jobs for the environment.
	jobsSettle = 10 * time.Second
)

// JobsAsked asks whether the runs of workflows have, or will have, more jobs for an environment.
type JobsAsked struct {
	Repository int64
	// Environment by its name on GitHub, and the commit that the runs deploy.
	Environment, SHA string
	Runs             []int64
}

// byJobs tells whether jobs of the repository's own workflows deploy to the environment.
func (r *run) byJobs() bool { return r.target.Rules.RunnerOf(r.rules.Name).Kind == config.RunnerJobs }

// planForJobs writes down what the jobs are to deploy: nothing is planned by us, so what people agree to are the inputs.
func (r *run) planForJobs(ctx context.Context) error {
	wanted, err := r.wanted(ctx)
	if err != nil {
		return err
	}
	err = r.write(ctx, func(tx *store.Tx) error {
		for _, instance := range wanted {
			if err := tx.Include(r.deployment.ID, instance); err != nil {
				return err
			}
			if err := tx.Planned(r.deployment.ID, unplanned(instance)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.measureBaselines(ctx, r.rules.Watches()); err != nil {
		return err
	}
	return r.begin(ctx)
}

// unplanned is what is known of an instance that a job of the repository deploys: that its inputs are others.
func unplanned(instance planner.Resolved) promote.DeployedInstance {
	name := instance.Instance.Name()
	return promote.DeployedInstance{
		Name: name, PlanDigest: promote.UnplannedDigest(instance.Digest), Summary: "deployed by a job",
		Counts: promote.PlannedInstance{Name: name, Stack: instance.Instance.Stack, Component: instance.Instance.Component,
			Digest: promote.UnplannedDigest(instance.Digest), Updates: 1, Changes: 1},
	}
}

// applyByJobs lets the jobs go that deploy the commit, and waits for how they end.
func (r *run) applyByJobs(ctx context.Context) error {
	err := r.write(ctx, func(tx *store.Tx) error {
		for _, instance := range r.deployment.Instances {
			if instance.Phase == promote.InstancePlanned || instance.Phase == promote.InstanceFailed {
				if err := tx.Applying(r.deployment.ID, instance.Name); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		err = r.step(ctx, promote.Step{Kind: promote.StepJobs, Name: promote.JobsStep}, r.awaitJobs)
	}
	if err != nil {
		return err
	}
	return r.write(ctx, func(tx *store.Tx) error {
		for _, instance := range r.deployment.Instances {
			if instance.Phase != promote.InstanceApplied {
				if err := tx.Applied(r.deployment.ID, instance.Name); err != nil {
					return err
				}
			}
		}
		return tx.Verify(r.deployment.ID)
	})
}

// awaitJobs looks how the jobs are. The time is when to look again; what happens to them leads here before.
func (r *run) awaitJobs(ctx context.Context, begun promote.Step) (time.Time, error) {
	var jobs promote.Jobs
	var now time.Time
	asked := JobsAsked{Repository: r.repository, Environment: r.rules.GitHubName(), SHA: r.deployment.To}
	err := r.Store.Write(ctx, func(tx *store.Tx) error {
		now = tx.Now()
		all, err := tx.JobsOf(r.repository, asked.Environment, asked.SHA)
		if err != nil {
			return err
		}
		before, err := tx.DeploymentBeforeIn(r.repository, r.deployment)
		if err != nil {
			return err
		}
		jobs = promote.JobsOf(all, r.deployment.ID, before)
		nudge := store.Nudge{Topic: store.Jobs, Repository: r.repository}
		if now.Sub(begun.Started) >= jobsLook {
			nudge.Subject = store.LookAtJobs
		}
		return tx.Nudge(nudge)
	})
	if err != nil {
		return time.Time{}, err
	}
	if asked.Runs = jobs.Runs(); len(asked.Runs) > 0 {
		if err := r.linkJobs(ctx, begun, asked.Runs[len(asked.Runs)-1]); err != nil {
			return time.Time{}, err
		}
	}
	switch {
	case len(jobs.Failed) > 0:
		return time.Time{}, r.jobsFailed(jobs.Failed)
	case len(jobs.Waiting)+len(jobs.Running) > 0:
		return now.Add(jobsLook), nil
	case len(jobs.Passed) == 0 && len(r.deployment.Instances) == 0:
		return time.Time{}, nil // nothing is to be deployed, and no job wants to
	case len(jobs.Passed) == 0:
		return r.noJobs(begun, now)
	}
	settled, err := r.Source.JobsSettled(ctx, asked)
	if err != nil || settled {
		return time.Time{}, err
	}
	return now.Add(jobsSettle), nil
}

// linkJobs writes down where people can look at the jobs.
func (r *run) linkJobs(ctx context.Context, step promote.Step, run int64) error {
	link := r.Source.RunLink(ctx, r.repository, run)
	if link == "" || step.URL == link {
		return nil
	}
	step.URL = link
	return r.write(ctx, func(tx *store.Tx) error { return tx.LinkStep(r.deployment.ID, step) })
}

func (r *run) jobsFailed(failed []promote.Job) error {
	message := ""
	for _, job := range failed {
		message += fmt.Sprintf("A job of run %d that deploys to %s did not end well.\n", job.Run, job.Environment)
	}
	message += fmt.Sprintf("Its log is on GitHub. To try it again: `/retry %s`, and have GitHub run the jobs again that failed.", r.rules.Name)
	return &Stopped{promote.Failure{Step: "jobs", Message: message}}
}

// noJobs waits a while for a job, and then gives up.
func (r *run) noJobs(begun promote.Step, now time.Time) (time.Time, error) {
	if end := begun.Started.Add(jobsAppear); now.Before(end) {
		return earlier(end, now.Add(jobsLook)), nil
	}
	return time.Time{}, &Stopped{promote.Failure{Step: "jobs", Message: fmt.Sprintf(
		"In %s no job of a workflow asked to deploy %s to %s. Is there a workflow that runs for this commit, with a job that has `environment: %s`, "+
			"and is Trunkline's protection rule enabled for this environment? Run it, and then `/retry %s`.",
		jobsAppear, promote.Short(r.deployment.To), r.rules.Name, r.rules.GitHubName(), r.rules.Name)}}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
