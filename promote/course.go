package promote

import (
	"slices"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/trunkline/trunkline/config"
)

// Wave is a part of a deployment that is applied before the next one begins.
type Wave struct {
	// Rules of the wave; the zero value where the environment declares none, or for what no wave names.
	Rules config.Wave
	// Instances by name, in order.
	Instances []string
}

// Placed is an instance with the names by which waves know it.
type Placed struct{ Name, Stack, Component string }

// WavesOf divides instances among the waves that an environment declares: each belongs to the first that names it. What
// none names comes last. Waves without instances are left out.
func WavesOf(rules config.Environment, instances []Placed) []Wave {
	waves := make([]Wave, len(rules.Waves)+1)
	for i, wave := range rules.Waves {
		waves[i].Rules = wave
	}
	for _, instance := range instances {
		at := slices.IndexFunc(rules.Waves, func(w config.Wave) bool { return inWave(w, instance) })
		if at < 0 {
			at = len(rules.Waves)
		}
		waves[at].Instances = append(waves[at].Instances, instance.Name)
	}
	for i := range waves {
		slices.Sort(waves[i].Instances)
	}
	return slices.DeleteFunc(waves, func(w Wave) bool { return len(w.Instances) == 0 })
}

func inWave(wave config.Wave, instance Placed) bool {
	return anyOf(wave.Stacks, instance.Stack) && anyOf(wave.Components, instance.Component)
}

// anyOf tells whether a name is meant; no patterns mean every name.
func anyOf(patterns []string, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(pattern string) bool {
		return pattern == name || doublestar.MatchUnvalidated(pattern, name)
	})
}

// CanaryOf is the first staircase that is meant for an instance, if there is one.
func CanaryOf(rules config.Environment, instance Placed) (config.Canary, bool) {
	at := slices.IndexFunc(rules.Canary, func(c config.Canary) bool {
		return anyOf(c.Stacks, instance.Stack) && anyOf(c.Components, instance.Component)
	})
	if at < 0 {
		return config.Canary{}, false
	}
	return rules.Canary[at], true
}

// Order says which instances have to be applied before which.
type Order map[string][]string

// OrderOf is the order among some instances, by what each of all instances depends on: also where what lies between two of
// them is not among them.
func OrderOf(names []string, upstream map[string][]string) Order {
	among := make(map[string]bool, len(names))
	for _, name := range names {
		among[name] = true
	}
	order := make(Order, len(names))
	for _, name := range names {
		seen := map[string]bool{name: true}
		for waiting := slices.Clone(upstream[name]); len(waiting) > 0; waiting = waiting[1:] {
			if next := waiting[0]; !seen[next] {
				seen[next] = true
				if among[next] {
					order[name] = append(order[name], next)
				} else {
					waiting = append(waiting, upstream[next]...)
				}
			}
		}
		slices.Sort(order[name])
	}
	return order
}

// Against are two instances of which the first is applied in an earlier wave although it depends on the second; empty:
// waves and dependencies agree.
func (o Order) Against(waves []Wave) (name, upstream string) {
	place := map[string]int{}
	for i, wave := range waves {
		for _, instance := range wave.Instances {
			place[instance] = i
		}
	}
	for i, wave := range waves {
		for _, instance := range wave.Instances {
			for _, other := range o[instance] {
				if place[other] > i {
					return instance, other
				}
			}
		}
	}
	return "", ""
}
