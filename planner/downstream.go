package planner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
)

// mostUpstreams are how many affected instances are named as the reason why another one is listed.
const mostUpstreams = 10

// withDownstream adds the instances that depend, themselves or through others, on affected ones, and says so of those
// that are affected anyway.
func withDownstream(found []Difference, to Snapshot) []Difference {
	kinds := make(map[string]DifferenceKind, len(found))
	places := make(map[string]int, len(found))
	for i, difference := range found {
		name := difference.Instance.Name()
		kinds[name], places[name] = difference.Kind, i
	}
	dependents := dependentsOf(to)
	reasons := map[string][]string{}
	for _, upstream := range slices.Sorted(maps.Keys(kinds)) {
		for name, way := range reachable(upstream, dependents) {
			reasons[name] = append(reasons[name], downstreamOf(upstream, way, kinds[upstream]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(reasons)) {
		said := reasons[name]
		if more := len(said) - mostUpstreams; more > 1 {
			said = append(said[:mostUpstreams:mostUpstreams], fmt.Sprintf("downstream of %d more", more))
		}
		if at, listed := places[name]; listed {
			found[at].Reasons = append(slices.Clone(found[at].Reasons), said...)
		} else if resolved, there := to.Instances[name]; there {
			found = append(found, Difference{resolved.Instance, Downstream, said})
		}
	}
	return found
}

// dependentsOf are, for each instance, those that depend on it; also for one that is not there any more.
func dependentsOf(snapshot Snapshot) map[string][]string {
	dependents := map[string][]string{}
	for _, edges := range []map[string][]string{snapshot.Dependencies.Upstream, snapshot.Dependencies.Missing} {
		for _, name := range slices.Sorted(maps.Keys(edges)) {
			for _, upstream := range edges[name] {
				dependents[upstream] = append(dependents[upstream], name)
			}
		}
	}
	return dependents
}

// reachable are all that depend on an instance, each with those that lie between, by the shortest way.
func reachable(upstream string, dependents map[string][]string) map[string][]string {
	ways := map[string][]string{}
	for waiting := []string{upstream}; len(waiting) > 0; waiting = waiting[1:] {
		between := ways[waiting[0]]
		if waiting[0] != upstream {
			between = append(slices.Clone(between), waiting[0])
		}
		for _, name := range dependents[waiting[0]] {
			if _, seen := ways[name]; !seen && name != upstream {
				ways[name] = between
				waiting = append(waiting, name)
			}
		}
	}
	return ways
}

// downstreamOf is the reason, such as "downstream of `dev/vpc` through `dev/cluster`".
func downstreamOf(upstream string, way []string, kind DifferenceKind) string {
	reason := "downstream of `" + upstream + "`"
	switch kind {
	case Added:
		reason += ", which is new"
	case Gone:
		reason += ", which is removed"
	}
	if len(way) == 0 {
		return reason
	}
	if kind == Added || kind == Gone {
		reason += ","
	}
	return reason + " through `" + strings.Join(way, "` and `") + "`"
}

// Dangling are sentences about instances that depend on others which no environment has: those that differ, and those
// that did not before. They are worth a warning and no more, since Atmos takes them too. Nobody is told who did not ask
// for what is downstream.
func Dangling(from, to Snapshot, differences []Difference) []string {
	if !to.rules.Stacks.Downstream {
		return nil
	}
	differs := map[string]bool{}
	for _, difference := range differences {
		differs[difference.Instance.Name()] = true
	}
	var names, said []string
	for _, name := range slices.Sorted(maps.Keys(to.Dependencies.Missing)) {
		for _, missing := range to.Dependencies.Missing[name] {
			if !differs[name] && slices.Contains(from.Dependencies.Missing[name], missing) {
				continue
			}
			if names == nil {
				names = slices.Sorted(maps.Keys(to.Instances))
			}
			sentence := fmt.Sprintf("`%s` depends on `%s`, which is no instance of any environment", name, missing)
			if near := config.Nearest(missing, names); near != "" && near != name {
				sentence += fmt.Sprintf(": did you mean `%s`?", near)
			}
			said = append(said, sentence)
		}
	}
	return said
}
