package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

const correlationInput = config.InputCorrelation

// calledFile is the workflow that is run, with the inputs that it has to declare: what Trunkline gives of itself it need not.
func calledFile(run promote.WorkflowRun) config.Workflow {
	called := config.Workflow{File: run.File, Inputs: maps.Clone(run.Inputs)}
	maps.DeleteFunc(called.Inputs, func(name, _ string) bool { return slices.Contains(config.WorkflowInputs(), name) })
	return called
}

// limitedBy tells whether GitHub refused something only for now.
func limitedBy(err error) bool {
	return errors.As(err, new(*github.RateLimitError)) || errors.As(err, new(*github.AbuseRateLimitError))
}

// find looks for the run by the name that it was given.
func (w *calledWorkflow) find(ctx context.Context, client *github.Client) (found bool, err error) {
	run, err := findRun(ctx, client, w.repository, runNamed{w.run.File, w.run.Correlation, w.run.Asked})
	if run == nil || err != nil {
		return false, err
	}
	// Which leads here again.
	return true, w.bot.store.Write(ctx, func(tx *store.Tx) error { return tx.WorkflowRuns(w.run, run.GetID(), run.GetHTMLURL()) })
}

// runNamed is a run of a workflow that was dispatched after a time, with the name by which it is found.
type runNamed struct {
	file, correlation string
	asked             time.Time
}

// findRun looks for a run by its name; nil: there is none yet.
func findRun(ctx context.Context, client *github.Client, repository store.Repository, wanted runNamed) (*github.WorkflowRun, error) {
	// Clocks differ.
	options := &github.ListWorkflowRunsOptions{Event: "workflow_dispatch", Created: ">=" + wanted.asked.Add(-5*time.Minute).UTC().Format(time.RFC3339),
		ListOptions: github.ListOptions{PerPage: 100}}
	for {
		runs, answer, err := client.Actions.ListWorkflowRunsByFileName(ctx, repository.Owner, repository.Name, wanted.file, options)
		if err != nil {
			return nil, fmt.Errorf("look for the run of %s: %w", wanted.file, err)
		}
		for _, run := range runs.WorkflowRuns {
			if strings.Contains(run.GetDisplayTitle(), wanted.correlation) {
				return run, nil
			}
		}
		if options.Page = answer.NextPage; options.Page == 0 {
			return nil, nil
		}
	}
}

// look asks how the run is getting on, cancels it where nobody waits for it any more, and writes down how it ended.
func (w *calledWorkflow) look(ctx context.Context, client *github.Client) error {
	run, _, err := client.Actions.GetWorkflowRunByID(ctx, w.repository.Owner, w.repository.Name, w.run.Run)
	var answer *github.ErrorResponse
	switch {
	case errors.As(err, &answer) && answer.Response.StatusCode == http.StatusNotFound && w.now.Sub(w.run.Dispatched) > workflowSeen:
		return w.ends(ctx, "its run was deleted")
	case err != nil:
		return err
	case run.GetStatus() == "completed":
		return w.concluded(ctx, client, run)
	}
	over := w.now.Sub(w.run.Asked.Add(w.run.Timeout))
	switch {
	case over > workflowStopped:
		return w.ends(ctx, fmt.Sprintf("it has not ended after %s, and could not be cancelled", w.run.Timeout))
	case w.run.Stop || over > 0:
		if err := w.cancel(ctx, client); err != nil {
			return err
		}
		return w.again(ctx, workflowLooks)
	}
	return w.again(ctx, min(max(workflowLooks, w.now.Sub(w.run.Dispatched)/10), time.Minute))
}

// cancel asks GitHub to cancel the run; one that is ending cannot be.
func (w *calledWorkflow) cancel(ctx context.Context, client *github.Client) error {
	_, err := client.Actions.CancelWorkflowRunByID(ctx, w.repository.Owner, w.repository.Name, w.run.Run)
	var answer *github.ErrorResponse
	if errors.As(err, new(*github.AcceptedError)) || errors.As(err, &answer) && answer.Response.StatusCode == http.StatusConflict {
		return nil
	}
	return err
}

// concluded writes down how a run ended.
func (w *calledWorkflow) concluded(ctx context.Context, client *github.Client, run *github.WorkflowRun) error {
	switch {
	case w.run.Stop:
		return w.ends(ctx, "it was stopped")
	case run.GetConclusion() == "cancelled" && w.now.After(w.run.Asked.Add(w.run.Timeout)):
		return w.ends(ctx, fmt.Sprintf("it had not ended after %s, and was cancelled", w.run.Timeout))
	case run.GetConclusion() == "success" && w.run.Notice == "":
		return w.ends(ctx, "")
	}
	jobs, err := w.jobs(ctx, client)
	if err != nil {
		return err
	}
	if run.GetConclusion() != "success" {
		return w.ends(ctx, unsuccessful(w.run.File, run.GetConclusion(), jobs))
	}
	said, err := w.notices(ctx, client, jobs)
	switch {
	case err != nil:
		return err
	case len(said) == 0:
		return w.ends(ctx, fmt.Sprintf("%s ended well, and did not say what it made. One of its steps has to print: ::notice title=%s::sha256:…", w.run.File, w.run.Notice))
	case len(said) > 1:
		return w.ends(ctx, fmt.Sprintf("%s has several notices with the title %s, which say different things", w.run.File, w.run.Notice))
	}
	w.run.Output = said[0]
	return w.ends(ctx, "")
}

// unsuccessful says which jobs and steps were not successful.
func unsuccessful(file, conclusion string, jobs []*github.WorkflowJob) string {
	message := fmt.Sprintf("%s ended as %s.", file, conclusion)
	for _, job := range jobs {
		if slices.Contains([]string{"success", "skipped", "neutral"}, job.GetConclusion()) {
			continue
		}
		message += fmt.Sprintf("\n%s: %s", job.GetName(), job.GetConclusion())
		for _, step := range job.Steps {
			if step.GetConclusion() == "failure" {
				message += ", in the step " + step.GetName()
			}
		}
	}
	return message
}

func (w *calledWorkflow) jobs(ctx context.Context, client *github.Client) (all []*github.WorkflowJob, err error) {
	options := &github.ListWorkflowJobsOptions{Filter: "latest", ListOptions: github.ListOptions{PerPage: 100}}
	for {
		jobs, answer, err := client.Actions.ListWorkflowJobs(ctx, w.repository.Owner, w.repository.Name, w.run.Run, options)
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

// notices are the different texts of the notices that have the title which is wanted. A job's annotations are those of its check
// run, whose number is the job's.
func (w *calledWorkflow) notices(ctx context.Context, client *github.Client, jobs []*github.WorkflowJob) (said []string, err error) {
	for _, job := range jobs {
		options := &github.ListOptions{PerPage: 100}
		for {
			annotations, answer, err := client.Checks.ListCheckRunAnnotations(ctx, w.repository.Owner, w.repository.Name, job.GetID(), options)
			if err != nil {
				return nil, err
			}
			for _, annotation := range annotations {
				text := strings.TrimSpace(annotation.GetMessage())
				if annotation.GetTitle() == w.run.Notice && annotation.GetAnnotationLevel() == "notice" && !slices.Contains(said, text) {
					said = append(said, text)
				}
			}
			if answer.NextPage == 0 {
				break
			}
			options.Page = answer.NextPage
		}
	}
	return said, nil
}
