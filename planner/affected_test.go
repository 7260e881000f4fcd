package planner

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/trunkline/trunkline/config"
)

// notes are differences as a person would write them down.
func notes(differences []Difference) []string {
	var all []string
	for _, one := range differences {
		all = append(all, fmt.Sprintf("%s %s: %s", one.Instance.Name(), one.Kind, strings.Join(one.Reasons, "; ")))
	}
	return all
}

func affected(t interface {
	Context() context.Context
	Fatal(...any)
}, from, to Snapshot) []Difference {
	differences, err := Affected(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	return differences
}

func TestAffectedByFiles(t *testing.T) {
	t.Parallel()
	base := []string{
		"README.md", "hello",
		"environments/dev/vpc/main.tf", `module "net" { source = "../../../modules/net" }`,
		"environments/prod/vpc/main.tf", `module "net" { source = "../../../modules/net" }`,
		"environments/prod/api/main.tf", `
locals {
  config = "${local.root}/config"
  root   = "${path.module}/../../.."
}
resource "terraform_data" "a" { input = file("${local.config}/api.json") }
resource "terraform_data" "b" { input = templatefile("${path.root}/../../../templates/${var.kind}.txt", {}) }
`,
		"environments/prod/api/common.tf", "-> ../../../common/log.tf",
		"common/log.tf", `module "log" { source = "../../../modules/log" }`,
		"modules/net/main.tf", `module "deep" { source = "./deep/er" }`,
		"modules/net/deep/er/main.tf.json", `{"module": {"names": {"source": "../../../names"}}}`,
		"modules/names/main.tf", `output "x" { value = file("${path.module}/list.txt") }`,
		"modules/log/main.tf", "",
		"modules/unused/main.tf", "",
		"config/api.json", "{}",
		"config/other.json", "{}",
		"templates/a.txt", "a",
	}
	all := []string{"prod/api", "dev/vpc", "prod/vpc"}
	for name, test := range map[string]struct {
		change []string
		want   []string
	}{
		"documentation":             {[]string{"README.md", "bye", "docs/new.md", "x"}, nil},
		"an unused module":          {[]string{"modules/unused/main.tf", "# changed", "config/other.json", "[]"}, nil},
		"the component":             {[]string{"environments/dev/vpc/main.tf", "", "environments/dev/vpc/b.tf", ""}, []string{"dev/vpc changed: component directory: b.tf added, main.tf changed; no longer uses module modules/net"}},
		"many files":                {[]string{"environments/dev/vpc/1", "", "environments/dev/vpc/2", "", "environments/dev/vpc/3", "", "environments/dev/vpc/4", ""}, []string{"dev/vpc changed: component directory: 1 added, 2 added, 3 added and 1 more"}},
		"a module":                  {[]string{"modules/net/vars.tf", ""}, []string{"dev/vpc changed: module modules/net: vars.tf added", "prod/vpc changed: module modules/net: vars.tf added"}},
		"a module's module":         {[]string{"modules/names/list.txt", "x"}, []string{"dev/vpc changed: module modules/names (through modules/net and modules/net/deep/er): list.txt added", "prod/vpc changed: module modules/names (through modules/net and modules/net/deep/er): list.txt added"}},
		"a file that is read":       {[]string{"config/api.json", "[]"}, []string{"prod/api changed: file config/api.json changed"}},
		"a folder that may be read": {[]string{"templates/a.txt", "-", "templates/b.txt", "b"}, []string{"prod/api changed: file templates: a.txt removed, b.txt added"}},
		"what a link leads to":      {[]string{"common/log.tf", "# changed"}, []string{"prod/api changed: file common/log.tf changed; no longer uses module modules/log"}},
		"what the linked code uses": {[]string{"modules/log/main.tf", "# changed"}, []string{"prod/api changed: module modules/log: main.tf changed"}},
		"a new instance":            {[]string{"environments/dev/api/main.tf", ""}, []string{"dev/api added: new instance"}},
		"a removed instance":        {[]string{"environments/prod/vpc/main.tf", "-"}, []string{"prod/vpc removed: its directory environments/prod/vpc is gone"}},
		"a module goes missing":     {[]string{"modules/log/main.tf", "-"}, []string{"prod/api changed: module modules/log removed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repository, rules := newRepository(t), folders("dev", "prod")
			before := repository.snapshot(repository.commit(base...), rules)
			if names := slices.Sorted(maps.Keys(before.Instances)); !cmp.Equal(names, slices.Sorted(slices.Values(all))) {
				t.Fatalf("instances are %v", names)
			}
			after := repository.snapshot(repository.commit(test.change...), rules)
			if diff := cmp.Diff(test.want, notes(affected(t, before, after))); diff != "" {
				t.Error(diff)
			}
			repository.git("revert", "--no-edit", "HEAD")
			reverted := repository.snapshot(repository.commit(), rules)
			if differences := affected(t, before, reverted); len(differences) > 0 {
				t.Errorf("after reverting: %v", notes(differences))
			}
		})
	}
}

func TestAffectedByConfiguration(t *testing.T) {
	t.Parallel()
	repository := newRepository(t)
	sha := repository.commit("infra/vpc/main.tf", "", "a.tfvars", "", "b.tfvars", "", "lib/x", "", "plan.sh", "")
	rules := func(change func(*config.Repository, *config.Instance)) config.Repository {
		instance := config.Instance{Environment: "prod", Path: "infra/vpc", VariableFiles: []string{"a.tfvars", "b.tfvars"}, Variables: map[string]any{"size": 1}}
		rules := folders("dev", "prod")
		rules.Stacks = config.Stacks{Layout: config.LayoutList, Engine: config.Engine{Kind: config.Terraform}}
		change(&rules, &instance)
		rules.Stacks.Instances = []config.Instance{instance}
		return rules
	}
	before := repository.snapshot(sha, rules(func(*config.Repository, *config.Instance) {}))
	for want, change := range map[string]func(*config.Repository, *config.Instance){
		"variable size changed from 1 to 2":                                                 func(_ *config.Repository, i *config.Instance) { i.Variables = map[string]any{"size": 2} },
		`variable tag added as "x"`:                                                         func(_ *config.Repository, i *config.Instance) { i.Variables = map[string]any{"size": 1, "tag": "x"} },
		"variable size removed (was 1)":                                                     func(_ *config.Repository, i *config.Instance) { i.Variables = nil },
		"order of variable files changed to b.tfvars a.tfvars":                              func(_ *config.Repository, i *config.Instance) { i.VariableFiles = []string{"b.tfvars", "a.tfvars"} },
		"workspace changed from default to eu":                                              func(_ *config.Repository, i *config.Instance) { i.Workspace = "eu" },
		"now depends on file lib/x":                                                         func(_ *config.Repository, i *config.Instance) { i.Files = []string{"lib/**"} },
		"engine changed from terraform to tofu":                                             func(r *config.Repository, _ *config.Instance) { r.Stacks.Engine.Kind = config.Tofu },
		"moved from environment prod to dev":                                                func(_ *config.Repository, i *config.Instance) { i.Environment, i.Stack = "dev", "prod" },
		"component directory moved from infra/vpc to infra: main.tf renamed to vpc/main.tf": func(_ *config.Repository, i *config.Instance) { i.Path, i.Component = "infra", "vpc" },
	} {
		got := notes(affected(t, before, repository.snapshot(sha, rules(change))))
		if want := []string{"prod/vpc changed: " + want}; !cmp.Equal(want, got) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAffectedByCommands(t *testing.T) {
	t.Parallel()
	repository, rules := newRepository(t), folders("dev")
	rules.Stacks.Engine = config.Engine{Kind: config.Command, Plan: "../../../tools/plan.sh --all", Apply: "sh ../../../tools/apply.sh; rm -rf .."}
	before := repository.snapshot(repository.commit("environments/dev/web/conf/index.html", "1", "tools/plan.sh", "", "tools/other.sh", "", "tools/apply.sh", ""), rules)
	after := repository.snapshot(repository.commit("environments/dev/web/conf/index.html", "2", "tools/plan.sh", "#", "tools/other.sh", "#"), rules)
	want := []string{"dev/web changed: component directory: conf/index.html changed; file tools/plan.sh changed"}
	if diff := cmp.Diff(want, notes(affected(t, before, after))); diff != "" {
		t.Error(diff)
	}
	rules.Stacks.Engine.Plan += " --more"
	want = []string{`dev/web changed: plan command changed from "../../../tools/plan.sh --all" to "../../../tools/plan.sh --all --more"`}
	if diff := cmp.Diff(want, notes(affected(t, after, repository.snapshot(after.Commit, rules)))); diff != "" {
		t.Error(diff)
	}
}

func TestSnapshotProblems(t *testing.T) {
	t.Parallel()
	repository := newRepository(t)
	tree, err := repository.mirror.Tree(t.Context(), repository.commit("a", ""))
	if err != nil {
		t.Fatal(err)
	}
	rules := folders("dev")
	rules.Stacks.Path = "{"
	_, err = TakeSnapshot(t.Context(), tree, rules)
	if problems, are := err.(config.Problems); !are || len(problems) != 1 {
		t.Errorf("error is %v", err)
	}
}

// Digests tell apart what is different, whatever the names hold.
func TestDigestsAreInjective(t *testing.T) {
	t.Parallel()
	input := rapid.Custom(func(t *rapid.T) Input {
		text := rapid.StringN(0, 3, 6)
		return Input{Kind: InputKind(text.Draw(t, "kind")), Name: text.Draw(t, "name"), ID: text.Draw(t, "id")}
	})
	rapid.Check(t, func(t *rapid.T) {
		one, other := rapid.SliceOfN(input, 0, 3).Draw(t, "one"), rapid.SliceOfN(input, 0, 3).Draw(t, "other")
		if slices.Equal(one, other) != (Digest(one) == Digest(other)) {
			t.Fatalf("%v and %v", one, other)
		}
	})
}

// Affected is a difference of two maps: none with itself, mirrored when turned round.
func TestAffectedIsADifference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		snapshot := func(label string) Snapshot {
			s := Snapshot{Environments: []string{"dev", "prod"}, Instances: map[string]Resolved{}}
			for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), rapid.ID).Draw(t, label) {
				resolved := Resolved{Digest: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "digest")}
				resolved.Instance.Environment = rapid.SampledFrom([]string{"dev", "prod"}).Draw(t, "environment")
				resolved.Instance.Stack, resolved.Instance.Component = resolved.Instance.Environment, name
				s.Instances[resolved.Instance.Name()] = resolved
			}
			return s
		}
		from, to := snapshot("from"), snapshot("to")
		if len(affected(t, from, from)) > 0 {
			t.Fatal("a commit differs from itself")
		}
		turned := map[DifferenceKind]DifferenceKind{Added: Gone, Gone: Added, Changed: Changed}
		var there, back []string
		for _, one := range affected(t, from, to) {
			there = append(there, one.Instance.Name()+string(one.Kind))
		}
		for _, one := range affected(t, to, from) {
			back = append(back, one.Instance.Name()+string(turned[one.Kind]))
		}
		if !slices.Equal(there, back) {
			t.Fatalf("%v and %v", there, back)
		}
	})
}
