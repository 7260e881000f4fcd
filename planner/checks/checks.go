// Package checks carries out the checks of a pull request, beside the planning: the engine's validation of components,
// policies over plans and instances, and commands of the repository.
//
// A check ends in a [planner.CheckResult]. Whatever keeps a check from being carried out (a policy with an error, a
// scanner whose report cannot be read) is a finding of level [planner.Broken] and fails it: a check never passes
// because it did not take place.
//
// Rules come from trunk. Which checks there are, and the policies themselves, are those of trunk; a pull request may
// not weaken what judges it. Where it changes policies, the new ones are compiled too, so that broken ones are
// found before they count.
package checks

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/stack"
)

// Options of the checks of one pull request.
type Options struct {
	// Checks that the rules on trunk name.
	Checks []config.PullCheck
	// Trunk, and Merge: what the pull request merged into it would be.
	Trunk, Merge *mirror.Tree
	// Instances are all of the merge, in order; Affected those that are planned.
	Instances, Affected []stack.Instance
	// Planner with its Place validates where it planned.
	Planner planner.Planner
	Place   planner.Place
	// Worktree is the directory in which scans run, Command the process of one, ready to run.
	Worktree string
	Command  func(config.PullCheck) process.Command
	// Slot waits until the host has room for one more process, and returns what gives the room back.
	Slot func(context.Context) (func(), error)
	// ChangedLine is the first line from first to last, in the merge, that the pull request changed, as its head has it;
	// 0: none.
	ChangedLine func(file string, first, last int) int
	// Redact takes secrets out of text.
	Redact func(string) string
	// Report is told of each check that has ended, by its index; from several goroutines.
	Report func(int, planner.CheckResult)
}

// Running are the results before there are any.
func Running(checks []config.PullCheck) (results []planner.CheckResult) {
	for _, check := range checks {
		results = append(results, planner.CheckResult{Name: check.Name, Outcome: planner.CheckRunning})
	}
	return results
}

// Documents tells whether the plans have to be written down for one of the checks.
func Documents(checks []config.PullCheck) bool {
	return slices.ContainsFunc(checks, func(check config.PullCheck) bool { return check.Kind == config.Policy })
}

// Run is the checks of one pull request being carried out.
type Run struct {
	Options
	order     map[string]int // of the affected instances, by name
	plans     []chan planner.InstancePlan
	documents []string
	working   sync.WaitGroup
}

// Start begins with the checks. Plans are to be handed to [Run.Planned]; then [Run.Wait] waits for the last check.
func Start(ctx context.Context, options Options) *Run {
	r := &Run{Options: options, order: map[string]int{}}
	for i, instance := range r.Affected {
		r.order[instance.Name()] = i
	}
	var scans []int
	for i, check := range r.Checks {
		if check.Kind == config.Scan {
			scans = append(scans, i)
			continue
		}
		// Room for all plans: whoever plans never waits for whoever judges.
		plans := make(chan planner.InstancePlan, len(r.Affected))
		r.plans = append(r.plans, plans)
		judge := r.policy
		if check.Kind == config.Validate {
			judge = r.validate
		}
		r.working.Go(func() { r.end(ctx, i, judge(ctx, check, plans)) })
	}
	// One after the other, since they share a worktree.
	r.working.Go(func() {
		for _, i := range scans {
			r.end(ctx, i, r.scan(ctx, r.Checks[i]))
		}
	})
	return r
}

// Planned hands over what became of an affected instance's turn, once for each. It is not to be called concurrently.
func (r *Run) Planned(plan planner.InstancePlan) {
	if plan.Plan.Document != "" {
		r.documents = append(r.documents, plan.Plan.Document)
	}
	for _, plans := range r.plans {
		plans <- plan
	}
}

// Wait says that there are no more plans, and returns when all checks have ended.
func (r *Run) Wait() {
	for _, plans := range r.plans {
		close(plans)
	}
	r.working.Wait()
	for _, document := range r.documents {
		_ = os.Remove(document) // it is in a directory that is swept anyway
	}
}

// end completes the result of a check and reports it.
func (r *Run) end(ctx context.Context, index int, result planner.CheckResult) {
	result.Name = r.Checks[index].Name
	for i := range result.Findings {
		r.complete(&result.Findings[i])
	}
	slices.SortStableFunc(result.Findings, func(a, b planner.Finding) int { return r.rank(a) - r.rank(b) })
	if result.Conclude(); ctx.Err() != nil {
		result.Outcome = planner.CheckCancelled
	}
	result.Log = ending(strings.TrimSpace(r.hostless(result.Log)), maxLog)
	r.Report(index, result)
}

// rank of the finding's instance in their order.
func (r *Run) rank(finding planner.Finding) int {
	if len(finding.Instances) == 0 {
		return 0
	}
	return r.order[finding.Instances[0]]
}

// Limits of what is kept, in bytes.
const (
	maxMessage = 4 << 10
	maxLog     = 16 << 10
)

// complete makes the finding fit to leave the host, and finds its place among the changed lines.
func (r *Run) complete(finding *planner.Finding) {
	for _, text := range []*string{&finding.Message, &finding.Resource, &finding.Rule} {
		*text = beginning(r.hostless(*text), maxMessage)
	}
	switch {
	case finding.File == "":
	case finding.Line > 0:
		finding.ChangedLine = r.ChangedLine(finding.File, finding.Line, max(finding.Line, finding.EndLine))
	default:
		finding.ChangedLine = r.ChangedLine(finding.File, 1, 1<<31-1)
	}
}

// hostless is text without secrets and without the paths of this host.
func (r *Run) hostless(text string) string {
	for _, root := range r.roots() {
		text = strings.ReplaceAll(strings.ReplaceAll(text, root+"/", ""), root, ".")
	}
	return r.Redact(text)
}

func beginning(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

func ending(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return "…" + strings.ToValidUTF8(text[len(text)-most:], "")
}

// failed is a result with one finding: that the check could not be carried out.
func failed(message string) planner.CheckResult {
	return planner.CheckResult{Findings: []planner.Finding{{Level: planner.Broken, Message: message}}}
}
