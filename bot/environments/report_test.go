package environments

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/config"
)

func TestFates(t *testing.T) {
	t.Parallel()
	wait := Difference{Setting: SettingWait}
	variable := Difference{Setting: "variable A"}
	rule := Difference{Setting: SettingRule, Implicit: true}
	waited := Difference{Setting: SettingRule, Waited: true}
	able := Means{Administer: true, Fill: true}
	for name, one := range map[string]struct {
		situation Situation
		of        Difference
		want      Fate
	}{
		"missing":                              {Situation{Means: able, New: true}, wait, Made},
		"exists":                               {Situation{Means: able}, wait, Left},
		"enforced":                             {Situation{Keeping: config.Enforce, Means: able}, wait, Changed},
		"enforced, and missing":                {Situation{Keeping: config.Enforce, Means: able, New: true}, wait, Made},
		"off, and missing":                     {Situation{Keeping: config.Off, Means: able, New: true}, wait, Left},
		"enforced, not permitted":              {Situation{Keeping: config.Enforce, Means: Means{Fill: true}}, wait, Forbidden},
		"a variable without administration":    {Situation{Keeping: config.Enforce, Means: Means{Fill: true}}, variable, Changed},
		"a variable, not permitted":            {Situation{Keeping: config.Enforce, Means: Means{Administer: true}}, variable, Forbidden},
		"a rule that nobody waits for":         {Situation{Means: able}, rule, Left},
		"a rule that jobs wait for":            {Situation{Means: able}, waited, Changed},
		"a rule that jobs wait for, by hand":   {Situation{}, waited, Forbidden},
		"what the plan lacks, although new":    {Situation{Means: able, New: true}, Difference{Lacks: Protection}, Unpaid},
		"reviewers unknown, although enforced": {Situation{Keeping: config.Enforce, Means: able}, Difference{Nobody: []string{"x"}}, Unknown},
	} {
		if got := one.situation.Fate(one.of); got != one.want {
			t.Errorf("%s: %s, want %s", name, got, one.want)
		}
	}
}

func TestRemaining(t *testing.T) {
	t.Parallel()
	findings := []Finding{{Fate: Made}, {Fate: Left}, {Fate: Changed}, {Fate: Unpaid, Difference: Difference{Implicit: true}}}
	if diff := cmp.Diff([]Finding{findings[1], findings[3]}, Remaining(findings, "")); diff != "" || !Pending(findings) {
		t.Error(diff)
	}
	refused := Remaining(findings, "no")
	if len(refused) != 4 || refused[0].Fate != Refused || refused[0].Why != "no" || refused[1].Why != "" || Pending(refused) {
		t.Errorf("refused: %+v", refused)
	}
}

// What comes with every environment and is in no plan is nothing that anybody has to be told of.
func TestSame(t *testing.T) {
	t.Parallel()
	implicit := Finding{Difference: Difference{Implicit: true, Lacks: Guards}, Fate: Unpaid}
	for name, one := range map[string]struct {
		report Report
		same   bool
	}{
		"nothing":       {Report{}, true},
		"implicit":      {Report{Findings: []Finding{implicit}, Permission: "x", Unseen: true}, true},
		"asked for":     {Report{Findings: []Finding{implicit, {Fate: Left}}}, false},
		"not permitted": {Report{Findings: []Finding{{Difference: Difference{Implicit: true}, Fate: Forbidden}}}, false},
		"blind":         {Report{Blind: "x"}, false},
		"left over":     {Report{Leftover: []string{"x"}}, false},
	} {
		if one.report.Same() != one.same {
			t.Errorf("%s: same %t", name, one.report.Same())
		}
	}
}

func TestForeseen(t *testing.T) {
	t.Parallel()
	d := Difference{Environment: "a`b", Setting: SettingWait, Has: "none", Wants: "5m"}
	for fate, want := range map[Fate]string{
		Changed: "`a'b`: wait timer: none, to be 5m", Made: "`a'b`: wait timer: none, to be 5m",
		Left: "changes nothing that exists", Forbidden: "to be done by hand",
	} {
		if got := (Finding{Difference: d, Fate: fate}).Foreseen(); !strings.Contains(got, want) {
			t.Errorf("%s: %s", fate, got)
		}
	}
	d.Setting, d.Wants = SettingEnvironment, "jobs of main"
	if got := (Finding{Difference: d, Fate: Made}).Foreseen(); got != "`a'b` is made, for jobs of main" {
		t.Error(got)
	}
}
