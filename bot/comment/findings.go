package comment

import (
	"sort"
	"strings"

	"github.com/trunkline/trunkline/planner"
)

// checked is what the checks of a preview have to say.
type checked struct {
	results []planner.CheckResult
	// found are the findings of all checks, the gravest first.
	found []found
	// left are those that were not kept.
	left int
	// names only: what commands print is not shown.
	namesOnly bool
}

// found is a finding with the check that found it.
type found struct {
	check string
	planner.Finding
}

func newChecked(p planner.Preview, o Options) checked {
	c := checked{results: p.Checks, namesOnly: o.NamesOnly}
	for _, result := range p.Checks {
		c.left += result.Left
		for _, finding := range result.Findings {
			c.found = append(c.found, found{result.Name, finding})
		}
	}
	sort.SliceStable(c.found, func(i, j int) bool { return c.found[i].Level.Rank() < c.found[j].Level.Rank() })
	return c
}

// in are the names of the checks with the outcome.
func (c checked) in(outcome planner.CheckOutcome) (names []line) {
	for _, result := range c.results {
		if result.Outcome == outcome {
			names = append(names, checkNamed(result.Name))
		}
	}
	return names
}

func checkNamed(name string) line { return code(shortened(name, 60)) }

// within shows as much as fits into the room, and counts the findings that it leaves out.
func (c checked) within(room int) (*document, int) {
	if len(c.results) == 0 {
		return &document{}, 0
	}
	for _, size := range []struct{ open, folded, lines int }{{10, 500, 60}, {10, 100, 20}, {10, 30, 10}, {5, 5, 0}, {2, 0, 0}} {
		if d := c.document(size.open, size.folded, size.lines); d.size() <= room {
			return d, max(0, len(c.found)-size.open-size.folded)
		}
	}
	d := &document{}
	d.paragraph(c.status())
	return d, len(c.found)
}

// document has so many findings in the open, so many folded away, and so many lines of what commands printed.
func (c checked) document(open, folded, lines int) *document {
	d := &document{}
	d.paragraph(c.status())
	open = min(open, len(c.found))
	d.starred(each(c.found[:open], found.item))
	rest := c.found[open:]
	shown := rest[:min(folded, len(rest))]
	if left := len(rest) - len(shown) + c.left; len(shown) > 0 || left > 0 {
		inner := &document{}
		inner.items(each(shown, found.item))
		if left > 0 {
			inner.paragraph(say("and {}.", count(left, "more finding", "more findings")))
		}
		d.details(count(len(rest)+c.left, "more finding of the checks", "more findings of the checks"), inner)
	}
	for _, result := range c.results {
		if result.Log == "" || lines == 0 {
			continue
		}
		inner := messageBlock(result.Log, lines)
		if c.namesOnly {
			inner = &document{}
			inner.paragraph(own("What a command prints is not shown on a public repository."))
		}
		d.details(say("What {} printed", checkNamed(result.Name)), inner)
	}
	return d
}

// manyChecks are named in a line.
const manyChecks = 20

// status is one line about all checks.
func (c checked) status() line {
	if passed := c.in(planner.CheckPassed); len(passed) == len(c.results) && len(c.found) == 0 {
		return say("**Checks**: ✅ {} passed", listAtMost(passed, manyChecks))
	}
	return say("**Checks**: {}", join(atMost(each(c.results, statusOf), manyChecks), " · "))
}

func statusOf(result planner.CheckResult) line {
	name := checkNamed(result.Name)
	switch result.Outcome {
	case planner.CheckRunning:
		return say("⏳ {}", name)
	case planner.CheckCancelled:
		return say("{} was stopped", name)
	}
	icon := own("✅")
	if result.Outcome == planner.CheckFailed {
		icon = own("❌")
	}
	var counts []line
	for _, one := range []struct {
		level     planner.Level
		one, many literal
	}{{planner.Broken, "error", "errors"}, {planner.Deny, "denied", "denied"}, {planner.Warn, "warning", "warnings"}, {planner.Note, "note", "notes"}} {
		if n := result.Count(one.level); n > 0 {
			counts = append(counts, count(n, one.one, one.many))
		}
	}
	if result.Left > 0 {
		counts = append(counts, say("{} more", number(result.Left)))
	}
	if len(counts) == 0 {
		return say("{} {}", icon, name)
	}
	return say("{} {}: {}", icon, name, join(counts, ", "))
}

var levelIcons = map[planner.Level]literal{planner.Broken: "❌ **Error**", planner.Deny: "❌", planner.Warn: "⚠️", planner.Note: "📝"}

// item is the finding in one line: what is wrong, with what, where, and who says so.
func (f found) item() line {
	item := say("{} {}: {}", own(levelIcons[f.Level]), checkNamed(f.check), prose(shortened(oneLine(f.Message), 600)))
	var details []line
	if f.Resource != "" {
		details = append(details, code(shortened(f.Resource, longLine)))
	}
	if len(f.Instances) > 0 {
		details = append(details, say("in {}", listAtMost(each(f.Instances, code), 5)))
	}
	if f.File != "" {
		details = append(details, place(f.File, f.Line, 0))
	}
	if f.Rule != "" {
		details = append(details, code(shortened(f.Rule, longLine)))
	}
	// An error in a policy is at the policy itself.
	if f.Source != "" && !(f.File != "" && strings.HasPrefix(f.Source, f.File)) {
		details = append(details, say("by {}", code(shortened(f.Source, longLine))))
	}
	if len(details) == 0 {
		return item
	}
	return say("{} ({})", item, join(details, ", "))
}
