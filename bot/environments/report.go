package environments

import (
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
)

// Fate is what becomes of a difference.
type Fate string

const (
	// Made: the environment is missing, or was begun, and is made.
	Made Fate = "made"
	// Changed: what differs is brought to what the configuration has.
	Changed Fate = "changed"
	// Left: the environment exists, and such are left as they are.
	Left Fate = "left"
	// Forbidden: the App may not change it, so it is advice.
	Forbidden Fate = "not permitted"
	// Unpaid: the plan has no such thing.
	Unpaid Fate = "not in the plan"
	// Unknown: GitHub does not know who is to review.
	Unknown Fate = "unknown reviewers"
	// Refused: GitHub said no.
	Refused Fate = "refused"
)

// Finding is a difference with what becomes of it.
type Finding struct {
	Difference
	Fate Fate `json:"fate"`
	// Why GitHub refused, in its words; empty: it did not.
	Why string `json:"why,omitempty"`
}

// Report is what is found in all environments of a repository that its configuration names.
type Report struct {
	// Keeping is what the configuration asks for.
	Keeping config.Keeping `json:"keeping"`
	// Blind says why GitHub could not be asked, and what helps; empty: it was.
	Blind string `json:"blind,omitempty"`
	// Permission that the installation lacks to change something; empty: none.
	Permission string    `json:"permission,omitempty"`
	Findings   []Finding `json:"findings,omitempty"`
	// Unseen tells that variables could not be compared, because the installation may not see them.
	Unseen bool `json:"unseen,omitempty"`
	// Leftover are environments of GitHub that we made and that no configuration names any more.
	Leftover []string `json:"leftover,omitempty"`
}

// Same tells whether there is nothing that a person would have to know of: what comes with every environment and is not in
// the plan was asked for by nobody.
func (r Report) Same() bool { return r.Blind == "" && len(r.Leftover) == 0 && len(r.Worth()) == 0 }

// Worth are the findings that somebody asked for.
func (r Report) Worth() (worth []Finding) {
	for _, one := range r.Findings {
		if !one.Implicit || one.Fate != Unpaid {
			worth = append(worth, one)
		}
	}
	return worth
}

// Situation is what decides over the fate of the differences of one environment.
type Situation struct {
	Keeping config.Keeping
	Means   Means
	// New: it is missing, or was begun to be made.
	New bool
}

// May tells whether anything may be changed in the environment at all.
func (s Situation) May() bool {
	return s.Keeping != config.Off && (s.New || s.Keeping == config.Enforce)
}

// Fate is what becomes of a difference.
func (s Situation) Fate(d Difference) Fate {
	permitted := s.Means.Administer
	if strings.HasPrefix(d.Setting, "variable ") {
		permitted = s.Means.Fill
	}
	switch {
	case d.Lacks != "":
		return Unpaid
	case len(d.Nobody) > 0:
		return Unknown
	case !s.May() && !d.Waited:
		return Left
	case !permitted:
		return Forbidden
	case s.New:
		return Made
	}
	return Changed
}

// Judge returns the differences with their fates.
func (s Situation) Judge(differences []Difference) (all []Finding) {
	for _, d := range differences {
		all = append(all, Finding{Difference: d, Fate: s.Fate(d)})
	}
	return all
}

// Remaining are the findings that are there when what can be done was done. Where GitHub refused something, it is all that it
// was about.
func Remaining(findings []Finding, refused string) (left []Finding) {
	for _, one := range findings {
		done := one.Fate == Made || one.Fate == Changed
		if done && refused == "" {
			continue
		}
		if done {
			one.Fate, one.Why = Refused, refused
		}
		left = append(left, one)
	}
	return left
}

// Pending tells whether something is to be made or changed.
func Pending(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(one Finding) bool { return one.Fate == Made || one.Fate == Changed })
}

// Foreseen is what a finding means that is only about to become one, in one line for people; what is between backticks is code.
func (one Finding) Foreseen() string {
	name := "`" + strings.ReplaceAll(one.Environment, "`", "'") + "`"
	text := name + ": " + one.String()
	switch one.Fate {
	case Made:
		if one.Setting == SettingEnvironment {
			return name + " is made, for " + one.Wants
		}
	case Left:
		text += " — stays as it is, because `github_environments: create` changes nothing that exists"
	case Forbidden:
		text += " — to be done by hand, because the installation does not let Trunkline change it"
	}
	return text
}
