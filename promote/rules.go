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
	// calls is what these rules call the environment; its name now may be another.
	calls string
}

// versions are the rules that an environment is held to: first those of trunk, then former ones that it has not left
// behind. All must be met; the stricter counts without anybody having to say which one that is.
func (s *State) versions(rules config.Environment, runs Commit) []ruleset {
	versions := []ruleset{{Environment: rules, repository: &s.Rules, calls: rules.Name}}
	formerly := slices.DeleteFunc(slices.Clone(s.Former), func(f FormerRules) bool { return runs.Position >= f.Until })
	if len(formerly) == 0 {
		return versions
	}
	slices.SortStableFunc(formerly, func(a, b FormerRules) int { return cmp.Compare(a.Until, b.Until) })
	versions[0].After, versions[0].AfterAny = s.turned(formerly, rules.Name, rules.After), s.turned(formerly, rules.Name, rules.AfterAny)
	seen := map[string]bool{versions[0].all(): true}
	for i := range formerly {
		former := &formerly[i]
		for _, before := range predecessors(former.Rules, s.Rules, rules) {
			version := ruleset{Environment: before, repository: &former.Rules, former: former.SHA, calls: before.Name}
			version.Name = rules.Name
			version.After, version.AfterAny = s.stillThere(former.Rules, rules.Name, before.After), s.stillThere(former.Rules, rules.Name, before.AfterAny)
			// What did not change for this environment is no other version.
			if text := version.all(); !seen[text] {
				seen[text] = true
				versions = append(versions, version)
			}
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
		if r.frozenBy(freeze) {
			text += fmt.Sprintln(freeze.Span, freeze.Reason)
		}
	}
	text += fmt.Sprintln(r.Rollback.Irreversible, r.Rollback.Stateless)
	for _, hold := range r.divergences() {
		text += fmt.Sprintln(hold.Components, hold.Until)
	}
	text += r.release()
	for _, migration := range r.repository.Migrations {
		text += fmt.Sprintln(migration.Expand, migration.Contract)
	}
	return text
}

// release is all that a release asks of people.
func (r ruleset) release() string {
	text := fmt.Sprintln(r.Release.Declared(), r.Release.Steps, r.Release.Allow, r.Release.Required)
	for _, rule := range r.Release.Approve {
		text += fmt.Sprintln("release", rule.Users, rule.Teams, rule.Count)
	}
	return text
}

// stillThere are the named environments that these rules can wait for, with those that are gone replaced by what has their
// stacks now, or else by what they came after. An environment does not wait for itself, nor for what comes after it by now.
func (s *State) stillThere(former config.Repository, name string, names []string) (there []string) {
	for _, upstream := range names {
		if _, ok := s.Rules.Environment(upstream); ok {
			if upstream != name && (!comesAfter(s.Rules, upstream, name) || comesAfter(former, name, upstream)) {
				there = append(there, upstream)
			}
			continue
		}
		gone, _ := former.Environment(upstream)
		var heirs []string
		for _, environment := range s.Rules.Environments {
			if environment.Name != name && takesFrom(environment, former, s.Rules, gone) && !comesAfter(s.Rules, environment.Name, name) {
				heirs = append(heirs, environment.Name)
			}
		}
		if len(heirs) == 0 {
			heirs = s.stillThere(former, name, slices.Concat(gone.After, gone.AfterAny))
		}
		there = append(there, heirs...)
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
	for _, rule := range r.Rollback.Approve {
		text += fmt.Sprintln("rollback", rule.Users, rule.Teams, rule.Count)
	}
	return sum("rules 1\n" + text)
}

func sum(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}
