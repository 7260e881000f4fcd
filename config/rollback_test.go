package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseRollback(t *testing.T) {
	t.Parallel()
	got, err := Parse(Path, []byte(gatesHead+`
environments:
  dev: {on_failure: halt}
  staging: {on_failure: rollback}
  prod:
    on_failure: {do: rollback, within: 30m}
    rollback: {approve: acme/sre, irreversible: "migrations/**"}
  other: {rollback: {approve: [{user: alice}, {team: acme/sre, count: 2}], irreversible: [a, "b/*.sql"], stateless: [terraform_data, "aws_ecs_*", null_resource.restart]}}
`))
	if err != nil {
		t.Fatal(err)
	}
	type both struct {
		OnFailure OnFailure
		Rollback  Rollback
	}
	want := []both{
		{},
		{OnFailure: OnFailure{Rollback: true, Within: time.Hour}},
		{OnFailure{true, 30 * time.Minute}, Rollback{Approve: []ApproveRule{{Who: Who{Teams: []string{"acme/sre"}}, Count: 1}}, Irreversible: []string{"migrations/**"}}},
		{Rollback: Rollback{Approve: []ApproveRule{{Who: Who{Users: []string{"alice"}}, Count: 1}, {Who: Who{Teams: []string{"acme/sre"}}, Count: 2}}, Irreversible: []string{"a", "b/*.sql"},
			Stateless: []string{"terraform_data", "aws_ecs_*", "null_resource.restart"}}},
	}
	var all []both
	for _, environment := range got.Environments {
		all = append(all, both{environment.OnFailure, environment.Rollback})
	}
	if diff := cmp.Diff(want, all, cmpopts.IgnoreTypes(Position{})); diff != "" {
		t.Error(diff)
	}
}

func TestRollbackProblems(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ prod, want string }{
		{"rollback: {stateless: ['*']}", "stateless has \"*\"; expected types of resources such as terraform_data"},
		{"rollback: {stateless: ['[a']}", "stateless has \"[a\""},
		{"rollback: {stateless: [module.a.b]}", "stateless has \"module.a.b\""},
		{"on_failure: rolback", "c.yml:5:17: on_failure is \"rolback\"; expected halt or rollback; did you mean rollback?"},
		{"on_failure: {within: 1h}", "on_failure lacks `do`"},
		{"on_failure: {do: halt, within: 1h}", "`within` belongs to `do: rollback`"},
		{"on_failure: {do: rollback, within: soon}", "within is \"soon\"; expected a time such as 90s, 30m, 2h or 5d"},
		{"on_failure: {do: rollback, withn: 1h}", "unknown key \"withn\" in on_failure; expected one of do, within; did you mean within?"},
		{"rollback: {aprove: acme/sre}", "unknown key \"aprove\" in rollback; expected one of approve, irreversible, stateless; did you mean approve?"},
		{"rollback: {irreversible: [\"a[\"]}", "irreversible has \"a[\", which is no pattern"},
		{"rollback: yes", "rollback is \"yes\"; expected keys such as approve, irreversible"},
	} {
		_, err := Parse("c.yml", []byte(gatesHead+"environments:\n  prod:\n    "+test.prod+"\n"))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v\nwant something with %q", test.prod, err, test.want)
		}
	}
}
