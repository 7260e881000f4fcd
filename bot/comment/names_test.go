package comment

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/stack"
)

func TestHide(t *testing.T) {
	t.Parallel()
	regional := stack.Instance{Environment: "prod", Stack: "prod/us-east-1", Workspace: "prod-use1", Component: "vpc"}
	atmos := stack.Instance{Environment: "prod", Stack: "acme-ue1-prod", Workspace: "acme-ue1-prod", Component: "vpc"}
	for _, test := range []struct {
		instance stack.Instance
		in, want string
	}{
		{regional, `"acme-prod-logs"`, `"acme-‹environment›-logs"`},
		{regional, `"prod"`, `"‹environment›"`},
		{regional, `product of prod, reprod, prod_2, prod2`, `product of ‹environment›, reprod, ‹environment›_2, prod2`},
		{regional, `arn:aws:sns:us-east-1:1:prod-use1`, `arn:aws:sns:‹stack›:1:‹workspace›`},
		{regional, `prod/us-east-1`, `‹environment›/‹stack›`},
		{atmos, `"acme-ue1-prod-vpc" in prod`, `"‹stack›-vpc" in ‹environment›`},
		{regional, `‹environment›`, `‹‹environment›`},
		{stack.Instance{Environment: "a", Stack: "a", Workspace: "default"}, `a default`, `a default`},
	} {
		if got := namingOf(test.instance).hide(test.in); got != test.want {
			t.Errorf("%s in %s: got %s, want %s", test.in, test.instance.Stack, got, test.want)
		}
	}
}

// Whatever is hidden can be put back, so what looks the same with names hidden is the same but for these names.
func TestNothingIsLostByHiding(t *testing.T) {
	t.Parallel()
	word := rapid.StringOfN(rapid.RuneFrom([]rune("ab-/‹›é1")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		n := namingOf(stack.Instance{Environment: word.Draw(t, "environment"), Stack: word.Draw(t, "stack"), Workspace: word.Draw(t, "workspace")})
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab-/‹›é1 environmtsckwp")), 0, 30, -1).Draw(t, "text")
		if rapid.Bool().Draw(t, "names") {
			for _, pair := range n.pairs {
				text += " " + pair[0] + pair[1]
			}
		}
		hidden := n.hide(text)
		if len(n.pairs) == 0 && hidden == text {
			return
		}
		var back strings.Builder
		for rest := hidden; rest != ""; {
			taken := false
			if after, quoted := strings.CutPrefix(rest, "‹‹"); quoted {
				back.WriteString("‹")
				rest = after
				continue
			}
			for _, pair := range n.pairs {
				if after, is := strings.CutPrefix(rest, pair[1]); is && !taken {
					back.WriteString(pair[0])
					rest, taken = after, true
				}
			}
			if !taken {
				back.WriteByte(rest[0])
				rest = rest[1:]
			}
		}
		if back.String() != text {
			t.Fatalf("%q with %q hidden is %q, which reads as %q", text, n.pairs, hidden, back.String())
		}
	})
}

func named(environment, component, value string) planner.InstancePreview {
	return planned(environment, component, environment+component, engine.Change{Address: "aws_s3_bucket.logs", Action: engine.Create,
		Attributes: []engine.Attribute{{Path: "bucket", After: `"` + value + `"`}}})
}

// What only looks the same is not taken for the same.
func TestWhatLooksTheSame(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		instances []planner.InstancePreview
		want      string // the summaries
	}{
		"as it is": {[]planner.InstancePreview{named("dev", "s3", "logs"), named("prod", "s3", "logs")},
			"`s3` in dev and prod, the same in each"},
		"but for names": {[]planner.InstancePreview{named("dev", "s3", "dev-logs"), named("prod", "s3", "prod-logs")},
			"`s3` in dev and prod, the same in each but for names"},
		"prod with the bucket of dev": {[]planner.InstancePreview{named("dev", "s3", "dev-logs"), named("staging", "s3", "staging-logs"), named("prod", "s3", "dev-logs")},
			"`s3` in dev and prod, the same in each|`s3` in staging"},
		"dev with the bucket of prod": {[]planner.InstancePreview{named("dev", "s3", "prod-logs"), named("staging", "s3", "staging-logs"), named("prod", "s3", "prod-logs")},
			"`s3` in dev and prod, the same in each|`s3` in staging"},
		"other values": {[]planner.InstancePreview{named("dev", "s3", "dev-logs"), named("prod", "s3", "prod-log")},
			"`s3` in prod|`s3` in dev"},
		"several components": {[]planner.InstancePreview{named("dev", "a", "x"), named("dev", "b", "x"), named("prod", "a", "x"), named("prod", "b", "x")},
			"`a` and `b` in dev and prod, the same in each"},
		"several components but for their names": {[]planner.InstancePreview{named("dev", "api", "dev-api"), named("dev", "web", "dev-web"), named("prod", "api", "prod-api"), named("prod", "web", "prod-web")},
			"`api` and `web` in dev and prod, the same in each but for names"},
		"a component with the name of another": {[]planner.InstancePreview{named("dev", "api", "api"), named("dev", "web", "api"), named("dev", "job", "job")},
			"`api` and `web` in dev, the same in each|`job` in dev"},
		"several components in other places": {[]planner.InstancePreview{named("dev", "a", "x"), named("dev", "b", "x"), named("prod", "a", "x")},
			"`a` in dev and prod, the same in each|`b` in dev"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, g := range grouped(test.instances, Options{}) {
				summary, _, _ := strings.Cut(strings.ReplaceAll(g.summary().markdown(false), "**", ""), ":")
				got = append(got, summary)
			}
			if got := strings.Join(got, "|"); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// What prod gets and staging does not is told apart from what both get, names aside.
func TestContrast(t *testing.T) {
	t.Parallel()
	create := func(address, value string) engine.Change {
		return engine.Change{Address: address, Action: engine.Create, Attributes: []engine.Attribute{{Path: "name", After: `"` + value + `"`}}}
	}
	destroy := engine.Change{Address: "aws_x.gone", Action: engine.Destroy}
	diff := func(instances ...planner.InstancePreview) string {
		for _, g := range grouped(instances, Options{}) {
			if g.first().Instance.Environment == "prod" {
				plan := g.first().Plan
				return g.view.diff(plan, g.parts(plan.Changes), 1000, 1000).text
			}
		}
		return ""
	}
	for name, test := range map[string]struct{ got, want string }{
		"more in prod": {diff(planned("staging", "s3", "s", create("a.logs", "staging-logs")), planned("prod", "s3", "p", create("a.logs", "prod-logs"), create("a.more", "more"))),
			"# not in staging\n+ create a.more\n+   name: \"more\"\n\n# as in staging\n+ create a.logs\n+   name: \"prod-logs\"\n"},
		"both destroy": {diff(planned("staging", "s3", "s", destroy), planned("prod", "s3", "p", destroy, create("a.more", "more"))),
			"# as in staging\n- destroy aws_x.gone\n\n# not in staging\n+ create a.more\n+   name: \"more\"\n"},
		"nothing in common": {diff(planned("staging", "s3", "s", create("a.logs", "x")), planned("prod", "s3", "p", create("a.logs", "y"))),
			"+ create a.logs\n+   name: \"y\"\n"},
		"less in prod": {diff(planned("staging", "s3", "s", destroy, create("a.logs", "x")), planned("prod", "s3", "p", create("a.logs", "x"))),
			"+ create a.logs\n+   name: \"x\"\n"},
		"another component": {diff(planned("staging", "sns", "s", destroy), planned("prod", "s3", "p", destroy, create("a.more", "more"))),
			"- destroy aws_x.gone\n\n+ create a.more\n+   name: \"more\"\n"},
	} {
		if test.got != test.want {
			t.Errorf("%s:\n%s\nwanted:\n%s", name, test.got, test.want)
		}
	}
}
