package environments

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/trunkline/trunkline/config"
)

const declared = `
version: 1
stacks: {layout: folders, path: "{environment}/{component}"}
environments:
  dev:
  prod:
    github:
      name: prod/eu
      wait_timer: 30m
      reviewers: [alice, acme/platform, acme/gone]
      prevent_self_review: true
      branches: [trunk, "release/*", {tag: "v*"}, main]
      variables: {region: eu}
  open: {github: {branches: all}, runner: actions}
  guarded: {github: {branches: protected}}
`

func wanted(t *testing.T) map[string]Wanted {
	t.Helper()
	rules, err := config.Parse(config.Path, []byte(declared))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]Wanted{}
	for _, one := range From(rules, "main", People{"alice": 7, "acme/platform": 7}) {
		found[one.For] = one
	}
	return found
}

func TestFrom(t *testing.T) {
	t.Parallel()
	want := map[string]Wanted{
		"dev": {For: "dev", Environment: Environment{Name: "dev", Guarded: true, Branches: Branches{Matching: true, Patterns: []Pattern{{Name: "main"}}},
			Variables: map[string]string{"TRUNKLINE_ENVIRONMENT": "dev"}}},
		"prod": {For: "prod", Nobody: []string{"acme/gone"}, Environment: Environment{Name: "prod/eu", Guarded: true, Wait: 30, PreventSelfReview: true,
			Reviewers: []Reviewer{{ID: 7, Name: "alice"}, {Team: true, ID: 7, Name: "acme/platform"}},
			Branches:  Branches{Matching: true, Patterns: []Pattern{{Name: "main"}, {Name: "release/*"}, {Name: "v*", Tag: true}}},
			Variables: map[string]string{"REGION": "eu", "TRUNKLINE_ENVIRONMENT": "prod"}}},
		"open": {For: "open", Environment: Environment{Name: "open", Guarded: true, Variables: map[string]string{"TRUNKLINE_ENVIRONMENT": "open"}}},
		"":     {Environment: Environment{Name: "plan", Branches: Branches{Matching: true, Patterns: []Pattern{{Name: "main"}}}}},
		"guarded": {For: "guarded", Environment: Environment{Name: "guarded", Guarded: true, Branches: Branches{Protected: true},
			Variables: map[string]string{"TRUNKLINE_ENVIRONMENT": "guarded"}}},
	}
	if diff := cmp.Diff(want, wanted(t), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

var all = Means{Administer: true, Fill: true, Guard: true}

func TestCompareAndSteps(t *testing.T) {
	t.Parallel()
	prod := wanted(t)["prod"]
	known := prod
	known.Nobody = nil
	right := &Found{Environment: known.Environment, IDs: map[Pattern]int64{}}
	changed := func(change func(*Found)) *Found {
		other := *right
		change(&other)
		return &other
	}
	unpaid := func(features ...Feature) Means {
		means := all
		means.Unpaid = map[Feature]string{}
		for _, f := range features {
			means.Unpaid[f] = "no"
		}
		return means
	}
	for name, one := range map[string]struct {
		wanted      Wanted
		found       *Found
		means       Means
		differences string
		steps       string
	}{
		"as it is to be": {known, right, all, "", ""},
		"missing": {known, nil, all, `missing; to be made for jobs of main, release/* and tags v*, after 30m, reviewed by acme/platform and alice`,
			"put wait 30, reviewers acme/platform and alice, self-review prevented, main, release/* and tags v*; add main; add release/*; add tag v*; guard; make REGION=eu; make TRUNKLINE_ENVIRONMENT=prod"},
		"missing, and nothing may be done": {known, nil, Means{}, `missing; to be made for jobs of main, release/* and tags v*, after 30m, reviewed by acme/platform and alice`, ""},
		"no administration, other variables": {known, changed(func(f *Found) { f.Wait, f.Variables = 0, nil }), Means{Fill: true},
			`wait timer: none, to be 30m | variable REGION: missing, to be "eu" | variable TRUNKLINE_ENVIRONMENT: missing, to be "prod"`,
			"make REGION=eu; make TRUNKLINE_ENVIRONMENT=prod"},
		"one setting": {known, changed(func(f *Found) { f.Wait = 90 }), all, "wait timer: 90m, to be 30m",
			"put wait 30, reviewers acme/platform and alice, self-review prevented, main, release/* and tags v*"},
		"a person with the id of a team": {known, changed(func(f *Found) { f.Reviewers = []Reviewer{{ID: 7, Name: "alice"}, {ID: 8, Name: "mallory"}} }), all,
			"reviewers: alice and mallory, to be acme/platform and alice",
			"put wait 30, reviewers acme/platform and alice, self-review prevented, main, release/* and tags v*"},
		"a renamed team": {known, changed(func(f *Found) {
			f.Reviewers = []Reviewer{{Team: true, ID: 7, Name: "acme/sre"}, {ID: 7, Name: "alice2"}}
		}), all, "", ""},
		"a pattern too much and one too few": {known, changed(func(f *Found) {
			f.Branches = Branches{Matching: true, Patterns: []Pattern{{Name: "main"}, {Name: "*"}, {Name: "v*", Tag: true}}}
			f.IDs = map[Pattern]int64{{Name: "*"}: 12}
		}), all, "branches: *, main and tags v*, to be main, release/* and tags v*", "add release/*; drop 12"},
		"a tag of the name of a branch": {known, changed(func(f *Found) {
			f.Branches = Branches{Matching: true, Patterns: []Pattern{{Name: "main", Tag: true}, {Name: "release/*"}, {Name: "v*", Tag: true}}}
			f.IDs = map[Pattern]int64{{Name: "main", Tag: true}: 13}
		}), all, "branches: release/*, tags main and tags v*, to be main, release/* and tags v*", "add main; drop 13"},
		"all branches": {known, changed(func(f *Found) { f.Branches = Branches{} }), all, "branches: all branches, to be main, release/* and tags v*",
			"put wait 30, reviewers acme/platform and alice, self-review prevented, main, release/* and tags v*; add main; add release/*; add tag v*"},
		"our rule, and variables in the way": {known, changed(func(f *Found) {
			f.Guarded, f.Variables = false, map[string]string{"REGION": "us", "TRUNKLINE_ENVIRONMENT": "prod", "OTHER": "x"}
		}), all, `Trunkline's rule: disabled, to be enabled | variable REGION: "us", to be "eu"`, "guard; change REGION=eu"},
		"no rule to enable":         {known, changed(func(f *Found) { f.Guarded = false }), Means{Administer: true, Fill: true}, "", ""},
		"variables not to be seen":  {known, changed(func(f *Found) { f.Hidden, f.Variables = true, nil }), all, "", ""},
		"protection that is to go":  {wanted(t)["open"], changed(func(f *Found) { f.Variables = wanted(t)["open"].Variables }), all, "wait timer: 30m, to be none | reviewers: acme/platform and alice, to be none | self-review: prevented, to be allowed | branches: main, release/* and tags v*, to be all branches", "put wait 0, reviewers none, self-review allowed, all branches"},
		"a reviewer nobody knows":   {prod, right, all, "reviewers: acme/platform and alice, to be acme/gone, acme/platform and alice (GitHub knows no acme/gone that we may see)", ""},
		"nobody known, and missing": {prod, nil, all, "missing; to be made for jobs of main, release/* and tags v*, after 30m, reviewed by acme/platform and alice | reviewers: none, to be acme/gone, acme/platform and alice (GitHub knows no acme/gone that we may see)", "put wait 30, reviewers acme/platform and alice, self-review prevented, main, release/* and tags v*; add main; add release/*; add tag v*; guard; make REGION=eu; make TRUNKLINE_ENVIRONMENT=prod"},
		"those who review stay where not all are known": {prod, changed(func(f *Found) { f.Wait, f.Reviewers = 0, []Reviewer{{ID: 9, Name: "zoe"}} }), all,
			"wait timer: none, to be 30m | reviewers: zoe, to be acme/gone, acme/platform and alice (GitHub knows no acme/gone that we may see)",
			"put wait 30, reviewers zoe, self-review prevented, main, release/* and tags v*"},
		"a plan without protection": {known, nil, unpaid(Protection, Guards),
			"missing; to be made for jobs of main, release/* and tags v*, after 30m, reviewed by acme/platform and alice" +
				" | wait timer: none, to be 30m (the plan has no wait timers and required reviewers for a private repository)" +
				" | reviewers: none, to be acme/platform and alice (the plan has no wait timers and required reviewers for a private repository)" +
				" | Trunkline's rule: disabled, to be enabled (the plan has no custom deployment protection rules for a private repository)",
			"put main, release/* and tags v*; add main; add release/*; add tag v*; make REGION=eu; make TRUNKLINE_ENVIRONMENT=prod"},
		"a plan without environments": {known, nil, unpaid(Environments), "missing; to be made for jobs of main, release/* and tags v*, after 30m, reviewed by acme/platform and alice (the plan has no environments for a private repository)", ""},
		"where runners plan":          {wanted(t)[""], nil, all, "missing; to be made for jobs of main", "put main; add main"},
		"environments that the plan has no more": {known, changed(func(f *Found) { f.Branches, f.Variables = Branches{}, known.Variables }), unpaid(Environments),
			"branches: all branches, to be main, release/* and tags v* (the plan has no environments for a private repository)", ""},
		"rules that the plan ignores": {known, right, Means{Administer: true, Fill: true, Guard: true, Unproven: true}, "",
			"put wait 30, reviewers acme/platform and alice, self-review prevented, main, release/* and tags v*"},
		"nothing that a plan could ignore": {wanted(t)["open"], &Found{Environment: wanted(t)["open"].Environment},
			Means{Administer: true, Fill: true, Guard: true, Unproven: true}, "", ""},
	} {
		var differences []string
		for _, d := range Compare(one.wanted, one.found, one.means) {
			if d.Environment != one.wanted.Name || d.For != one.wanted.For {
				t.Errorf("%s: %+v is of another environment", name, d)
			}
			differences = append(differences, d.String())
		}
		if got := strings.Join(differences, " | "); got != one.differences {
			t.Errorf("%s: differs by\n%s\nwant\n%s", name, got, one.differences)
		}
		var steps []string
		for _, step := range Steps(one.wanted, one.found, one.means) {
			steps = append(steps, step.describe())
		}
		if got := strings.Join(steps, "; "); got != one.steps {
			t.Errorf("%s: steps\n%s\nwant\n%s", name, got, one.steps)
		}
	}
}

func (s Step) describe() string {
	switch {
	case s.Put != nil:
		var parts []string
		if s.Put.Wait != nil {
			parts = append(parts, fmt.Sprintf("wait %d", *s.Put.Wait))
		}
		if s.Put.Reviewers != nil {
			parts = append(parts, "reviewers "+reviewersText(s.Put.Reviewers))
		}
		if s.Put.PreventSelfReview != nil {
			parts = append(parts, map[bool]string{true: "self-review prevented", false: "self-review allowed"}[*s.Put.PreventSelfReview])
		}
		return "put " + strings.Join(append(parts, s.Put.Branches.String()), ", ")
	case s.Add != nil && s.Add.Tag:
		return "add tag " + s.Add.Name
	case s.Add != nil:
		return "add " + s.Add.Name
	case s.Guard:
		return "guard"
	case s.Set != nil && s.Set.Exists:
		return "change " + s.Set.Name + "=" + s.Set.Value
	case s.Set != nil:
		return "make " + s.Set.Name + "=" + s.Set.Value
	}
	return fmt.Sprintf("drop %d", s.Drop)
}

func TestBare(t *testing.T) {
	t.Parallel()
	if !(Found{Environment: Environment{Name: "prod"}}).Bare() {
		t.Error("what has nothing is not bare")
	}
	for name, found := range map[string]Found{
		"wait": {Environment: Environment{Wait: 1}}, "reviewers": {Environment: Environment{Reviewers: []Reviewer{{ID: 1}}}},
		"protected": {Environment: Environment{Branches: Branches{Protected: true}}}, "matching": {Environment: Environment{Branches: Branches{Matching: true}}},
		"our rule": {Environment: Environment{Guarded: true}}, "others": {Others: 1}, "a variable": {Environment: Environment{Variables: map[string]string{"A": ""}}},
	} {
		if found.Bare() {
			t.Errorf("one with %s is bare", name)
		}
	}
}
