package promote

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/trunkline/trunkline/config"
)

// ruleset is one version of an environment's rules.
type ruleset struct {
	config.Environment
	repository *config.Repository
	// former is the commit that takes these rules away; empty: they are those of trunk.
	former string
}

// versions are the rules that an environment is held to: first those of trunk, then former ones that it has not left
// behind. All must be met; the stricter counts without anybody having to say which one that is.
func (s *State) versions(rules config.Environment, runs Commit) []ruleset {
	versions := []ruleset{{Environment: rules, repository: &s.Rules}}
	formerly := slices.DeleteFunc(slices.Clone(s.Former), func(f FormerRules) bool { return runs.Position >= f.Until })
	if len(formerly) == 0 {
		return versions
	}
	slices.SortStableFunc(formerly, func(a, b FormerRules) int { return cmp.Compare(a.Until, b.Until) })
	seen := map[string]bool{versions[0].all(): true}
	for i := range formerly {
		former := &formerly[i]
		before, ok := former.Rules.Environment(rules.Name)
		if !ok {
			before, ok = renamed(former.Rules, s.Rules, rules)
		}
		if !ok {
			continue
		}
		before.After, before.AfterAny = s.stillThere(former.Rules, before.After), s.stillThere(former.Rules, before.AfterAny)
		// What did not change for this environment is no other version.
		version := ruleset{Environment: before, repository: &former.Rules, former: former.SHA}
		if text := version.all(); !seen[text] {
			seen[text] = true
			versions = append(versions, version)
		}
	}
	return versions
}

// all that gates on the environment ask of its rules.
func (r ruleset) all() string {
	text := r.digest()
	for _, name := range slices.Concat(r.After, r.AfterAny) {
		upstream, _ := r.repository.Environment(name)
		for _, check := range upstream.Scheduled {
			text += fmt.Sprintln(name, check.Name, check.Schedule)
		}
	}
	for _, freeze := range r.repository.Freezes {
		text += fmt.Sprintln(freeze.Span, freeze.Reason, freeze.Environments)
	}
	for _, hold := range r.divergences() {
		text += fmt.Sprintln(hold.Components, hold.Until)
	}
	for _, migration := range r.repository.Migrations {
		text += fmt.Sprintln(migration.Expand, migration.Contract)
	}
	return text
}

// renamed finds the environment of former rules that is gone and whose stacks this one has now: another name must not be
// a way around the gates.
func renamed(former, rules config.Repository, environment config.Environment) (config.Environment, bool) {
	for _, before := range former.Environments {
		if _, kept := rules.Environment(before.Name); kept {
			continue
		}
		for _, pattern := range before.Stacks {
			if slices.Contains(environment.Stacks, pattern) {
				before.Name = environment.Name
				return before, true
			}
		}
	}
	return config.Environment{}, false
}

// stillThere are the named environments, with those that are gone replaced by what they came after.
func (s *State) stillThere(former config.Repository, names []string) (there []string) {
	for _, name := range names {
		if _, ok := s.Rules.Environment(name); ok {
			there = append(there, name)
			continue
		}
		gone, _ := former.Environment(name)
		there = append(there, s.stillThere(former, slices.Concat(gone.After, gone.AfterAny))...)
	}
	slices.Sort(there)
	return slices.Compact(there)
}

// digest of the rules that people consent under.
func (r ruleset) digest() string {
	text := fmt.Sprintln(r.After, r.AfterAny, r.Promote, r.OneByOne, r.Soak, r.Require, r.AuthorMayApprove, r.MergerMayApprove,
		r.PromoterMayApprove, r.MaxRange, r.Allow)
	for _, rule := range r.Approve {
		text += fmt.Sprintln(rule.Users, rule.Teams, rule.Count)
	}
	for _, window := range r.Windows {
		text += fmt.Sprintln(window)
	}
	for _, check := range r.Scheduled {
		text += fmt.Sprintln(check.Name, check.Schedule)
	}
	if r.AutoIf != nil {
		text += r.AutoIf.String()
	}
	return sum("rules 1\n" + text)
}

func sum(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}
