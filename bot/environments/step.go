package environments

import (
	"maps"
	"slices"
)

// Step is one call of GitHub. Exactly one of its fields is set.
type Step struct {
	// Put replaces the rules of the environment, which it makes where there is none.
	Put *Put
	// Add a pattern of branches; Drop the one of that id.
	Add  *Pattern
	Drop int64
	// Guard enables our own rule.
	Guard bool
	// Set a variable.
	Set *Variable
}

// Put is all rules of an environment. What is nil is not sent: some plans refuse it even where it asks for nothing.
type Put struct {
	Wait              *int
	Reviewers         []Reviewer // not nil where it is sent
	PreventSelfReview *bool
	Branches          Branches
}

// Variable of an environment.
type Variable struct {
	Name, Value string
	// Exists tells that it has another value so far.
	Exists bool
}

// Steps returns what makes an environment what is wanted, as far as the means go, in an order in which nothing is open that
// is to be closed. found is nil where there is no such environment. After all of them there are no more.
func Steps(w Wanted, found *Found, means Means) (steps []Step) {
	if means.lacks(Environments) || found == nil && !means.Administer {
		return nil
	}
	has := Found{}
	if found != nil {
		has = *found
	}
	to := means.attainable(w, found)
	if means.Administer {
		if found == nil || means.differs(to, has) {
			steps = append(steps, Step{Put: means.put(to, has)})
		}
		if to.Branches.Matching {
			steps = append(steps, patterns(to.Branches, has)...)
		}
		if to.Guarded && !has.Guarded {
			steps = append(steps, Step{Guard: true})
		}
	}
	if means.Fill && !has.Hidden {
		for _, name := range slices.Sorted(maps.Keys(to.Variables)) {
			if value, set := has.Variables[name]; !set || value != to.Variables[name] {
				steps = append(steps, Step{Set: &Variable{Name: name, Value: to.Variables[name], Exists: set}})
			}
		}
	}
	return steps
}

// Guarding are the steps that only enable our rule.
func Guarding(steps []Step) (guarding []Step) {
	for _, step := range steps {
		if step.Guard {
			guarding = append(guarding, step)
		}
	}
	return guarding
}

// differs tells whether the rules have to be put.
func (m Means) differs(to Environment, has Found) bool {
	if to.Branches.Protected != has.Branches.Protected || to.Branches.Matching != has.Branches.Matching {
		return true
	}
	if m.lacks(Protection) {
		return false
	}
	return m.Unproven && (to.Wait > 0 || len(to.Reviewers) > 0) ||
		to.Wait != has.Wait || !equalReviewers(to.Reviewers, has.Reviewers) || to.PreventSelfReview != (has.PreventSelfReview && len(has.Reviewers) > 0)
}

// put holds everything that is to stay, and says aloud what is to go: GitHub's description leaves open whether what is not
// sent is kept.
func (m Means) put(to Environment, has Found) *Put {
	put := &Put{Branches: to.Branches}
	if m.lacks(Protection) {
		return put
	}
	if to.Wait > 0 || has.Wait > 0 {
		put.Wait = &to.Wait
	}
	if len(to.Reviewers) > 0 || len(has.Reviewers) > 0 {
		put.Reviewers = append([]Reviewer{}, to.Reviewers...)
		put.PreventSelfReview = &to.PreventSelfReview
	}
	return put
}

// patterns adds what is missing before it takes away what is too much.
func patterns(to Branches, has Found) (steps []Step) {
	there, wanted := map[Pattern]bool{}, set(to.Patterns)
	if has.Branches.Matching {
		there = set(has.Branches.Patterns)
	}
	for _, pattern := range to.Patterns {
		if !there[pattern] {
			steps = append(steps, Step{Add: &pattern})
		}
	}
	for _, pattern := range has.Branches.Patterns {
		if there[pattern] && !wanted[pattern] {
			steps = append(steps, Step{Drop: has.IDs[pattern]})
		}
	}
	return steps
}
