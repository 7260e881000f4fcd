package bot

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// workflowStep is how the newest run of a workflow gets on that has not ended: what its jobs print comes after a colon.
var workflowStep = regexp.MustCompile(`^(\S+\.ya?ml) (starts|succeeds|fails|stands)(?:: (.*))?$`)

// doActions plays the runners of GitHub Actions.
func (c *conversation) doActions(line string) bool {
	c.t.Helper()
	match := workflowStep.FindStringSubmatch(line)
	if match == nil {
		return false
	}
	run := c.workflowRun(match[1])
	conclusion := map[string]string{"succeeds": "success", "fails": "failure"}[match[2]]
	for _, job := range run.Jobs {
		if job.Status == "queued" && match[2] != "stands" {
			if _, err := c.gh.StartJob(job.ID); err != nil {
				c.t.Fatal(err)
			}
		}
		if conclusion != "" && job.Status != "completed" {
			if err := c.gh.FinishJob(job.ID, githubsim.JobResult{Conclusion: conclusion, Log: match[3] + "\n"}); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	if match[2] == "stands" {
		c.stood = fmt.Sprintf("  %s %s\n", run.Status, run.Conclusion)
	}
	return true
}

// workflowRun is the newest run of a workflow.
func (c *conversation) workflowRun(file string) githubsim.Run {
	c.t.Helper()
	runs, err := c.gh.Runs(project)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, run := range slices.Backward(runs) {
		if strings.HasSuffix(run.Workflow, "/"+file) {
			return run
		}
	}
	c.t.Fatalf("%s was never run", file)
	return githubsim.Run{}
}

// dispatched are the workflows that Trunkline has dispatched since the last step, with what it gave them.
func (c *conversation) dispatched() string {
	runs, err := c.gh.Runs(project)
	if err != nil {
		c.t.Fatal(err)
	}
	var out strings.Builder
	for _, run := range runs[min(c.runsSeen, len(runs)):] {
		if len(run.Jobs) == 0 || run.Event != "workflow_dispatch" {
			continue
		}
		var inputs []string
		for name := range run.Jobs[0].Inputs {
			if name != "trunkline" {
				inputs = append(inputs, name+"="+run.Jobs[0].Input(name))
			}
		}
		slices.Sort(inputs)
		fmt.Fprintf(&out, "  dispatches %s: %s\n", run.Workflow[strings.LastIndexByte(run.Workflow, '/')+1:], strings.Join(inputs, " "))
	}
	c.runsSeen = len(runs)
	out.WriteString(c.stood)
	c.stood = ""
	return out.String()
}
