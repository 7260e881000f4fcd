package environments

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/config"
)

// Environment is what is looked after of one environment of GitHub.
type Environment struct {
	Name string
	// Wait is how many minutes each job is delayed.
	Wait int
	// Reviewers of whom one must consent to each job; none: nobody need. PreventSelfReview keeps who started it from that.
	Reviewers         []Reviewer
	PreventSelfReview bool
	Branches          Branches
	// Guarded tells whether our own custom deployment protection rule is enabled.
	Guarded bool
	// Variables by their names in capitals.
	Variables map[string]string
}

// Reviewer is a person or a team. They are told apart by their ids.
type Reviewer struct {
	Team bool
	ID   int64
	// Name for people: alice, or acme/platform.
	Name string
}

// Branches from which jobs may run. The zero value: all, and all tags.
type Branches struct {
	// Protected are the branches with a branch protection.
	Protected bool
	// Matching are those that one of Patterns matches.
	Matching bool
	Patterns []Pattern
}

// Pattern of branches, or of tags.
type Pattern struct {
	Name string
	Tag  bool
}

// Wanted is what an environment of GitHub is to have.
type Wanted struct {
	Environment
	// For is the environment here that it stands for; empty: none, runners plan in it.
	For string
	// Waited: the repository's own jobs deploy, and have to wait for us. Then our rule is enabled also where all else is left as
	// it is: without it they would not wait.
	Waited bool
	// Nobody are the names of reviewers that GitHub does not know, or does not let us see.
	Nobody []string
}

// Found is an environment as GitHub shows it.
type Found struct {
	Environment
	Created time.Time
	// IDs of the patterns.
	IDs map[Pattern]int64
	// Others is how many custom deployment protection rules of other Apps are enabled.
	Others int
	// Hidden tells that its variables may not be seen.
	Hidden bool
}

// Bare tells whether nothing protects it and nothing is in it: so GitHub makes one for the first job or the first
// deployment that names it.
func (f Found) Bare() bool {
	return f.Wait == 0 && len(f.Reviewers) == 0 && !f.Branches.Protected && !f.Branches.Matching && !f.Guarded && f.Others == 0 &&
		len(f.Variables) == 0
}

// People are the ids of users and teams by their names in lower case; who is missing is unknown.
type People map[string]int64

// From returns what is wanted, in the order of the environments, and then where runners plan. Names of reviewers are looked up in people.
func From(rules config.Repository, trunk string, people People) []Wanted {
	all := make([]Wanted, 0, len(rules.Environments))
	for _, environment := range rules.Environments {
		w := Wanted{For: environment.Name, Waited: rules.RunnerOf(environment.Name).Kind == config.RunnerJobs}
		w.Name, w.Guarded, w.Variables = environment.GitHubName(), true, environment.GitHubVariables()
		w.Wait = int(environment.GitHub.WaitTimer / time.Minute)
		w.Branches = branches(environment.GitHub.Branches, trunk)
		w.PreventSelfReview = environment.GitHub.PreventSelfReview
		who := environment.GitHub.Reviewers
		for i, name := range slices.Concat(who.Users, who.Teams) {
			if id, known := people[strings.ToLower(name)]; known {
				w.Reviewers = append(w.Reviewers, Reviewer{Team: i >= len(who.Users), ID: id, Name: name})
			} else {
				w.Nobody = append(w.Nobody, name)
			}
		}
		all = append(all, w)
	}
	for _, name := range rules.PlanEnvironments() {
		// Only we start its jobs, on trunk, and they change nothing: nobody has to let them go.
		all = append(all, Wanted{Environment: Environment{Name: name, Branches: branches(config.DeployBranches{}, trunk)}})
	}
	return all
}

func branches(declared config.DeployBranches, trunk string) Branches {
	switch declared.Kind {
	case config.AllBranches:
		return Branches{}
	case config.ProtectedBranches:
		return Branches{Protected: true}
	case config.TrunkOnly:
		return Branches{Matching: true, Patterns: []Pattern{{Name: trunk}}}
	}
	b := Branches{Matching: true}
	for _, one := range declared.Patterns {
		pattern := Pattern{Name: one.Pattern, Tag: one.Tag}
		if one.Trunk {
			pattern.Name = trunk
		}
		if !slices.Contains(b.Patterns, pattern) {
			b.Patterns = append(b.Patterns, pattern)
		}
	}
	return b
}

func (b Branches) equal(other Branches) bool {
	return b.Protected == other.Protected && b.Matching == other.Matching && maps.Equal(set(b.Patterns), set(other.Patterns))
}

func equalReviewers(a, b []Reviewer) bool { return maps.Equal(set(ids(a)), set(ids(b))) }

// ids are reviewers without what does not tell them apart.
func ids(reviewers []Reviewer) []Reviewer {
	bare := slices.Clone(reviewers)
	for i := range bare {
		bare[i].Name = ""
	}
	return bare
}

func set[T comparable](all []T) map[T]bool {
	found := map[T]bool{}
	for _, one := range all {
		found[one] = true
	}
	return found
}

// String is for people: "main, release/* and tags v*".
func (b Branches) String() string {
	switch {
	case b.Protected:
		return "protected branches"
	case !b.Matching:
		return "all branches"
	case len(b.Patterns) == 0:
		return "no branch"
	}
	names := make([]string, len(b.Patterns))
	for i, pattern := range b.Patterns {
		names[i] = pattern.Name
		if pattern.Tag {
			names[i] = "tags " + pattern.Name
		}
	}
	return listed(names)
}

func reviewersText(reviewers []Reviewer, nobody ...string) string {
	names := slices.Clone(nobody)
	for _, one := range reviewers {
		names = append(names, cmp.Or(one.Name, fmt.Sprint(one.ID)))
	}
	return listed(names)
}

// listed is "a, b and c" in alphabetical order; "none" of nothing.
func listed(names []string) string {
	slices.Sort(names)
	switch len(names) {
	case 0:
		return "none"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

func waitText(minutes int) string {
	switch {
	case minutes == 0:
		return "none"
	case minutes%(24*60) == 0:
		return fmt.Sprintf("%dd", minutes/(24*60))
	case minutes%60 == 0:
		return fmt.Sprintf("%dh", minutes/60)
	}
	return fmt.Sprintf("%dm", minutes)
}
