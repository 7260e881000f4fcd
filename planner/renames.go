package planner

import (
	"maps"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/planner/engine"
)

// renames finds instances that have another name than they had: one left and one came in the same environment, with the
// same code and the same variables, or in the same stack manifest, whose stack has another name now, or as another version of the same component in the same stack (vpc/v1 and vpc/v2). It
// returns the old names by the new ones, and leaves out what is in doubt.
func renames(was map[string]Whereabouts, now map[string]Resolved) map[string]string {
	gone, came := map[string]Whereabouts{}, map[string]Whereabouts{}
	for name, before := range was {
		// What commands keep, and by which names, nobody else knows.
		if _, stays := now[name]; !stays && before.Known() && before.Address.Backend != engine.Theirs {
			gone[name] = before
		}
	}
	for name, instance := range now {
		if _, known := was[name]; !known {
			came[name] = instance.State
		}
	}
	renamed := map[string]string{}
	if len(gone) == 0 || len(came) == 0 {
		return renamed
	}
	for _, likeness := range []func(name string, w Whereabouts) string{
		func(_ string, w Whereabouts) string { return w.Manifest },
		func(name string, w Whereabouts) string { return key(w.Path, w.Variables, lastElement(name)) },
		func(_ string, w Whereabouts) string { return key(w.Path, w.Variables) },
		func(name string, w Whereabouts) string { return key(w.Code, w.Variables, lastElement(name)) },
		func(_ string, w Whereabouts) string { return key(w.Code, w.Variables) },
		func(name string, _ Whereabouts) string { return nameFamily(name) },
	} {
		pair(gone, came, likeness, renamed)
	}
	return renamed
}

// key joins what two instances must have in common. Nothing is in common with what is not known.
func key(parts ...string) string {
	if slices.Contains(parts, "") {
		return ""
	}
	return strings.Join(parts, "\x00")
}

// nameFamily is the name without the version at its end.
func nameFamily(name string) string {
	last := lastElement(name)
	before := strings.TrimSuffix(name, last)
	if wholeLabel(last) != TrunkVersion && strings.Count(before, "/") > 1 {
		return strings.TrimSuffix(before, "/")
	}
	stem, _, _ := splitLabel(last)
	return before + stem
}

func lastElement(name string) string { return name[strings.LastIndex(name, "/")+1:] }

// pair takes those out that are alike, where exactly one left and one came.
func pair(gone, came map[string]Whereabouts, likeness func(string, Whereabouts) string, renamed map[string]string) {
	sort := func(all map[string]Whereabouts) map[string][]string {
		names := map[string][]string{}
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if like := likeness(name, all[name]); like != "" {
				like = all[name].Environment + "\x00" + like
				names[like] = append(names[like], name)
			}
		}
		return names
	}
	left, arrived := sort(gone), sort(came)
	for like, old := range left {
		if new := arrived[like]; len(old) == 1 && len(new) == 1 {
			renamed[new[0]] = old[0]
			delete(gone, old[0])
			delete(came, new[0])
		}
	}
}
