package comment

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/stack"
)

// situation is one that a reviewer meets. Those with a recording have the plans of the real terraform.
type situation struct {
	name string
	// about: what to look at, where there is no recording that says it.
	about string
	// recording of the plans; empty: that of the situation's own name.
	recording string
	// without a recording: there are no plans.
	without bool
	options Options
	// edit completes what the plans do not say.
	edit func(testing.TB, *planner.Preview)
}

func problem(title, detail, file string, line, column int) func(testing.TB, *planner.Preview) {
	return func(_ testing.TB, p *planner.Preview) {
		p.Problem = &planner.Problem{Title: title, Detail: detail, File: file, Line: line, Column: column}
	}
}

func nothing(testing.TB, *planner.Preview) {}

var situations = []situation{
	{name: "small-change-in-one-environment"},
	{name: "same-change-in-three-environments"},
	{name: "replaced-because-of-an-attribute"},
	{name: "resources-destroyed"},
	{name: "readable-differences"},
	{name: "new-environment"},
	{name: "outputs-only"},
	{name: "imported-moved-and-forgotten"},
	{name: "condition-does-not-hold"},
	{name: "regions-of-prod"},
	{name: "plan-fails-at-a-line"},
	{name: "prod-two-merges-behind", edit: func(_ testing.TB, p *planner.Preview) {
		p.Instances[1].Behind = []int{38, 40}
		p.Instances[1].Reasons = []string{"component directory: main.tf changed"} // the variable came with #40
	}},
	{name: "half-way", recording: "same-change-in-three-environments",
		about: "One of three plans is there. The comment fills in as they come, in few edits, and says how far it is.",
		edit: func(_ testing.TB, p *planner.Preview) {
			p.Instances[1] = planner.InstancePreview{Instance: p.Instances[1].Instance, Outcome: planner.Planning}
			p.Instances[2] = planner.InstancePreview{Instance: p.Instances[2].Instance, Outcome: planner.Waiting}
			p.Checks = []planner.CheckResult{{Name: "validate", Outcome: planner.CheckPassed}, {Name: "checkov", Outcome: planner.CheckRunning}}
		}},
	{name: "public-repository", recording: "replaced-because-of-an-attribute", options: Options{NamesOnly: true},
		about: "On a public repository attributes are named, and their values are not shown.",
		edit:  nothing},
	{name: "five-hundred-instances", without: true, options: Options{Full: "https://github.com/acme/infra/runs/1"},
		about: "A tag for 126 services in three environments, one of which has two regions: 500 plans, of which three have to be read. The table of all components is folded behind its sums.",
		edit:  fiveHundred},
	{name: "policies-and-scanners", recording: "resources-destroyed",
		about: "A policy denies what the plan would do, another one warns, and a scanner finds something on a changed line. Each says which rule said it, and where.",
		edit: func(_ testing.TB, p *planner.Preview) {
			p.Checks = []planner.CheckResult{checkResult("validate"),
				checkResult("policies",
					planner.Finding{Level: planner.Deny, Message: "`terraform_data.backup` holds backups: it may not be destroyed", Resource: "terraform_data.backup", Instances: []string{"dev/cluster", "prod/cluster"}, Source: "policies/backups.rego:7"},
					planner.Finding{Level: planner.Warn, Message: "more than two nodes are removed at once", Instances: []string{"prod/cluster"}, Source: "policies/nodes.rego:12"}),
				checkResult("checkov", planner.Finding{Level: planner.Warn, Message: "Ensure that instances have detailed monitoring enabled", Rule: "CKV_AWS_126", File: "components/cluster/main.tf", Line: 4, EndLine: 7, ChangedLine: 5})}
		}},
	{name: "state-would-move", recording: "small-change-in-one-environment",
		about: "A rename of the workspace would make terraform look for the state elsewhere, and create everything again. The instance is not planned; the warning says what moves, and how to keep it.",
		edit: func(_ testing.TB, p *planner.Preview) {
			moved := stack.Instance{Environment: "prod", Stack: "prod", Component: "vpc"}
			p.Instances = append(p.Instances, planner.InstancePreview{Instance: moved, Outcome: planner.Moved,
				Reasons: []string{"workspace changed from prod-vpc to prod-network"},
				Moves: []planner.StateMove{{What: "workspace", From: "prod-vpc", To: "prod-network", Keep: "metadata.terraform_workspace: prod-vpc"},
					{What: "workspace_key_prefix", From: "vpc", To: "network", Keep: "backend.s3.workspace_key_prefix: vpc"}}})
		}},
	{name: "instance-removed", recording: "small-change-in-one-environment",
		about: "An instance leaves the configuration. What it has deployed does not go by that: the comment says so.",
		edit: func(_ testing.TB, p *planner.Preview) {
			p.Instances[0] = planner.InstancePreview{Instance: stack.Instance{Environment: "dev", Stack: "dev", Component: "legacy"}, Outcome: planner.Removed}
		}},
	{name: "nothing-affected", without: true, edit: nothing,
		about: "A change of the documentation: no instance depends on it, so there is nothing to plan, and the check passes at once."},
	{name: "conflict-with-trunk", without: true,
		about: "What is planned is the merge. Where there is none, the comment says which files stand in its way.",
		edit: problem("Conflict with main", "components/vpc/main.tf and environments/prod/vpc.tfvars were changed on both sides and cannot be merged into main. "+
			"Bring the branch up to date; every push is planned.", "", 0, 0)},
	{name: "configuration-error", without: true,
		about: "The pull request breaks the configuration: file, line, what was expected and the nearest name that exists; all errors at once, and each as an annotation.",
		edit: func(t testing.TB, p *planner.Preview) {
			problem("This would break the configuration", "unknown key \"afer\" in environment prod; expected one of after, promote, verify; did you mean after?", ".github/trunkline.yml", 12, 5)(t, p)
			p.Problem.More = []planner.Problem{
				{File: ".github/trunkline.yml", Line: 14, Column: 14, Detail: "promote is \"atuo\"; expected auto or manual; did you mean auto?"},
				{File: ".github/trunkline.yml", Line: 20, Column: 5, Detail: "there are no policies (*.rego) in `polices`; did you mean `policies`?"}}
		}},
	{name: "fork-not-trusted", without: true,
		about: "Planning runs code. That of a fork is run only after someone with write access has read it and asks for it, for exactly that commit.",
		edit: problem("Not planned: planning runs the code of the pull request",
			"It comes from a fork. Someone with write access who has read it can write `/plan at "+headSHA+"`.", "", 0, 0)},
}

func (s situation) preview(t testing.TB) planner.Preview {
	t.Helper()
	p := preview()
	if !s.without {
		recorded := s.recording
		if recorded == "" {
			recorded = s.name
		}
		p = readRecording(t, recorded).preview(t)
	}
	if s.edit != nil {
		s.edit(t, &p)
	}
	return p
}

// Each is a comment to be read by a person: testdata/comments/situation-*.md, and as pictures in docs/comments.md.
func TestSituations(t *testing.T) {
	t.Parallel()
	for _, s := range situations {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			p := s.preview(t)
			golden(t, "situation-"+s.name+".md", Preview(p, s.options))
			if s.name == "plan-fails-at-a-line" {
				golden(t, "situation-"+s.name+"-check.md", shownCheck(Check(p, s.options)))
			}
		})
	}
}

// fiveHundred are 126 services in three environments, in prod most of them in two places, that get a tag. A few also
// get another owner, which replaces something.
func fiveHundred(t testing.TB, p *planner.Preview) {
	r := readRecording(t, "service-template")
	instance := func(template, service string) planner.InstancePreview {
		parts := strings.Split(template, "/")
		recorded := stack.Instance{Environment: parts[0], Stack: template, Component: "SERVICE", Path: "components/SERVICE", Variables: r.variablesAfter[template+"/SERVICE"]}
		one := r.instance(t, recorded, func(text string) string { return strings.ReplaceAll(text, "SERVICE", service) })
		one.Instance.Component = service
		return one
	}
	words := []string{"orders", "billing", "search", "stock", "mail", "audit", "prices", "carts", "users", "media", "events", "reports", "taxes", "returns"}
	kinds := []string{"api", "worker", "cache", "web", "batch", "feed", "index", "proxy", "sync"}
	for _, environment := range p.Environments {
		for i := range len(words) * len(kinds) {
			service := words[i%len(words)] + "-" + kinds[i/len(words)]
			p.Instances = append(p.Instances, instance(environment, service))
			switch {
			case environment != "prod" || i >= 122:
			case i%17 == 3:
				p.Instances = append(p.Instances, instance("prod/eu-west-1", service))
			default: // as in the other place
				same := p.Instances[len(p.Instances)-1]
				same.Instance.Stack = "prod/eu-west-1"
				p.Instances = append(p.Instances, same)
			}
		}
	}
}

// The gallery says and shows what there is: docs/comments.md.
func TestGallery(t *testing.T) {
	t.Parallel()
	page := galleryHead
	for _, s := range situations {
		about := s.about
		if about == "" {
			about = readRecording(t, s.name).about
		}
		title := strings.ReplaceAll(s.name, "-", " ")
		title = strings.ToUpper(title[:1]) + title[1:]
		page += fmt.Sprintf("\n## %s\n\n%s\n\n![%s](images/comments/%s.png)\n\n[As text](../testdata/comments/situation-%s.md)\n", title, about, title, s.name, s.name)
		if info, err := os.Stat(filepath.Join("../../docs/images/comments", s.name+".png")); err != nil {
			t.Errorf("%v; make pictures paints it", err)
		} else if info.Size() > 150_000 {
			t.Errorf("the picture of %s has %d bytes", s.name, info.Size())
		}
	}
	golden(t, "../../docs/comments.md", page)
}

const galleryHead = `# What the comment looks like

One comment on each pull request says what merging it will do, in every environment. It is made to be read from the top,
and to be left as early as possible:

1. **The headline**: what happens in all, what can hurt first.
2. **The table**: environments across, components down; ⚠️ marks where something is destroyed or replaced.
3. **What must not be missed**: what is destroyed or replaced, why and where; where a plan holds more than this pull request.
4. **The checks**: those that do not pass, with what they found.
5. **The plans**: what failed first, then what destroys, then the others, later environments first. Equal ones are shown
   once, also where they differ in the names of their environments, stacks or components only. What prod gets and staging does not stands under a title of
   its own. Small ones are open.

A draft gets its comment when it is ready, or when someone types ` + "`/plan`" + `.

In a plan, lines with ` + "`+`" + ` are created or added, with ` + "`-`" + ` destroyed or removed, with ` + "`!`" + ` changed. Sensitive values are never
shown, nor are any values on public repositories.

The plans below were made by terraform from the code in [testdata/situations](../testdata/situations), and the pictures
were taken in a browser: ` + "`make situations`" + ` plans anew, ` + "`make golden`" + ` writes the texts, ` + "`make pictures`" + ` paints them.
`
