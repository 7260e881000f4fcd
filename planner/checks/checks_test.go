package checks

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/stack"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// place is a repository with trunk and a merge, and a directory for scans.
type place struct {
	t            *testing.T
	dir          string
	mirror       *mirror.Mirror
	trunk, merge *mirror.Tree
}

// newPlace makes trunk of the first files and the merge of both, in pairs of path and content; "-" removes one.
func newPlace(t *testing.T, trunk, merge []string) *place {
	t.Helper()
	p := &place{t: t, dir: t.TempDir()}
	p.git("init", "--quiet", "--initial-branch=main")
	before := p.commit(trunk)
	after := p.commit(merge)
	p.mirror = mirror.Open(filepath.Join(t.TempDir(), "mirror"), p.dir, nil)
	if err := p.mirror.Fetch(t.Context(), "+refs/heads/*:refs/heads/*"); err != nil {
		t.Fatal(err)
	}
	for sha, tree := range map[string]**mirror.Tree{before: &p.trunk, after: &p.merge} {
		found, err := p.mirror.Tree(t.Context(), sha)
		if err != nil {
			t.Fatal(err)
		}
		*tree = found
	}
	return p
}

func (p *place) git(arguments ...string) string {
	p.t.Helper()
	command := exec.Command("git", arguments...)
	command.Dir = p.dir
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com"}
	output, err := command.CombinedOutput()
	if err != nil {
		p.t.Fatalf("git %v: %v\n%s", arguments, err, output)
	}
	return strings.TrimSpace(string(output))
}

func (p *place) commit(files []string) string {
	p.t.Helper()
	for pair := range slices.Chunk(files, 2) {
		path := filepath.Join(p.dir, pair[0])
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(pair[1]), 0o644)); err != nil {
			p.t.Fatal(err)
		}
		if pair[1] == "-" {
			if err := os.Remove(path); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	p.git("add", "--all")
	p.git("commit", "--quiet", "--allow-empty", "-m", "A change")
	return p.git("rev-parse", "HEAD")
}

var dev = stack.Instance{Environment: "dev", Stack: "dev", Component: "vpc", Path: "vpc"}
var prod = stack.Instance{Environment: "prod", Stack: "prod", Component: "vpc", Path: "vpc"}

// results carries out the checks with plans that have the text "text", except those of instances in failed.
func (p *place) results(ctx context.Context, failed []stack.Instance, checks ...config.PullCheck) []planner.CheckResult {
	p.t.Helper()
	root, home := p.dir, p.t.TempDir()
	results := Running(checks)
	var mu sync.Mutex
	run := Start(ctx, Options{
		Checks: checks, Trunk: p.trunk, Merge: p.merge, Instances: []stack.Instance{dev, prod}, Affected: []stack.Instance{dev, prod},
		Worktree: root, Place: planner.Place{Root: root}, Planner: planner.Planner{Engine: validating{}},
		Command: func(check config.PullCheck) process.Command {
			command := process.Shell(check.Run)
			command.Dir, command.Home, command.Log, command.Env = root, home, filepath.Join(home, "log"), map[string]string{}
			command.Limits.Timeout = check.Timeout
			return command
		},
		Slot:        func(ctx context.Context) (func(), error) { return func() {}, ctx.Err() },
		ChangedLine: func(file string, first, last int) int { return max(0, min(first, 7)) },
		Redact:      func(text string) string { return strings.ReplaceAll(text, "s3cret", "[redacted]") },
		Report: func(i int, result planner.CheckResult) {
			mu.Lock()
			defer mu.Unlock()
			results[i] = result
		},
	})
	for _, instance := range []stack.Instance{prod, dev} { // as they come
		plan := planner.InstancePlan{Instance: instance}
		plan.Plan.Document = filepath.Join(p.t.TempDir(), "document.json")
		if err := os.WriteFile(plan.Plan.Document, []byte(`{"text": "text", "resource_changes": []}`), 0o600); err != nil {
			p.t.Fatal(err)
		}
		if slices.ContainsFunc(failed, func(one stack.Instance) bool { return one.Name() == instance.Name() }) {
			plan.Err = &engine.Failure{Step: "plan"}
		}
		defer func() {
			if _, err := os.Stat(plan.Plan.Document); err == nil {
				p.t.Error("the plan's document is still there")
			}
		}()
		run.Planned(plan)
	}
	run.Wait()
	return results
}

// validating is an engine that has something to say about each component.
type validating struct{ engine.Engine }

func (validating) Validate(_ context.Context, work engine.Work) ([]engine.Diagnostic, error) {
	return []engine.Diagnostic{{Warning: true, Message: "old", File: work.Instance.Path + "/main.tf", Line: 3, EndLine: 4},
		{Message: "no place, s3cret"}}, nil
}

func TestValidate(t *testing.T) {
	t.Parallel()
	got := newPlace(t, nil, nil).results(t.Context(), nil, config.PullCheck{Kind: config.Validate, Name: "validate"})
	want := []planner.CheckResult{{Name: "validate", Outcome: planner.CheckFailed, Findings: []planner.Finding{
		{Level: planner.Deny, Message: "vpc: no place, [redacted]"},
		{Level: planner.Warn, Message: "old", File: "vpc/main.tf", Line: 3, EndLine: 4, ChangedLine: 3},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

const policies = `package a
deny contains {"msg": "said", "file": "vpc/main.tf"} if input.plan.text == "text"
warn contains sprintf("%d instances", [count(input.instances)]) if input.kind == "stacks"
`

func TestPolicy(t *testing.T) {
	t.Parallel()
	check := config.PullCheck{Kind: config.Policy, Name: "policies", Folder: "policies"}
	denied := planner.Finding{Level: planner.Deny, Message: "said", File: "vpc/main.tf", ChangedLine: 1, Source: "policies/a.rego:2", Instances: []string{"dev/vpc", "prod/vpc"}}
	counted := planner.Finding{Level: planner.Warn, Message: "2 instances", Source: "policies/a.rego:3"}
	only := denied
	only.Instances = []string{"prod/vpc"}
	for name, test := range map[string]struct {
		trunk, merge []string
		failed       []stack.Instance
		want         []planner.Finding
	}{
		"judged":              {trunk: []string{"policies/a.rego", policies}, want: []planner.Finding{denied, counted}},
		"weakened":            {trunk: []string{"policies/a.rego", policies}, merge: []string{"policies/a.rego", "package a\nwarn contains \"x\"\n"}, want: []planner.Finding{denied, counted}},
		"taken away":          {trunk: []string{"policies/a.rego", policies}, merge: []string{"policies/a.rego", "-"}, want: []planner.Finding{{Level: planner.Broken, Message: "once merged: there are no policies (*.rego) in `policies`"}, denied, counted}},
		"broken to be":        {trunk: []string{"policies/a.rego", policies}, merge: []string{"policies/b.rego", "package b\ndeny contains x\n"}, want: []planner.Finding{{Level: planner.Broken, Message: "once merged: var x is unsafe in rule deny", File: "policies/b.rego", Line: 2, EndLine: 2, ChangedLine: 2, Source: "policies/b.rego:2:15"}, denied, counted}},
		"broken on trunk":     {trunk: []string{"policies/a.rego", "package a\ndeny contains x\n"}, want: []planner.Finding{{Level: planner.Broken, Message: "var x is unsafe in rule deny", Source: "policies/a.rego:2:15"}}},
		"none":                {want: []planner.Finding{{Level: planner.Broken, Message: "there are no policies (*.rego) in `policies`"}}},
		"a plan that is lost": {trunk: []string{"policies/a.rego", policies}, failed: []stack.Instance{dev}, want: []planner.Finding{only, counted, {Level: planner.Note, Message: "not judged, because there is no plan", Instances: []string{"dev/vpc"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newPlace(t, test.trunk, test.merge).results(t.Context(), test.failed, check)
			want := []planner.CheckResult{{Name: "policies", Outcome: planner.CheckFailed, Findings: test.want}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const report = `{"version": "2.1.0", "runs": [{"results": [{"level": "note", "message": {"text": "m s3cret"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a"}, "region": {"startLine": 5}}}]}]}]}`

func TestScan(t *testing.T) {
	t.Parallel()
	noted := planner.Finding{Level: planner.Note, Message: "m [redacted]", File: "a", Line: 5, EndLine: 5, ChangedLine: 5}
	for name, test := range map[string]struct {
		check config.PullCheck
		want  planner.CheckResult
	}{
		"passes":       {config.PullCheck{Run: "echo fine s3cret in $PWD/x"}, planner.CheckResult{Outcome: planner.CheckPassed, Log: "fine [redacted] in x"}},
		"fails":        {config.PullCheck{Run: "echo no; exit 3"}, planner.CheckResult{Outcome: planner.CheckFailed, Log: "no", Findings: []planner.Finding{{Level: planner.Deny, Message: "the command ended with exit code 3"}}}},
		"reports":      {config.PullCheck{SARIF: true, Run: "echo '" + report + "'; echo progress >&2"}, planner.CheckResult{Outcome: planner.CheckPassed, Findings: []planner.Finding{noted}}},
		"reports file": {config.PullCheck{SARIF: true, Run: "echo table; echo '" + report + "' > $TRUNKLINE_SARIF"}, planner.CheckResult{Outcome: planner.CheckPassed, Findings: []planner.Finding{noted}}},
		"links its report": {config.PullCheck{SARIF: true, Run: "echo '" + report + "' > r; ln -s $PWD/r $TRUNKLINE_SARIF"}, planner.CheckResult{Outcome: planner.CheckFailed, Findings: []planner.Finding{
			{Level: planner.Broken, Message: "there is no report; a scanner writes SARIF 2.1.0 to standard output or into the file that TRUNKLINE_SARIF names (exit code 0)"}}}},
		"reports and fails": {config.PullCheck{SARIF: true, Run: "echo '" + report + "'; exit 1"}, planner.CheckResult{Outcome: planner.CheckFailed, Findings: []planner.Finding{
			{Level: planner.Deny, Message: "the scanner ended with exit code 1, although it reports no error"}, noted}}},
		"takes too long": {config.PullCheck{Run: "echo begun; exec sleep 100", Timeout: time.Second}, planner.CheckResult{Outcome: planner.CheckFailed, Log: "begun", Findings: []planner.Finding{
			{Level: planner.Broken, Message: "run sh: the time limit was reached after 1s"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.check.Kind, test.check.Name, test.want.Name = config.Scan, name, name
			if diff := cmp.Diff([]planner.CheckResult{test.want}, newPlace(t, nil, nil).results(t.Context(), nil, test.check)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := newPlace(t, []string{"policies/a.rego", policies}, nil).results(ctx, nil, config.PullCheck{Kind: config.Validate, Name: "validate"},
		config.PullCheck{Kind: config.Policy, Name: "policies", Folder: "policies"}, config.PullCheck{Kind: config.Scan, Name: "scan", Run: "true"})
	for _, result := range got {
		if result.Outcome != planner.CheckCancelled {
			t.Errorf("%s is %s", result.Name, result.Outcome)
		}
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	p := newPlace(t, []string{"policies/deep/a.rego", policies, "rules/a_test.rego", ""}, nil)
	checks := []config.PullCheck{{Kind: config.Policy, Folder: "policies"}, {Kind: config.Policy, Folder: "rules", At: config.Position{Line: 3, Column: 5}},
		{Kind: config.Policy, Folder: "polices/deep"}, {Kind: config.Validate}}
	want := ".github/trunkline.yml:3:5: there are no policies (*.rego) in `rules`\n.github/trunkline.yml: there are no policies (*.rego) in `polices/deep`; did you mean `policies/deep`?"
	if err := Problems(checks, p.merge); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if err := Problems(checks[:1], p.merge); err != nil {
		t.Error(err)
	}
}
