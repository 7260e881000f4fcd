package comment

import (
	"slices"

	"github.com/trunkline/trunkline/planner"
)

// versionsFollowed says which environments follow which path of a component, where they do not all follow the same or
// the merge changes it. The versions have fewer and fewer rows.
func versionsFollowed(p planner.Preview) []*document {
	if len(p.Versions) == 0 {
		return []*document{{}}
	}
	var versions []*document
	for _, most := range []int{20, 5} {
		d := &document{}
		d.paragraph(versionsHeadline(p.Versions))
		var rows [][]line
		for _, following := range p.Versions[:min(most, len(p.Versions))] {
			row := []line{code(shortened(following.Component, longLine))}
			for _, environment := range p.Environments {
				row = append(row, followedIn(following, environment))
			}
			rows = append(rows, row)
		}
		d.table(append([]line{own("component")}, each(p.Environments, text)...), rows)
		if left := len(p.Versions) - len(rows); left > 0 {
			d.paragraph(say("and {}.", count(left, "more component", "more components")))
		}
		d.items(declared(p.Versions, most))
		versions = append(versions, d)
	}
	return append(versions, &document{})
}

// versionsHeadline names the components that diverge; the others go on to another version, or come together again.
func versionsHeadline(all []planner.Following) line {
	var diverge, together []line
	for _, following := range all {
		name := code(shortened(following.Component, longLine))
		if following.Diverges {
			diverge = append(diverge, name)
			continue
		}
		together = append(together, name)
	}
	var parts []line
	if len(diverge) > 0 {
		parts = append(parts, say("**Planned divergence**: environments follow different versions of {}.", listAtMost(diverge, 8)))
	}
	if len(together) > 0 {
		parts = append(parts, say("**All environments follow the same version** of {} from the merge on.", listAtMost(together, 8)))
	}
	return join(parts, " ")
}

// followedIn is what an environment follows, with what it followed before where the merge changes that.
func followedIn(following planner.Following, environment string) line {
	var ends, follows []line
	for _, follow := range following.Follows {
		if follow.Environment != environment {
			continue
		}
		if follow.Change == planner.FollowEnds {
			ends = append(ends, code(shortened(follow.Name, longLine)))
			continue
		}
		one := code(shortened(follow.Name, longLine))
		if follow.Change == planner.FollowBegins {
			one = strong(one)
		}
		if follow.Kind != planner.TrunkVersion {
			one = say("{} ({})", one, text(string(follow.Kind)))
		}
		if len(follow.Stacks) > 0 {
			one = say("{} in {}", one, listAtMost(each(follow.Stacks, text), 3))
		}
		follows = append(follows, one)
	}
	switch {
	case len(follows) == 0:
		return own("–")
	case len(ends) > 0:
		return say("{} → {}", join(ends, ", "), join(follows, ", "))
	}
	return join(follows, ", ")
}

// declared are the reasons for divergences that someone has written down, and what to write where nobody has.
func declared(all []planner.Following, most int) (items []line) {
	var silent []line
	for _, following := range all {
		if !following.Diverges {
			continue
		}
		name := code(shortened(following.Component, longLine))
		if len(following.Declared) == 0 {
			silent = append(silent, name)
		}
		for _, divergence := range following.Declared {
			items = append(items, declaration(name, divergence))
		}
	}
	if left := len(items) - most; left > 0 {
		items = append(slices.Clip(items[:most]), say("and {}", count(left, "more declaration", "more declarations")))
	}
	if len(silent) > 0 && len(items) > 0 {
		items = append(items, say("Nobody has written down why {} {}", listAtMost(silent, 8), own(verb(len(silent), "diverges", "diverge"))))
	}
	return items
}

func declaration(component line, d planner.Divergence) line {
	l := say("{} in {}", component, text(d.Environment))
	if d.Reason != "" {
		l = say("{}: {}", l, prose(shortened(oneLine(d.Reason), 300)))
	}
	var details []line
	if d.Owner != "" {
		details = append(details, code(shortened(d.Owner, longLine)))
	}
	switch {
	case d.Until == "":
		details = append(details, own("without an end"))
	case d.Overdue:
		details = append(details, say("⚠️ **overdue** since {}", text(d.Until)))
	default:
		details = append(details, say("until {}", text(d.Until)))
	}
	return say("{} ({})", l, join(details, ", "))
}
