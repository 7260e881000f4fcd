package planner

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// followRow is everything that belongs to one component.
type followRow []followed

// followRows puts together what has a name or a family in common, also by way of others.
func followRows(all []followed) []followRow {
	rows := map[string]followRow{}
	row := map[string]string{} // of each name and family
	for _, one := range all {
		keys := []string{"family " + one.family}
		if one.called != "" {
			keys = append(keys, "name "+one.called)
		}
		into := keys[0]
		if there, known := row[into]; known {
			into = there
		}
		for _, key := range keys {
			other, known := row[key]
			if known && other != into {
				rows[into] = append(rows[into], rows[other]...)
				delete(rows, other)
				for k, v := range row {
					if v == other {
						row[k] = into
					}
				}
			}
			row[key] = into
		}
		rows[into] = append(rows[into], one)
	}
	var found []followRow
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		found = append(found, rows[key])
	}
	return found
}

// following is the row for people, and whether the merge changes what an environment follows.
func (r followRow) following(environments []string) (f Following, changed bool) {
	f.Component = r.title()
	var first []string
	for _, environment := range environments {
		before, after := r.paths(environment, FollowEnds), r.paths(environment, FollowBegins)
		if len(after) == 0 {
			continue
		}
		names := slices.Sorted(maps.Keys(after))
		if first == nil {
			first = names
		}
		f.Diverges = f.Diverges || !slices.Equal(first, names)
		follows, changes := followsOf(environment, before, after)
		f.Follows = append(f.Follows, follows...)
		changed = changed || changes
	}
	return f, changed
}

// followsOf is what one environment follows, with what ends first.
func followsOf(environment string, before, after map[string][]followed) (follows []Follow, changed bool) {
	add := func(path string, from map[string][]followed, change FollowChange) {
		follow := Follow{Environment: environment, Version: from[path][0].version, Name: from[path][0].shown, Change: change}
		if len(after) > 1 {
			for _, one := range from[path] {
				if name := one.instance.Name(); !slices.Contains(follow.Stacks, name) {
					follow.Stacks = append(follow.Stacks, name)
				}
			}
		}
		follows = append(follows, follow)
	}
	for _, path := range slices.Sorted(maps.Keys(before)) {
		if _, stays := after[path]; !stays {
			add(path, before, FollowEnds)
			changed = true
		}
	}
	for _, path := range slices.Sorted(maps.Keys(after)) {
		change := FollowStays
		// What begins in an environment that had nothing of the component is news only if it is no plain trunk.
		if _, was := before[path]; !was && (len(before) > 0 || after[path][0].version.Kind != TrunkVersion) {
			change, changed = FollowBegins, true
		}
		add(path, after, change)
	}
	return follows, changed
}

// paths are those that an environment follows on one side of the merge.
func (r followRow) paths(environment string, side FollowChange) map[string][]followed {
	paths := map[string][]followed{}
	for _, one := range r {
		if one.instance.Environment == environment && one.side == side {
			paths[one.version.Path] = append(paths[one.version.Path], one)
		}
	}
	return paths
}

// title is what all have in common: the family, or else the name.
func (r followRow) title() string {
	families, names := map[string]bool{}, map[string]bool{}
	for _, one := range r {
		families[one.family] = true
		if one.called != "" {
			names[one.called] = true
		}
	}
	switch sorted := slices.Sorted(maps.Keys(names)); {
	case len(sorted) == 1:
		return sorted[0]
	case len(families) > 1 && len(sorted) > 0:
		return sorted[0]
	}
	return slices.Sorted(maps.Keys(families))[0]
}

// declared are the divergences that the row's instances declare after the merge.
func (r followRow) declared(now time.Time) (all []Divergence) {
	for _, one := range r {
		if one.side != FollowBegins {
			continue
		}
		divergence, is := declaredDivergence(trunklineSettings(one.instance)["diverge"])
		if !is {
			continue
		}
		divergence.Environment = one.instance.Environment
		if end, err := time.Parse(time.DateOnly, divergence.Until); err == nil {
			divergence.Overdue = !now.Before(end.AddDate(0, 0, 1))
		}
		if !slices.Contains(all, divergence) {
			all = append(all, divergence)
		}
	}
	return all
}

// declaredDivergence reads settings.trunkline.diverge: a map, or nothing but the reason.
func declaredDivergence(value any) (Divergence, bool) {
	switch value := value.(type) {
	case string:
		return Divergence{Reason: value}, strings.TrimSpace(value) != ""
	case map[string]any:
		return Divergence{Reason: plainText(value["reason"]), Owner: plainText(value["owner"]), Until: plainText(value["until"])}, len(value) > 0
	}
	return Divergence{}, false
}

// plainText is a value of a manifest as text; of a time, the day.
func plainText(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case time.Time:
		return value.Format(time.DateOnly)
	default:
		day, clock, _ := strings.Cut(fmt.Sprint(value), "T")
		if _, err := time.Parse(time.DateOnly, day); err == nil && clock != "" {
			return day
		}
		return fmt.Sprint(value)
	}
}
