package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/trunkline/trunkline/config"
)

const withGitHub = `
version: 1
runner: {actions: a.yml, plan_environment: read}
stacks: {layout: folders, path: "environments/{environment}/{component}"}
environments:
  dev:
  prod: {github: {name: Prod/EU}}
`

func rulesOf(t *testing.T, text string) config.Repository {
	t.Helper()
	rules, err := config.Parse(config.Path, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// What GitHub's environments are called first, and what became of them, stays when the configuration is read again.
func TestGitHubEnvironmentsAreNamedOnce(t *testing.T) {
	t.Parallel()
	o := open(t)
	first := o.clock()
	o.write(func(tx *Tx) error { return tx.NameGitHubEnvironments(7, rulesOf(t, withGitHub)) })
	o.write(func(tx *Tx) error {
		return tx.SaveGitHubEnvironment(GitHubEnvironment{Repository: 7, Name: "prod/eu", Phase: EnvironmentMade, Kept: "digest"})
	})
	o.pass(time.Hour)
	o.write(func(tx *Tx) error {
		return tx.NameGitHubEnvironments(7, rulesOf(t, strings.Replace(withGitHub, "prod: {github: {name: Prod/EU}}", "eu: {github: {name: prod/eu}}", 1)))
	})
	var all map[string]GitHubEnvironment
	read := func() {
		o.write(func(tx *Tx) (err error) {
			all, err = tx.GitHubEnvironments(7)
			return err
		})
	}
	read()
	want := map[string]GitHubEnvironment{
		"dev":     {Repository: 7, Name: "dev", Environment: "dev", Since: first, Phase: EnvironmentWanted},
		"read":    {Repository: 7, Name: "read", Since: first, Phase: EnvironmentWanted},
		"prod/eu": {Repository: 7, Name: "prod/eu", Environment: "eu", Since: first, Phase: EnvironmentMade, Kept: "digest"},
	}
	if diff := cmp.Diff(want, all, cmpopts.EquateApproxTime(0)); diff != "" {
		t.Error(diff)
	}
	o.write(func(tx *Tx) error { return tx.ForgetGitHubEnvironment(all["prod/eu"]) })
	if read(); len(all) != 2 {
		t.Errorf("after one was forgotten: %v", all)
	}
}

// What is put back is told once, with what was found first, and recorded when it is done.
func TestEnvironmentChanges(t *testing.T) {
	t.Parallel()
	o := open(t)
	begin := func(what ...string) {
		o.write(func(tx *Tx) error {
			return tx.BeginEnvironmentChange(EnvironmentChange{Repository: 7, Name: "prod/eu", Environment: "prod", What: what})
		})
	}
	untold := func() (all []EnvironmentChange) {
		o.write(func(tx *Tx) (err error) {
			all, err = tx.UntoldEnvironmentChanges(7)
			return err
		})
		return all
	}
	begin("branches: all branches, to be main", "missing; to be made")
	if all := untold(); len(all) != 0 {
		t.Errorf("what was not done is to be told: %v", all)
	}
	o.pass(time.Minute)
	begin("branches: no branch, to be main", "missing; to be made", "wait timer: none, to be 5m")
	o.write(func(tx *Tx) error {
		return errors.Join(tx.EndEnvironmentChange(7, "prod/eu"), tx.EndEnvironmentChange(7, "prod/eu"), tx.EndEnvironmentChange(7, "other"))
	})
	want := []string{"branches: all branches, to be main", "missing; to be made", "wait timer: none, to be 5m"}
	all := untold()
	if len(all) != 1 || !cmp.Equal(all[0].What, want) || !all[0].At.Equal(o.clock().Add(-time.Minute)) {
		t.Fatalf("to be told: %+v", all)
	}
	var records []Record
	o.write(func(tx *Tx) (err error) {
		records, err = tx.Records(7)
		return errors.Join(err, tx.EnvironmentChangeTold(all[0].ID))
	})
	if len(records) != 1 || records[0].Kind != "environment put back" || records[0].Environment != "prod" || records[0].Reason != strings.Join(want, "; ") {
		t.Errorf("recorded: %+v", records)
	}
	if again := untold(); len(again) != 0 {
		t.Errorf("told twice: %v", again)
	}
	begin("wait timer: none, to be 5m")
	o.write(func(tx *Tx) error { return tx.EndEnvironmentChange(7, "prod/eu") })
	if next := untold(); len(next) != 1 || next[0].ID == all[0].ID {
		t.Errorf("the next one: %+v", next)
	}
}

// A repository is looked at when its time has come, once, and after a start where nobody ever looked.
func TestEnvironmentsAreLookedAtInTime(t *testing.T) {
	t.Parallel()
	o := open(t)
	nudges := func() (count int) {
		return int(one[int64](o, `SELECT COUNT(*) FROM river_job WHERE queue = 'environments'`))
	}
	o.write(func(tx *Tx) error {
		return errors.Join(tx.SaveRepository(Repository{ID: 7, Installation: 3, Owner: "acme", Name: "infrastructure", Trunk: "main"}),
			tx.Advance(Advance{Repository: 7, Tip: strings.Repeat("a", 40), Configured: true, Configuration: withGitHub}))
	})
	unlooked := func() (all []Nudge) {
		o.write(func(tx *Tx) (err error) {
			all, err = tx.UnlookedEnvironments()
			return err
		})
		return all
	}
	if all := unlooked(); len(all) != 1 || all[0].Topic != Environments || all[0].Repository != 7 {
		t.Errorf("nobody has looked at %v", all)
	}
	known := EnvironmentKeeping{Repository: 7, Private: true, Proven: true, Unpaid: map[string]string{"a": "b"}, UnpaidAt: o.clock(), Wishes: "w",
		Report: "{}", Issue: 2, IssueOpen: true, Again: time.Hour}
	o.write(func(tx *Tx) error { return tx.SaveEnvironmentKeeping(known) })
	var got EnvironmentKeeping
	o.write(func(tx *Tx) (err error) {
		got, err = tx.EnvironmentKeeping(7)
		return err
	})
	known.Again = 0
	if diff := cmp.Diff(known, got, cmpopts.EquateApproxTime(0)); diff != "" || len(unlooked()) != 0 {
		t.Error(diff, unlooked())
	}
	for _, want := range []int{0, 1, 1} {
		if err := o.Write(context.Background(), func(tx *Tx) error { return tx.NudgeDue() }); err != nil {
			t.Fatal(err)
		}
		if got := nudges(); got != want {
			t.Errorf("at %s it was asked for %d times, want %d", o.clock(), got, want)
		}
		o.pass(time.Hour)
	}
	o.write(func(tx *Tx) error { return errors.Join(tx.NudgeEnvironmentsOf(4), tx.NudgeEnvironmentsOf(3)) })
	if got := nudges(); got != 2 {
		t.Errorf("after permissions were accepted it was asked for %d times", got)
	}
}
