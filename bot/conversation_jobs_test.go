package bot

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/bot/githubsim"
)

var (
	jobStep    = regexp.MustCompile(`^job (\S+) (starts|succeeds|fails)$`)
	waiveStep  = regexp.MustCompile(`^(\w+) starts all waiting jobs: (.+)$`)
	runStep    = regexp.MustCompile(`^(\w+) runs (\S+\.ya?ml)(?: on (\w+))?$`)
	rerunStep  = regexp.MustCompile(`^(\w+) reruns (?:the|the (failed)) jobs of ([\w-]{7})$`)
	cancelStep = regexp.MustCompile(`^(\w+) cancels the jobs of ([\w-]{7})$`)
)

// doJobs does the steps about jobs of the repository's own that deploy; false: it is another step.
func (c *conversation) doJobs(line string) bool {
	c.t.Helper()
	var err error
	if match := jobStep.FindStringSubmatch(line); match != nil {
		err = c.workOn(match[1], match[2])
	} else if match := waiveStep.FindStringSubmatch(line); match != nil {
		for _, run := range c.allRuns() {
			if slices.ContainsFunc(run.Jobs, func(job githubsim.Job) bool { return job.Status == "waiting" }) && err == nil {
				err = c.gh.As(match[1]).StartWaiting(project, run.ID, match[2])
			}
		}
	} else if match := runStep.FindStringSubmatch(line); match != nil {
		_, err = c.gh.As(match[1]).DispatchWorkflow(project, match[2], firstOf(match[3], "main"), nil)
	} else if match := rerunStep.FindStringSubmatch(line); match != nil {
		err = c.gh.As(match[1]).Rerun(project, c.runOf(match[3]).ID, match[2] != "")
	} else if match := cancelStep.FindStringSubmatch(line); match != nil {
		err = c.gh.As(match[1]).CancelRun(project, c.runOf(match[2]).ID)
	} else {
		return false
	}
	if err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
	return true
}

// workOn brings the oldest job of that name on which has not ended and may be worked on.
func (c *conversation) workOn(name, verb string) error {
	for _, run := range c.allRuns() {
		for _, job := range run.Jobs {
			if job.Name != name || job.Status != "queued" && job.Status != "in_progress" {
				continue
			}
			if job.Status == "queued" {
				if _, err := c.gh.StartJob(job.ID); err != nil || verb == "starts" {
					return err
				}
			}
			return c.gh.FinishJob(job.ID, githubsim.JobResult{Conclusion: map[string]string{"succeeds": "success", "fails": "failure"}[verb]})
		}
	}
	return fmt.Errorf("no job %s can be worked on", name)
}

func (c *conversation) allRuns() []githubsim.Run {
	runs, err := c.gh.Runs(project)
	if err != nil {
		c.t.Fatal(err)
	}
	return runs
}

// runOf is the newest run of a commit, which is named as it is shown.
func (c *conversation) runOf(name string) githubsim.Run {
	for _, run := range slices.Backward(c.allRuns()) {
		if c.names[run.SHA] == name {
			return run
		}
	}
	c.t.Fatalf("there is no run of %s", name)
	return githubsim.Run{}
}

// jobs are those of environments that are otherwise than after the step before, and what Trunkline said of them since.
func (c *conversation) jobs() string {
	var out strings.Builder
	for _, run := range c.allRuns() {
		for _, job := range run.Jobs {
			if job.Environment == "" {
				continue
			}
			state := firstOf(job.Conclusion, job.Status)
			if c.jobStates[job.ID] != state {
				attempt := ""
				if job.RunAttempt > 1 {
					attempt = fmt.Sprintf(", attempt %d", job.RunAttempt)
				}
				fmt.Fprintf(&out, "  job %s of %s for %s%s: %s\n", job.Name, job.SHA, job.Environment, attempt, state)
				c.jobStates[job.ID] = state
			}
			for _, said := range job.Comments[c.jobSaid[job.ID]:] {
				fmt.Fprintf(&out, "  tells job %s of %s: %s\n", job.Name, job.SHA, firstOf(said.State, "it waits"))
				for line := range strings.SplitSeq(said.Body, "\n") {
					fmt.Fprintf(&out, "    | %s\n", line)
				}
			}
			c.jobSaid[job.ID] = len(job.Comments)
		}
	}
	return out.String()
}
