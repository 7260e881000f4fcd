package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/stack"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var vpc = stack.Instance{Environment: "prod", Stack: "prod/eu", Component: "vpc", Path: "components/vpc", Workspace: "default",
	Variables: map[string]any{"size": 2}}

const destroyed = `{"resource_changes": [
	{"address": "aws_vpc.a", "type": "aws_vpc", "change": {"actions": ["delete"], "before": {"tags": {"team": "x"}}, "after": null}},
	{"address": "aws_vpc.b", "type": "aws_vpc", "change": {"actions": ["update"], "before": {"tags": {}}, "after": {"tags": {}, "password": null}, "after_sensitive": {"password": true}}}
], "output_changes": {}}`

func read(t *testing.T, files ...string) *Policies {
	t.Helper()
	policies, err := readAll(files...)
	if err != nil {
		t.Fatal(err)
	}
	return policies
}

func readAll(files ...string) (*Policies, error) {
	all := map[string][]byte{}
	for pair := range slices.Chunk(files, 2) {
		all[pair[0]] = []byte(pair[1])
	}
	return Read(all)
}

// shown are findings as one would write them down.
func shown(findings []planner.Finding) (all []string) {
	for _, f := range findings {
		text := fmt.Sprintf("%s %s: %s", f.Level, f.Source, f.Message)
		if f.File != "" {
			text += fmt.Sprintf(" (%s:%d)", f.File, f.Line)
		}
		if f.Resource != "" {
			text += " [" + f.Resource + "]"
		}
		all = append(all, strings.TrimSpace(text))
	}
	return all
}

func TestPlan(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files []string
		want  []string
	}{
		"messages, and where they come from": {[]string{"policies/a.rego", `package a

deny contains msg if {
	input.kind == "plan"
	some change in input.plan.resource_changes
	"delete" in change.change.actions
	msg := sprintf("%s is destroyed in %s", [change.address, input.instance.environment])
}

warn contains "small" if input.instance.variables.size < 3
`, "policies/b/b.rego", `package a

deny contains "never here" if input.instance.stack == "prod/eu"
`}, []string{
			"deny policies/a.rego:3: aws_vpc.a is destroyed in prod",
			"warn policies/a.rego:10: small",
			"deny policies/b/b.rego:3: never here",
		}},
		"objects": {[]string{"p/o.rego", `package o
deny contains {"msg": "no tags", "file": "components/vpc/./main.tf", "line": 3, "resource": c.address} if {
	some c in input.plan.resource_changes
	c.change.after.tags == {}
}
deny contains {"msg": "outside", "file": "../../etc/passwd", "line": 3}
`}, []string{"deny p/o.rego:2: no tags (components/vpc/main.tf:3) [aws_vpc.b]", "deny p/o.rego:6: outside"}},
		"rules that use others": {[]string{"p/u.rego", `package u
import data.lib
deny contains lib.message
warn contains sprintf("%d denied", [count(deny)]) if count(deny) > 0
`, "p/lib.rego", "package lib\nmessage := \"from lib\"\n"}, []string{"deny p/u.rego:3: from lib", "warn p/u.rego:4: 1 denied"}},
		"branches": {[]string{"p/e.rego", "package e\ndeny := {\"first\"} if false\nelse := {\"second\"}\n"}, []string{"deny p/e.rego:2: second"}},
		"sensitive values are null": {[]string{"p/s.rego", `package s
deny contains "it knows" if { some c in input.plan.resource_changes; c.change.after.password != null }
warn contains "it is marked" if { some c in input.plan.resource_changes; c.change.after_sensitive.password }
`}, []string{"warn p/s.rego:3: it is marked"}},
		"complete rules":            {[]string{"p/c.rego", "package c\ndeny := {\"one\", \"two\"}\nwarn := []\n"}, []string{"deny p/c.rego:2: one", "deny p/c.rego:2: two"}},
		"other names and functions": {[]string{"p/f.rego", "package f\ndenied contains \"x\"\ndeny contains msg if { msg := said(2) }\nsaid(x) := sprintf(\"said %d\", [x])\n"}, []string{"deny p/f.rego:3: said 2"}},
		"a truth, not a message":    {[]string{"p/t.rego", "package t\ndeny if input.kind == \"plan\"\n"}, []string{"error p/t.rego:2: `deny` is true here, no set of messages; write `deny contains msg if …` (p/t.rego:2)"}},
		"an object of messages":     {[]string{"p/t.rego", "package t\ndeny[msg] if msg := \"x\"\n"}, []string{"error p/t.rego:2: `deny` is {\"x\":true} here, no set of messages; write `deny contains msg if …` (p/t.rego:2)"}},
		"a number":                  {[]string{"p/t.rego", "package t\ndeny contains 5\n"}, []string{"error p/t.rego:2: `deny` holds 5, which is neither a text nor an object with `msg`; write `deny contains msg if …` (p/t.rego:2)"}},
		"a failure while it runs": {[]string{"p/r.rego", `package r
deny contains "x" if {
	to_number(input.instance.stack) > 3
}
`}, []string{`error p/r.rego:3:2: to_number: strconv.ParseFloat: parsing "prod/eu": invalid syntax (p/r.rego:3)`}},
		"a conflict": {[]string{"p/k.rego", "package k\nx := 1 if input.kind\nx := 2 if input.instance\ndeny contains \"x\" if x > 3\n"},
			[]string{"error p/k.rego:3:1: rule data.k.x produced conflicting values:\n  1 at p/k.rego:2\n  2 at p/k.rego:3 (p/k.rego:3)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings, err := read(t, test.files...).Plan(t.Context(), vpc, strings.NewReader(destroyed))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, shown(findings)); diff != "" {
				t.Error(diff)
			}
			for _, finding := range findings {
				if !slices.Equal(finding.Instances, []string{"prod/eu/vpc"}) {
					t.Errorf("instances are %v", finding.Instances)
				}
			}
		})
	}
}

func TestStacks(t *testing.T) {
	t.Parallel()
	policies := read(t, "p/s.rego", `package s
deny contains msg if {
	input.kind == "stacks"
	count(input.instances) > 1
	some i in input.instances
	i.affected
	msg := sprintf("%s in %s: %v", [i.component, i.environment, i.variables])
}
`)
	other := stack.Instance{Environment: "dev", Stack: "dev", Component: "vpc"}
	findings, err := policies.Stacks(t.Context(), []stack.Instance{other, vpc}, map[string]bool{"prod/eu/vpc": true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`deny p/s.rego:2: vpc in prod: {"size": 2}`}, shown(findings)); diff != "" {
		t.Error(diff)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files []string
		want  []string
	}{
		"syntax":      {[]string{"p/a.rego", "package a\n\ndeny contains msg if {\n  msg := \n}\n"}, []string{"error p/a.rego:5:1: unexpected } token (p/a.rego:5)"}},
		"old syntax":  {[]string{"p/a.rego", "package a\ndeny[msg] { msg := \"x\" }\n"}, []string{"error p/a.rego:2:1: `if` keyword is required before rule body (p/a.rego:2)", "error p/a.rego:2:1: `contains` keyword is required for partial set rules (p/a.rego:2)"}},
		"types":       {[]string{"p/a.rego", "package a\ndeny contains \"x\" if count(1) > 0\n"}, []string{"error p/a.rego:2:22: count: invalid argument(s) (p/a.rego:2)"}},
		"unsafe":      {[]string{"p/a.rego", "package a\ndeny contains msg if true\n"}, []string{"error p/a.rego:2:15: var msg is unsafe in rule deny (p/a.rego:2)"}},
		"requests":    {[]string{"p/a.rego", "package a\ndeny contains \"x\" if http.send({\"method\": \"get\", \"url\": \"http://169.254.169.254\"}).body\n"}, []string{"error p/a.rego:2:22: undefined function http.send: policies here may not reach outside, nor leave anything to chance (p/a.rego:2)"}},
		"environment": {[]string{"p/a.rego", "package a\ndeny contains opa.runtime().env.HOME\n"}, []string{"error p/a.rego:2:15: undefined function opa.runtime: policies here may not reach outside, nor leave anything to chance (p/a.rego:2)"}},
		"several files": {[]string{"p/a.rego", "package a\ndeny contains net.lookup_ip_addr(\"x\")\n", "p/b.rego", "package b\ndeny contains missing(1)\n"}, []string{
			"error p/a.rego:2:15: undefined function net.lookup_ip_addr: policies here may not reach outside, nor leave anything to chance (p/a.rego:2)",
			"error p/b.rego:2:15: undefined function missing (p/b.rego:2)"}},
		"nothing to judge": {[]string{"p/a.rego", "package a\nviolation contains \"x\"\n"}, []string{"error : no policy has a rule named `deny` or `warn`: nothing would be judged"}},
		"empty":            {[]string{"p/a.rego", ""}, []string{"error p/a.rego: empty module (p/a.rego:0)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readAll(test.files...)
			var found Errors
			if !errors.As(err, &found) {
				t.Fatalf("error is %v", err)
			}
			if diff := cmp.Diff(test.want, shown(found)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What policies cannot call is what leads outside, and what gives another answer each time.
func TestRemoved(t *testing.T) {
	t.Parallel()
	want := []string{"http.send", "io.jwt.decode_verify", "io.jwt.encode_sign", "io.jwt.encode_sign_raw", "json.match_schema",
		"json.verify_schema", "net.lookup_ip_addr", "opa.runtime", "rand.intn", "uuid.rfc4122"}
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(removed()))); diff != "" {
		t.Error(diff)
	}
}

const endless = `package e
deny contains "x" if {
	some a in numbers.range(1, 1000)
	some b in numbers.range(1, 1000)
	some c in numbers.range(1, 1000)
	a * b * c == 0
}
`

func TestLimits(t *testing.T) {
	t.Parallel()
	policies := read(t, "p/e.rego", endless)
	policies.Limits.Timeout = 50 * time.Millisecond
	findings, err := policies.Plan(t.Context(), vpc, strings.NewReader(destroyed))
	if want := []string{"error : judging was stopped: it took longer than 50ms"}; err != nil || !cmp.Equal(want, shown(findings)) {
		t.Errorf("got %q, %v", shown(findings), err)
	}
	policies.Limits.Document = 100
	findings, err = policies.Plan(t.Context(), vpc, strings.NewReader(destroyed))
	if want := []string{"error : the plan cannot be judged: it has more than 100 bytes"}; err != nil || !cmp.Equal(want, shown(findings)) {
		t.Errorf("got %q, %v", shown(findings), err)
	}
	findings, err = policies.Plan(t.Context(), vpc, strings.NewReader("{"))
	if err != nil || len(findings) != 1 || findings[0].Level != planner.Broken {
		t.Errorf("got %q, %v", shown(findings), err)
	}
}

func TestMemory(t *testing.T) {
	t.Parallel()
	policies := read(t, "p/m.rego", `package m
deny contains "x" if count([[a, b] | some a in numbers.range(1, 5000); some b in numbers.range(1, 5000)]) == 0
`)
	policies.Limits.Memory = 64 << 20
	findings, err := policies.Plan(t.Context(), vpc, strings.NewReader(destroyed))
	if want := []string{"error : judging was stopped: it took more than 64 MiB of memory"}; err != nil || !cmp.Equal(want, shown(findings)) {
		t.Errorf("got %q, %v", shown(findings), err)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	stopped := errors.New("a newer push")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stopped)
	if _, err := read(t, "p/e.rego", endless).Plan(ctx, vpc, strings.NewReader(destroyed)); !errors.Is(err, stopped) {
		t.Errorf("error is %v", err)
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	names := []string{"a.rego", "policies/a.rego", "policies/a_test.rego", "policies/deep/b.rego", "policies/readme.md", "policies2/c.rego"}
	if got := Files("policies", names); !slices.Equal(got, []string{"policies/a.rego", "policies/deep/b.rego"}) {
		t.Errorf("got %q", got)
	}
	if got := Files(".", names); len(got) != 4 {
		t.Errorf("got %q", got)
	}
}
