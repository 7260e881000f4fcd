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
	// about: what to look at, where there is no recording that says it.
	about string
	// recording of the plans; empty: that of the situation's own name.
	recording string
	// without a recording: there are no plans.
	without bool
	options Options
	// edit completes what the plans do not say.
	edit func(*planner.Preview)
}

func problem(title, detail, file string, line, column int) func(*planner.Preview) {
	return func(p *planner.Preview) {
		p.Problem = &planner.Problem{Title: title, Detail: detail, File: file, Line: line, Column: column}
	}
}

var situations = map[string]situation{
	"small-change-in-one-environment":   {},
	"same-change-in-three-environments": {},
	"replaced-because-of-an-attribute":  {},
	"resources-destroyed":               {},
	"readable-differences":              {},
	"new-environment":                   {},
	"outputs-only":                      {},
	"imported-moved-and-forgotten":      {},
	"condition-does-not-hold":           {},
	"regions-of-prod":                   {},
	"plan-fails-at-a-line":              {},
	"prod-two-merges-behind": {edit: func(p *planner.Preview) {
		p.Instances[1].Behind = []int{38, 40}
		p.Instances[1].Reasons = []string{"component directory: main.tf changed"} // the variable came with #40
	}},
	"half-way": {recording: "same-change-in-three-environments",
		about: "One of three plans is there. The comment fills in as they come, in few edits, and says how far it is.",
		edit: func(p *planner.Preview) {
			p.Instances[1] = planner.InstancePreview{Instance: p.Instances[1].Instance, Outcome: planner.Planning}
			p.Instances[2] = planner.InstancePreview{Instance: p.Instances[2].Instance, Outcome: planner.Waiting}
			p.Checks = []planner.CheckResult{{Name: "validate", Outcome: planner.CheckPassed}, {Name: "checkov", Outcome: planner.CheckRunning}}
		}},
	"public-repository": {recording: "replaced-because-of-an-attribute", options: Options{NamesOnly: true},
		about: "On a public repository attributes are named, and their values are not shown.",
		edit:  func(*planner.Preview) {}},
	"policies-and-scanners": {recording: "resources-destroyed",
		about: "A policy denies what the plan would do, another one warns, and a scanner finds something on a changed line. Each says which rule said it, and where.",
		edit: func(p *planner.Preview) {
			p.Checks = []planner.CheckResult{checkResult("validate"),
				checkResult("policies",
					planner.Finding{Level: planner.Deny, Message: "`terraform_data.backup` holds backups: it may not be destroyed", Resource: "terraform_data.backup", Instances: []string{"dev/cluster", "prod/cluster"}, Source: "policies/backups.rego:7"},
					planner.Finding{Level: planner.Warn, Message: "more than two nodes are removed at once", Instances: []string{"prod/cluster"}, Source: "policies/nodes.rego:12"}),
				checkResult("checkov", planner.Finding{Level: planner.Warn, Message: "Ensure that instances have detailed monitoring enabled", Rule: "CKV_AWS_126", File: "components/cluster/main.tf", Line: 4, EndLine: 7, ChangedLine: 5})}
		}},
	"state-would-move": {recording: "small-change-in-one-environment",
		about: "A rename of the workspace would make terraform look for the state elsewhere, and create everything again. The instance is not planned; the warning says what moves, and how to keep it.",
		edit: func(p *planner.Preview) {
			moved := stack.Instance{Environment: "prod", Stack: "prod", Component: "vpc"}
			p.Instances = append(p.Instances, planner.InstancePreview{Instance: moved, Outcome: planner.Moved,
				Reasons: []string{"workspace changed from prod-vpc to prod-network"},
				Moves: []planner.StateMove{{What: "workspace", From: "prod-vpc", To: "prod-network", Keep: "metadata.terraform_workspace: prod-vpc"},
					{What: "workspace_key_prefix", From: "vpc", To: "network", Keep: "backend.s3.workspace_key_prefix: vpc"}}})
		}},
	"instance-removed": {recording: "small-change-in-one-environment",
		about: "An instance leaves the configuration. What it has deployed does not go by that: the comment says so.",
		edit: func(p *planner.Preview) {
			p.Instances[0] = planner.InstancePreview{Instance: stack.Instance{Environment: "dev", Stack: "dev", Component: "legacy"}, Outcome: planner.Removed}
		}},
	"nothing-affected": {without: true, edit: func(*planner.Preview) {},
		about: "A change of the documentation: no instance depends on it, so there is nothing to plan, and the check passes at once."},
	"conflict-with-trunk": {without: true,
		about: "What is planned is the merge. Where there is none, the comment says which files stand in its way.",
		edit: problem("Conflict with main", "components/vpc/main.tf and environments/prod/vpc.tfvars were changed on both sides and cannot be merged into main. "+
			"Bring the branch up to date; every push is planned.", "", 0, 0)},
	"configuration-error": {without: true,
		about: "The pull request breaks the configuration: file, line, what was expected and the nearest name that exists; all errors at once, and each as an annotation.",
		edit: func(p *planner.Preview) {
			problem("This would break the configuration", "unknown key \"afer\" in environment prod; expected one of after, promote, verify; did you mean after?", ".github/trunkline.yml", 12, 5)(p)
			p.Problem.More = []planner.Problem{
				{File: ".github/trunkline.yml", Line: 14, Column: 14, Detail: "promote is \"atuo\"; expected auto or manual; did you mean auto?"},
				{File: ".github/trunkline.yml", Line: 20, Column: 5, Detail: "there are no policies (*.rego) in `polices`; did you mean `policies`?"}}
		}},
	"fork-not-trusted": {without: true,
		about: "Planning runs code. That of a fork is run only after someone with write access has read it and asks for it, for exactly that commit.",
		edit: problem("Not planned: planning runs the code of the pull request",
			"It comes from a fork. Someone with write access who has read it can write `/plan at "+headSHA+"`.", "", 0, 0)},
}

func (s situation) preview(t testing.TB, name string) planner.Preview {
	t.Helper()
	p := preview()
	if !s.without {
		recorded := s.recording
		if recorded == "" {
			recorded = name
		}
		p = readRecording(t, recorded).preview(t)
	}
	if s.edit != nil {
		s.edit(&p)
	}
	return p
}

// Each is a comment to be read by a person: testdata/comments/situation-*.md, and as pictures in docs/comments.md.
func TestSituations(t *testing.T) {
	t.Parallel()
	for name, s := range situations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := s.preview(t, name)
			golden(t, "situation-"+name+".md", Preview(p, s.options))
			if name == "plan-fails-at-a-line" {
				golden(t, "situation-"+name+"-check.md", shownCheck(Check(p, s.options)))
			}
		})
	}
	t.Run("five-hundred-instances", func(t *testing.T) {
		t.Parallel()
		golden(t, "situation-five-hundred-instances.md", Preview(fiveHundred(t), Options{Full: "https://github.com/acme/infra/runs/1"}))
	})
}

// fiveHundred are 126 services in three environments, one of them in two places, whose tags change; a few are
// replaced, and one of them cannot be planned.
func fiveHundred(t testing.TB) planner.Preview {
	r := readRecording(t, "service-template")
	p := preview()
	words := []string{"orders", "billing", "search", "stock", "mail", "audit", "prices", "carts", "users", "media", "events", "reports", "taxes", "returns"}
	for _, environment := range p.Environments {
		for i := range 126 {
			service := fmt.Sprintf("%s-%s", words[i%14], []string{"api", "worker", "cache", "web", "batch", "feed", "index", "proxy", "sync"}[i/14])
			for _, template := range r.instances() {
				regional := template.Stack != template.Environment
				if template.Environment != environment || regional && (i >= 122 || false) {
					continue
				}
				if regional && i%17 != 3 {
					// Most of them change as in the other place.
					other := template
					other.Stack = environment
					one := r.instance(t, other, func(text string) string { return strings.ReplaceAll(text, "SERVICE", service) })
					one.Instance.Stack, one.Instance.Component = template.Stack, service
					p.Instances = append(p.Instances, one)
					continue
				}
				one := r.instance(t, template, func(text string) string { return strings.ReplaceAll(text, "SERVICE", service) })
				one.Instance.Component = service
				p.Instances = append(p.Instances, one)
			}
		}
	}
	return p
}

// What the pages of docs say of each situation is what the test says.
func TestGalleryIsComplete(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/comments.md")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"five-hundred-instances"}
	for name := range situations {
		names = append(names, name)
	}
	for _, name := range names {
		if !strings.Contains(string(page), "images/comments/"+name+".png") {
			t.Errorf("docs/comments.md does not show %s", name)
		}
		if info, err := os.Stat(filepath.Join("../../docs/images/comments", name+".png")); err != nil {
			t.Error(err)
		} else if info.Size() > 150_000 {
			t.Errorf("the picture of %s has %d bytes", name, info.Size())
		}
	}
}
