package promote

import (
	"strings"
	"testing"

	"github.com/trunkline/trunkline/config"
)

// What keeps nothing may be destroyed and come back; everything else beside it may not.
func TestLostOfWhatKeepsNothing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		stateless []string
		address   string
		lost      bool
	}{
		{nil, "terraform_data.server", true},
		{[]string{"terraform_data"}, "terraform_data.server", false},
		{[]string{"terraform_data"}, `module.replica["a.b"].module.c[0].terraform_data.server["aws_db.main"]`, false},
		{[]string{"terraform_data"}, `aws_db.main["terraform_data.server"]`, true},
		{[]string{"terraform_data"}, `aws_db.main["x\"].terraform_data.server"]`, true},
		{[]string{"terraform_data"}, "module.terraform_data.aws_db.main", true},
		{[]string{"aws_ecs_*", "null_resource.restart"}, "aws_ecs_task_definition.app", false},
		{[]string{"aws_ecs_*", "null_resource.restart"}, "null_resource.restart[1]", false},
		{[]string{"aws_ecs_*", "null_resource.restart"}, "null_resource.database", true},
		{[]string{"aws_ecs_*"}, "my_aws_ecs_service.app", true},
	} {
		w := brought(t, Touched{Deployment: 6, Instance: "dev/app", Created: []string{test.address}, Destroyed: []string{test.address}})
		w.state.Rules.Environments[0].Rollback.Stateless = test.stateless
		state := w.state.indexed()
		c, _ := consider(&state, state.Rules.Environments[0])
		for name, plan := range map[string]PlannedInstance{
			"destroy": {Name: "dev/app", Destroying: []string{test.address}},
			"replace": {Name: "dev/app", Destroying: []string{test.address}, Creating: []string{test.address}},
			"create":  {Name: "dev/app", Creating: []string{test.address}},
		} {
			if lost := c.lost(state.back(state.Trunk[2], state.Trunk[1]), Plan{Instances: []PlannedInstance{plan}}); (lost != "") != test.lost {
				t.Errorf("with %q, to %s %s would lose %q", test.stateless, name, test.address, lost)
			}
		}
	}
}

// A commit that declares what keeps nothing does not count for its own rollback.
func TestStatelessCountsWhenAllRulesSaySo(t *testing.T) {
	t.Parallel()
	say := ruleset{Environment: config.Environment{Rollback: config.Rollback{Stateless: []string{"terraform_data"}}}}
	for _, test := range []struct {
		versions []ruleset
		want     bool
	}{{[]ruleset{say}, true}, {[]ruleset{say, say}, true}, {[]ruleset{say, {}}, false}, {[]ruleset{{}, say}, false}, {nil, false}} {
		c := considered{versions: test.versions}
		if got := c.stateless("terraform_data.server"); got != test.want {
			t.Errorf("with %d versions it is %v", len(test.versions), got)
		}
	}
}

// Addresses come from plans: none makes it fail, and what is no address is no resource.
func TestResourceIn(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "a", `a.b["`, "a.b[", "]", `module.a["\`, strings.Repeat("[", 100)} {
		if kind, name := resourceIn(address); kind != "" || name != "" {
			t.Errorf("in %q it finds %s.%s", address, kind, name)
		}
	}
}
