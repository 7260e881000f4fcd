package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseRelease(t *testing.T) {
	t.Parallel()
	got, err := Parse(Path, []byte(gatesHead+`
environments:
  dev: {release: {run: ./traffic.sh}}
  prod:
    release:
      run: ./traffic.sh
      timeout: 5m
      steps: [1, 10%, 50, 100]
      approve: acme/sre
      watch: {name: errors, run: ./errors.sh, for: 2m}
      allow: [alice, acme/product]
      required: true
  other:
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Release{
		{Run: "./traffic.sh"},
		{Run: "./traffic.sh", Timeout: 5 * time.Minute, Steps: []int{1, 10, 50, 100},
			Approve: []ApproveRule{{Who: Who{Teams: []string{"acme/sre"}}, Count: 1}},
			Watch: []Watch{{Name: "errors", Run: "./errors.sh", For: 2 * time.Minute, Every: 30 * time.Second, NoData: MissingFails,
				Unreachable: MissingFails, Timeout: time.Minute}},
			Allow: Who{Users: []string{"alice"}, Teams: []string{"acme/product"}}, Required: true},
		{},
	}
	var all []Release
	for _, environment := range got.Environments {
		all = append(all, environment.Release)
	}
	if diff := cmp.Diff(want, all, cmpopts.IgnoreTypes(Position{})); diff != "" {
		t.Error(diff)
	}
	if !all[0].Declared() || all[2].Declared() {
		t.Error("a release is declared where it is not, or is not where it is")
	}
}

func TestReleaseProblems(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ release, want string }{
		{"{steps: [100]}", "release needs one of `run` and `workflow`"},
		{`{run: " "}`, "run is empty; expected a shell command"},
		{"{run: x, workflow: y.yml}", "release needs one of `run` and `workflow`"},
		{"{run: x, step: [100]}", `unknown key "step" in release`},
		{"{run: x, steps: [10, 50]}", "steps end before 100"},
		{"{run: x, steps: []}", "steps end before 100"},
		{"{run: x, steps: [50, 10, 100]}", "c.yml:5:35: the step 10 comes after 50"},
		{"{run: x, steps: [50, 50, 100]}", "the step 50 comes after 50"},
		{"{run: x, steps: [0, 100]}", "a step is 0; expected a percentage from 1 to 100"},
		{"{run: x, steps: [1, 101]}", "a step is 101; expected a percentage from 1 to 100"},
		{"{run: x, steps: [0.5, 100]}", `a step is "0.5"; expected a whole number`},
		{"{run: x, required: maybe}", `required is "maybe"`},
		{"{run: x, watch: {name: a, run: b}}", "a watch lacks `for`"},
		{"yes", `release is "yes"; expected keys such as allow, approve`},
	} {
		_, err := Parse("c.yml", []byte(gatesHead+"environments:\n  prod:\n    release: "+test.release+"\n"))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v\nwant something with %q", test.release, err, test.want)
		}
	}
}
