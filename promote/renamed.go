package promote

import (
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/trunkline/trunkline/config"
)

// predecessors are the environments of former rules whose gates an environment has to pass: itself, those whose stacks it
// has taken, and where it is new, those that are gone without anybody knowing where their stacks went. Another name, or other
// patterns, must not be a way around the gates.
func predecessors(former, now config.Repository, environment config.Environment) (before []config.Environment) {
	_, known := former.Environment(environment.Name)
	for _, other := range former.Environments {
		_, kept := now.Environment(other.Name)
		lost := !kept && !known && !slices.ContainsFunc(now.Environments, func(e config.Environment) bool { return takesFrom(e, former, now, other) })
		if other.Name == environment.Name || lost || takesFrom(environment, former, now, other) {
			before = append(before, other)
		}
	}
	return before
}

// takesFrom tells whether an environment may have stacks now that were another's by former rules.
func takesFrom(environment config.Environment, former, now config.Repository, other config.Environment) bool {
	if other.Name == environment.Name {
		return false
	}
	var had []string
	if same, known := former.Environment(environment.Name); known {
		had = stackPatterns(same)
	}
	for _, pattern := range stackPatterns(environment) {
		taken := func(own string) bool { return mayOverlap(pattern, own) }
		if !slices.Contains(had, pattern) && slices.ContainsFunc(stackPatterns(other), taken) {
			return true
		}
	}
	return slices.ContainsFunc(now.Stacks.Instances, func(i config.Instance) bool {
		return i.Environment == environment.Name && listed(former, i, other.Name) && !listed(former, i, environment.Name)
	})
}

// stackPatterns are the patterns of an environment's stacks. Without any they are the stacks that are named after it.
func stackPatterns(environment config.Environment) []string {
	if len(environment.Stacks) == 0 {
		return []string{environment.Name}
	}
	return environment.Stacks
}

// listed tells whether a list of instances has one in an environment, whatever it is called there.
func listed(rules config.Repository, instance config.Instance, environment string) bool {
	return slices.ContainsFunc(rules.Stacks.Instances, func(i config.Instance) bool {
		return i.Environment == environment && i.Path == instance.Path && i.Workspace == instance.Workspace &&
			slices.Equal(i.VariableFiles, instance.VariableFiles)
	})
}

// meta begins what is no plain text in a pattern.
const meta = "*?[{\\"

// mayOverlap tells whether two patterns may match the same name. Where both have wildcards their plain beginnings and ends are
// compared, so it says yes too often rather than too seldom.
func mayOverlap(a, b string) bool {
	wildA, wildB := strings.ContainsAny(a, meta), strings.ContainsAny(b, meta)
	switch {
	case a == b:
		return true
	case !wildA && !wildB:
		return false
	case !wildA:
		return doublestar.MatchUnvalidated(b, a)
	case !wildB:
		return doublestar.MatchUnvalidated(a, b)
	}
	beginA, beginB := a[:strings.IndexAny(a, meta)], b[:strings.IndexAny(b, meta)]
	endA, endB := a[strings.LastIndexAny(a, meta+"]}")+1:], b[strings.LastIndexAny(b, meta+"]}")+1:]
	return (strings.HasPrefix(beginA, beginB) || strings.HasPrefix(beginB, beginA)) &&
		(strings.HasSuffix(endA, endB) || strings.HasSuffix(endB, endA))
}

// comesAfter tells whether one environment comes after another, directly or by way of others.
func comesAfter(rules config.Repository, name, other string) bool {
	seen := map[string]bool{}
	var reaches func(string) bool
	reaches = func(at string) bool {
		environment, _ := rules.Environment(at)
		for _, upstream := range slices.Concat(environment.After, environment.AfterAny) {
			if upstream == other {
				return true
			}
			if !seen[upstream] {
				seen[upstream] = true
				if reaches(upstream) {
					return true
				}
			}
		}
		return false
	}
	return reaches(name)
}

// turned leaves out of what an environment comes after by the rules of trunk what comes after it by former rules: by both,
// neither could ever go first. The former order counts until it has been gone through once.
func (s *State) turned(former []FormerRules, name string, after []string) []string {
	return slices.DeleteFunc(slices.Clone(after), func(upstream string) bool {
		return slices.ContainsFunc(former, func(f FormerRules) bool {
			runs, _ := s.commit(s.Environments[upstream].Runs)
			return runs.Position < f.Until && comesAfter(f.Rules, upstream, name)
		})
	})
}
