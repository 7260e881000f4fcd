package config

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"gopkg.in/yaml.v3"
)

// Keeping is what is done about environments of GitHub that are not as the configuration has them. None is ever deleted.
type Keeping string

const (
	// Create makes those that are missing, and tells how the others differ. It is what happens where nothing is said.
	Create Keeping = ""
	// Enforce also puts back what was changed by hand.
	Enforce Keeping = "enforce"
	// Off does nothing about them.
	Off Keeping = "off"
)

// MarshalText writes the word of the configuration.
func (k Keeping) MarshalText() ([]byte, error) { return []byte(cmp.Or(string(k), "create")), nil }

// UnmarshalText reads it.
func (k *Keeping) UnmarshalText(text []byte) error {
	*k = Keeping(strings.TrimPrefix(string(text), "create"))
	return nil
}

// GitHubEnvironment is what GitHub's environment of an environment is to have. The zero value: its name, trunk alone, and
// nobody to review.
type GitHubEnvironment struct {
	// Name on GitHub; empty: that of the environment.
	Name string
	// WaitTimer delays each job; whole minutes, up to 30 days.
	WaitTimer time.Duration
	// Reviewers of whom one must consent to each job, six at most.
	Reviewers Who
	// PreventSelfReview keeps who started a job from consenting to it.
	PreventSelfReview bool
	// Branches whose jobs may run.
	Branches DeployBranches
	// Variables of jobs, by their names in capitals, besides [EnvironmentVariable].
	Variables map[string]string
	At        Position
}

// EnvironmentVariable is the variable by which jobs are told the name of their environment here.
const EnvironmentVariable = "TRUNKLINE_ENVIRONMENT"

// BranchKind says in what way branches are named.
type BranchKind string

const (
	// TrunkOnly is trunk.
	TrunkOnly BranchKind = ""
	// ProtectedBranches are those with a branch protection; where the repository has none, GitHub takes all.
	ProtectedBranches BranchKind = "protected"
	// AllBranches are all, and all tags.
	AllBranches BranchKind = "all"
	// MatchingBranches are those that a pattern matches.
	MatchingBranches BranchKind = "matching"
)

// DeployBranches are the branches and tags whose jobs may run in an environment of GitHub.
type DeployBranches struct {
	Kind BranchKind
	// Patterns of MatchingBranches, as GitHub reads them: * does not match a slash.
	Patterns []RefPattern
}

// RefPattern names branches, or tags. Trunk is the branch that all environments follow, whatever its name is.
type RefPattern struct {
	Pattern string
	Tag     bool
	Trunk   bool
}

const (
	mostWait        = 30 * 24 * time.Hour
	mostReviewers   = 6
	mostGitHubName  = 255
	mostGitHubValue = 48 << 10
	mostGitHubVars  = 100
)

// githubVariable is the form of names of variables on GitHub.
var githubVariable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// GitHubName is the name of the environment of GitHub that stands for an environment.
func (e Environment) GitHubName() string { return cmp.Or(e.GitHub.Name, e.Name) }

func (d *decoder) keeping(node *yaml.Node) Keeping {
	return Keeping(strings.TrimPrefix(d.oneOf(node, "github_environments", d.text(node, "github_environments"), "create", string(Enforce), string(Off)), "create"))
}

// github reads what GitHub's environment is to have.
func (d *decoder) github(node *yaml.Node) (g GitHubEnvironment) {
	g.At = position(node)
	seen := d.mapping(node, "github", fields{
		"name":                func(n *yaml.Node) { g.Name = d.githubName(n) },
		"wait_timer":          func(n *yaml.Node) { g.WaitTimer = d.waitTimer(n) },
		"reviewers":           func(n *yaml.Node) { g.Reviewers = d.reviewers(n) },
		"prevent_self_review": func(n *yaml.Node) { g.PreventSelfReview = d.boolean(n, "prevent_self_review") },
		"branches":            func(n *yaml.Node) { g.Branches = d.deployBranches(n) },
		"variables":           func(n *yaml.Node) { g.Variables = d.githubVariables(n) },
	})
	if g.PreventSelfReview && !seen["reviewers"] {
		d.problem(node, "`prevent_self_review` is about `reviewers`, and github names none")
	}
	return g
}

func (d *decoder) githubName(node *yaml.Node) string {
	name := d.text(node, "name")
	// As a part of an address, dots would mean another one.
	if strings.Trim(name, ".") == "" || strings.TrimSpace(name) != name || len([]rune(name)) > mostGitHubName || strings.ContainsFunc(name, unicode.IsControl) {
		d.problem(node, "name is %q; expected that of an environment of GitHub, of %d characters at most, without white space around it", name, mostGitHubName)
	}
	return name
}

func (d *decoder) waitTimer(node *yaml.Node) time.Duration {
	before := len(d.problems)
	wait := d.duration(node, "wait_timer")
	if len(d.problems) == before && (wait > mostWait || wait%time.Minute != 0) {
		d.problem(node, "wait_timer is %s; GitHub counts whole minutes, up to 30d", resolved(node).Value)
	}
	return wait
}

// reviewers reads names; one that is there twice, in whatever case, counts once.
func (d *decoder) reviewers(node *yaml.Node) Who {
	who := d.who(node, "reviewers")
	once := func(names []string) []string {
		slices.SortFunc(names, func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) })
		return slices.CompactFunc(names, strings.EqualFold)
	}
	who.Users, who.Teams = once(who.Users), once(who.Teams)
	if count := len(who.Users) + len(who.Teams); count > mostReviewers {
		d.problem(node, "reviewers has %d; GitHub takes %d at most, of whom one must consent", count, mostReviewers)
	}
	return who
}

// deployBranches reads `trunk`, `protected`, `all`, or patterns.
func (d *decoder) deployBranches(node *yaml.Node) (b DeployBranches) {
	if resolved(node).Kind == yaml.ScalarNode {
		word := d.oneOf(node, "branches", d.text(node, "branches"), "trunk", string(ProtectedBranches), string(AllBranches))
		return DeployBranches{Kind: BranchKind(strings.TrimPrefix(word, "trunk"))}
	}
	b.Kind = MatchingBranches
	d.sequence(node, "branches", func(item *yaml.Node) {
		if pattern := d.refPattern(item); !slices.Contains(b.Patterns, pattern) {
			b.Patterns = append(b.Patterns, pattern)
		}
	})
	if len(b.Patterns) == 0 && resolved(node).Kind == yaml.SequenceNode {
		d.problem(node, "branches is empty, so that no job could ever run; leave it out for trunk alone")
	}
	return b
}

// refPattern reads a pattern of branches, `trunk`, or {tag: …}.
func (d *decoder) refPattern(node *yaml.Node) (p RefPattern) {
	if resolved(node).Kind == yaml.MappingNode {
		p.Tag = true
		d.require(node, d.mapping(node, "a pattern of branches", fields{"tag": func(n *yaml.Node) { p.Pattern = d.text(n, "tag") }}), "a pattern of branches", "tag")
	} else if p.Pattern = d.text(node, "branches"); p.Pattern == "trunk" {
		return RefPattern{Trunk: true}
	}
	if strings.TrimSpace(p.Pattern) != p.Pattern || strings.ContainsFunc(p.Pattern, unicode.IsControl) || strings.HasPrefix(p.Pattern, "refs/") {
		d.problem(node, "branches has %q; expected the name of a branch or a pattern such as release/*, without refs/heads/", p.Pattern)
	}
	return p
}

// githubVariables reads names with values. GitHub writes names in capitals.
func (d *decoder) githubVariables(node *yaml.Node) map[string]string {
	content := resolved(node)
	if content.Kind != yaml.MappingNode {
		d.problem(node, "variables is %s; expected names with values, such as {AWS_REGION: eu-central-1}", kind(node))
		return nil
	}
	variables := map[string]string{}
	for i := 0; i+1 < len(content.Content); i += 2 {
		key, value := content.Content[i], content.Content[i+1]
		name := strings.ToUpper(key.Value)
		_, again := variables[name]
		variables[name] = d.text(value, key.Value)
		switch {
		case again:
			d.problem(key, "%s stands here again; GitHub does not tell names apart by their case", key.Value)
		case !githubVariable.MatchString(name) || strings.HasPrefix(name, "GITHUB_"):
			d.problem(key, "%q cannot name a variable of GitHub; expected letters, digits and _, without GITHUB_ at the beginning", key.Value)
		case name == EnvironmentVariable:
			d.problem(key, "%s is set by Trunkline itself, to the name of the environment", EnvironmentVariable)
		case variables[name] == "" || len(variables[name]) > mostGitHubValue:
			d.problem(value, "%s has %d bytes; GitHub takes from 1 to %d", key.Value, len(variables[name]), mostGitHubValue)
		}
	}
	if len(variables) >= mostGitHubVars {
		d.problem(node, "variables has %d; GitHub takes %d, of which one is %s", len(variables), mostGitHubVars, EnvironmentVariable)
	}
	return variables
}

// checkGitHub finds environments that would share one of GitHub's, which does not tell names apart by their case.
func checkGitHub(file string, r Repository) (problems Problems) {
	first := map[string]string{}
	for _, environment := range r.Environments {
		name := strings.ToLower(environment.GitHubName())
		at := environment.GitHub.At
		if at == (Position{}) {
			at = environment.At
		}
		if other, taken := first[name]; taken {
			problems = append(problems, &Problem{File: file, At: at, Message: "the environment " + environment.GitHubName() +
				" of GitHub would stand for both " + other + " and " + environment.Name + "; give one of them another `github: {name: …}`"})
			continue
		}
		first[name] = environment.Name
	}
	return problems
}

// GitHubVariables are all variables of the environment of GitHub.
func (e Environment) GitHubVariables() map[string]string {
	all := maps.Clone(e.GitHub.Variables)
	if all == nil {
		all = map[string]string{}
	}
	all[EnvironmentVariable] = e.Name
	return all
}

// PlanEnvironments are the environments of GitHub in which runners plan, by their names, that stand for no environment here.
func (r Repository) PlanEnvironments() (names []string) {
	taken := map[string]bool{}
	for _, environment := range r.Environments {
		taken[strings.ToLower(environment.GitHubName())] = true
	}
	for _, environment := range r.Environments {
		name := r.RunnerOf(environment.Name).PlanEnvironment
		if name != "" && !taken[strings.ToLower(name)] {
			taken[strings.ToLower(name)] = true
			names = append(names, name)
		}
	}
	return names
}
