package comment

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/promote"
)

// Every comment stays within its limit, ends all that it begins, and says so when something is left out.
func TestPreviewFits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := preview()
		for i := range rapid.IntRange(0, 10).Draw(t, "components") {
			for _, environment := range p.Environments {
				p.Instances = append(p.Instances, anyInstance(t, environment, fmt.Sprint("component-", i)))
			}
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "checks") {
			findings := make([]planner.Finding, rapid.SampledFrom([]int{0, 1, 12, 120}).Draw(t, "findings"))
			for j := range findings {
				findings[j] = untagged
				findings[j].Level, findings[j].Line = []planner.Level{planner.Warn, planner.Deny, planner.Broken}[j%3], j
			}
			p.Checks = append(p.Checks, checkResult(fmt.Sprint("check-", i), findings...))
		}
		o := Options{Limit: rapid.IntRange(600, 70000).Draw(t, "limit"), Full: "https://github.com/acme/infra/runs/1"}
		whole := Preview(p, Options{Limit: 1 << 30})
		got := Preview(p, o)
		fits(t, got, o.Limit)
		if got != whole && o.Limit > 6000 && !strings.Contains(got, "left out") && !strings.Contains(got, "Left out") {
			t.Fatalf("less than everything is shown, and nothing says so:\n%s", got)
		}
		check := Check(p, o)
		fits(t, check.Summary, checkText)
		fits(t, check.Text, checkText)
	})
}

func anyInstance(t *rapid.T, environment, component string) planner.InstancePreview {
	var changes []engine.Change
	for i := range rapid.SampledFrom([]int{0, 1, 1, 2, 12, 120}).Draw(t, "changes") {
		action := []engine.Action{engine.Create, engine.Update, engine.Replace, engine.Destroy}[i%4]
		change := engine.Change{Address: fmt.Sprintf("aws_subnet.private[%d]", i), Action: action}
		for j := range i % 7 {
			change.Attributes = append(change.Attributes, engine.Attribute{
				Path: fmt.Sprint("attribute_", j), Before: `"before"`, After: encoded(strings.Repeat("long\n", i%40), "")})
		}
		changes = append(changes, change)
	}
	p := planned(environment, component, environment+component, changes...)
	p.Outcome = rapid.SampledFrom([]planner.Outcome{
		planner.Planned, planner.Planned, planner.Planned, planner.Failed, planner.Planning, planner.Removed,
	}).Draw(t, "outcome")
	if p.Outcome == planner.Failed {
		p.Failure = strings.Repeat("Error: no\n", rapid.IntRange(0, 200).Draw(t, "lines"))
	}
	return p
}

func fits(t rapid.TB, markdown string, limit int) {
	t.Helper()
	if len(markdown) > limit {
		t.Fatalf("%d bytes, the limit is %d", len(markdown), limit)
	}
	if begun, ended := strings.Count(markdown, "\n<details>\n"), strings.Count(markdown, "\n</details>\n"); begun > ended {
		t.Fatalf("%d <details>, %d </details>", begun, ended)
	}
	if strings.Count(markdown, "\n```")%2 != 0 {
		t.Fatalf("a fence does not end:\n%s", markdown)
	}
}

func TestLongProblemFits(t *testing.T) {
	t.Parallel()
	p := preview()
	p.Problem = &planner.Problem{Title: "Conflict with trunk", Detail: strings.Repeat("- `a/very/long/path`@|&\n", 10000)}
	fits(t, Preview(p, Options{}), DefaultLimit)
	p.Problem.Detail = strings.Repeat("|@", 100000)
	fits(t, Preview(p, Options{}), DefaultLimit)
	fits(t, Check(p, Options{}).Summary, checkText)
}

func TestRolloutFits(t *testing.T) {
	t.Parallel()
	r := rollouts()["applying"]
	for i := range 5000 {
		r.Stages[1].Deployment.Instances = append(r.Stages[1].Deployment.Instances, promote.DeployedInstance{
			Name: fmt.Sprint("prod/component-", i), Phase: promote.InstanceWaiting})
		r.Stages[1].Range.Commits = append(r.Stages[1].Range.Commits, promote.Commit{
			SHA: fmt.Sprintf("%040x", i), Pull: 1000 + i, Author: promote.Person{ID: int64(i), Login: fmt.Sprint("person-", i)}})
		r.Answers = append(r.Answers, promote.Answer{By: bob, Command: "/status", Text: strings.Repeat("word ", 500)})
		r.Problems = append(r.Problems, &config.Problem{File: "a.yml", Message: strings.Repeat("wrong ", 200)})
	}
	for _, limit := range []int{DefaultLimit, 20000, 5000, 1000} {
		fits(t, Rollout(r, Options{Limit: limit}), limit)
	}
}

// worst is an instance of which everything is as long, as much and as nasty as can be.
func worst(i int) planner.InstancePreview {
	nasty := strings.Repeat("`|@\\<&\u202e\n", 60)
	var changes []engine.Change
	for j := range 18 {
		change := engine.Change{Address: fmt.Sprint(nasty, i, j), PreviousAddress: nasty, ImportID: nasty, Deposed: nasty, Reason: "replace_by_triggers",
			Action: actionsInOrder[j%len(actionsInOrder)], CreateFirst: true, AttributesLeft: 7}
		for k := range 4 {
			change.Attributes = append(change.Attributes, engine.Attribute{Path: fmt.Sprint(nasty, k), Before: encoded(nasty+nasty, ""), After: encoded(nasty, ""),
				ForcesReplacement: k%2 == 0, Unknown: k%3 == 1, Sensitive: k%5 == 1})
		}
		changes = append(changes, change)
	}
	name := func(of string, n int) string { return fmt.Sprint(of, n, nasty[:400]) }
	p := planned(name("environment", i%9), name("component", i/9), fmt.Sprint(i), changes...)
	p.Instance.Stack = name("stack", i)
	p.Reasons = []string{nasty, nasty + "2", nasty + "3", nasty + "4", nasty + "5", nasty + "6", nasty + "7"}
	p.Plan.Outputs, p.Plan.Warnings = changes[:5], []string{nasty + fmt.Sprint(i), nasty}
	for n := range 200 {
		p.Behind = append(p.Behind, 1000*(i%3)+n)
	}
	p.Moves = []planner.StateMove{{What: nasty, From: nasty, To: nasty, Keep: nasty}}
	p.Failure, p.FailureFile, p.FailureLine = strings.Repeat(nasty, 5), nasty, 12
	p.Outcome = []planner.Outcome{planner.Planned, planner.Planned, planner.Failed, planner.Moved, planner.Planned, planner.Removed}[i%6]
	return p
}

// However many instances there are and whatever is in them, the comment fits, and so does the check run.
func TestWorstFits(t *testing.T) {
	t.Parallel()
	for _, instances := range []int{1, 30, 500} {
		p := planner.Preview{Head: headSHA, Trunk: trunkSHA, Notes: []string{strings.Repeat("`x @y ", 5000)}}
		for i := range instances {
			p.Instances = append(p.Instances, worst(i))
		}
		p.Checks = append(p.Checks, checkResult(strings.Repeat("`|@", 300), untagged), checkResult("policies", untagged))
		for _, limit := range []int{DefaultLimit, 1200} {
			got := Preview(p, Options{Limit: limit, Full: "https://github.com/acme/infra/runs/1"})
			fits(t, got, limit)
			if limit == DefaultLimit && !strings.Contains(got, "eft out") {
				t.Errorf("of %d instances, nothing says what is left out", instances)
			}
			if limit == DefaultLimit && strings.HasPrefix(got, "This is too large") {
				t.Errorf("%d instances are too large to say anything of them", instances)
			}
		}
		check := Check(p, Options{})
		fits(t, check.Summary, checkText)
		fits(t, check.Text, checkText)
	}
}
