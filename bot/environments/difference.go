package environments

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Difference is one thing that an environment of GitHub has otherwise than it is to have it.
type Difference struct {
	// Environment by its name on GitHub, and the one here that it stands for.
	Environment string `json:"environment"`
	For         string `json:"for,omitempty"`
	// Setting is what differs: environment, wait timer, reviewers, self-review, branches, Trunkline's rule, or "variable NAME".
	Setting string `json:"setting"`
	// Has and Wants are for people.
	Has   string `json:"has"`
	Wants string `json:"wants"`
	// Lacks is the feature that the plan does not have, so that nothing can be done; empty: none.
	Lacks Feature `json:"lacks,omitempty"`
	// Nobody are reviewers that GitHub does not know; empty: all are known.
	Nobody []string `json:"nobody,omitempty"`
	// Implicit tells that the configuration does not ask for it: it comes with every environment.
	Implicit bool `json:"implicit,omitempty"`
	// Waited tells that jobs deploy that have to wait for it.
	Waited bool `json:"waited,omitempty"`
}

// The settings that have names of their own.
const (
	SettingEnvironment = "environment"
	SettingWait        = "wait timer"
	SettingReviewers   = "reviewers"
	SettingSelfReview  = "self-review"
	SettingBranches    = "branches"
	SettingRule        = "Trunkline's rule"
)

// Compare returns how what is found differs from what is wanted; found is nil where there is no such environment.
func Compare(w Wanted, found *Found, means Means) (all []Difference) {
	if means.lacks(Environments) && found == nil {
		return []Difference{{Environment: w.Name, For: w.For, Setting: SettingEnvironment, Has: "missing", Wants: w.summary(), Lacks: Environments}}
	}
	has := Found{}
	if found != nil {
		has = *found
	}
	add := func(d Difference) {
		d.Environment, d.For = w.Name, w.For
		if means.lacks(Environments) {
			d.Lacks = Environments
		}
		all = append(all, d)
	}
	if found == nil {
		add(Difference{Setting: SettingEnvironment, Has: "missing", Wants: w.summary()})
	}
	for _, one := range protections(w, found, means) {
		// Of one that is missing only what cannot be had is worth a word.
		if found != nil || one.Lacks != "" || len(one.Nobody) > 0 {
			add(one)
		}
	}
	if found == nil {
		return all
	}
	if !has.Branches.equal(w.Branches) {
		add(Difference{Setting: SettingBranches, Has: has.Branches.String(), Wants: w.Branches.String()})
	}
	for _, name := range slices.Sorted(maps.Keys(w.Variables)) {
		if value, set := has.Variables[name]; !has.Hidden && (!set || value != w.Variables[name]) {
			add(Difference{Setting: "variable " + name, Has: quoted(value, set), Wants: quoted(w.Variables[name], true)})
		}
	}
	return all
}

// protections are the differences in what jobs wait for.
func protections(w Wanted, found *Found, means Means) (all []Difference) {
	has := Found{}
	if found != nil {
		has = *found
	}
	lacks := Feature("")
	if means.lacks(Protection) {
		lacks = Protection
	}
	// What the plan lacks does nothing, so only what is wanted of it is missed.
	if w.Wait != has.Wait && lacks == "" || w.Wait > 0 && lacks != "" {
		all = append(all, Difference{Setting: SettingWait, Has: ignored(waitText(has.Wait), has.Wait > 0 && lacks != ""), Wants: waitText(w.Wait), Lacks: lacks})
	}
	asked := len(w.Reviewers)+len(w.Nobody) > 0
	if lacks == "" && (len(w.Nobody) > 0 || !equalReviewers(w.Reviewers, has.Reviewers)) || lacks != "" && asked {
		all = append(all, Difference{Setting: SettingReviewers, Has: ignored(reviewersText(has.Reviewers), len(has.Reviewers) > 0 && lacks != ""),
			Wants: reviewersText(w.Reviewers, w.Nobody...), Lacks: lacks, Nobody: w.Nobody})
	}
	if lacks == "" && w.PreventSelfReview != has.PreventSelfReview && (len(has.Reviewers) > 0 || w.PreventSelfReview) {
		words := map[bool]string{true: "prevented", false: "allowed"}
		one := Difference{Setting: SettingSelfReview, Has: words[has.PreventSelfReview], Wants: words[w.PreventSelfReview]}
		if len(means.attainable(w, found).Reviewers) == 0 {
			one.Nobody = w.Nobody // there is nobody yet whom it would be about
		}
		all = append(all, one)
	}
	if means.Guard && w.Guarded && !has.Guarded {
		one := Difference{Setting: SettingRule, Has: "disabled", Wants: "enabled", Implicit: !w.Waited, Waited: w.Waited}
		if means.lacks(Guards) {
			one.Lacks = Guards
		}
		all = append(all, one)
	}
	return all
}

// ignored is what is there and does nothing.
func ignored(text string, is bool) string {
	if is {
		text += ", which GitHub ignores"
	}
	return text
}

func quoted(value string, set bool) string {
	if !set {
		return "missing"
	}
	return fmt.Sprintf("%q", value)
}

// summary of an environment in one line.
func (e Environment) summary() string {
	parts := []string{"jobs of " + e.Branches.String()}
	if e.Wait > 0 {
		parts = append(parts, "after "+waitText(e.Wait))
	}
	if len(e.Reviewers) > 0 {
		parts = append(parts, "reviewed by "+reviewersText(e.Reviewers))
	}
	return strings.Join(parts, ", ")
}

// String is one line for people.
func (d Difference) String() string {
	text := fmt.Sprintf("%s: %s, to be %s", d.Setting, d.Has, d.Wants)
	if d.Setting == SettingEnvironment {
		text = "missing; to be made for " + d.Wants
	}
	switch {
	case d.Lacks != "":
		text += fmt.Sprintf(" (the plan has no %s for a private repository)", d.Lacks)
	case len(d.Nobody) > 0:
		text += fmt.Sprintf(" (GitHub knows no %s that we may see)", listed(slices.Clone(d.Nobody)))
	}
	return text
}

// Attainable tells whether something can be done about it without another plan or another configuration.
func (d Difference) Attainable() bool { return d.Lacks == "" && len(d.Nobody) == 0 }
