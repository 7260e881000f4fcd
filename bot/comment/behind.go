package comment

import (
	"fmt"

	"github.com/trunkline/trunkline/planner"
)

// lag is instances of one environment whose plans contain the same earlier pull requests.
type lag struct {
	environment string
	pulls       []int
	components  []line
	// all of the environment's instances are among them.
	all bool
}

// lags finds where trunk is ahead of what runs.
func lags(instances []planner.InstancePreview) []*lag {
	type key struct{ environment, pulls string }
	planned := map[string]int{}
	index := map[key]*lag{}
	var found []*lag
	for _, instance := range instances {
		environment := instance.Instance.Environment
		planned[environment]++
		if len(instance.Behind) == 0 {
			continue
		}
		k := key{environment, fmt.Sprint(instance.Behind)}
		if index[k] == nil {
			index[k] = &lag{environment: environment, pulls: instance.Behind}
			found = append(found, index[k])
		}
		index[k].components = append(index[k].components, code(instance.Instance.Component))
	}
	for _, l := range found {
		l.all = len(l.components) == planned[l.environment]
	}
	return found
}

// behind says where trunk is ahead of what runs, so that plans contain more than this pull request. Environments that
// lack the same are named together.
func behind(instances []planner.InstancePreview) []line {
	type key struct{ pulls, components string }
	index := map[key]int{}
	var together [][]*lag
	for _, l := range lags(instances) {
		k := key{pulls: fmt.Sprint(l.pulls)}
		if !l.all {
			k.components = join(l.components, ",").plain()
		}
		at, known := index[k]
		if !known {
			at = len(together)
			index[k] = at
			together = append(together, nil)
		}
		together[at] = append(together[at], l)
	}
	return summedUp(each(together, behindTogether), "more groups of plans contain earlier pull requests")
}

func behindTogether(lags []*lag) line {
	first := lags[0]
	environments := each(lags, func(l *lag) line { return text(l.environment) })
	which := own("this plan also contains")
	switch several := len(lags) > 1 || len(first.components) > 1; {
	case first.all && several:
		which = own("these plans also contain")
	case !first.all && several:
		which = say("the plans of {} also contain", listAtMost(unique(first.components), 5))
	case !first.all:
		which = say("the plan of {} also contains", first.components[0])
	}
	return say("{}: {} {}", strong(say("{} {} {} behind trunk", listAtMost(environments, 8), own(verb(len(lags), "is", "are")),
		count(len(first.pulls), "merge", "merges"))), which, listAtMost(each(first.pulls, pull), 10))
}

// unique leaves out lines that were there before.
func unique(lines []line) (kept []line) {
	seen := map[string]bool{}
	for _, l := range lines {
		if text := l.plain(); !seen[text] {
			seen[text] = true
			kept = append(kept, l)
		}
	}
	return kept
}
