package promote

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/config/calendar"
	"pgregory.net/rapid"
)

// oracle keeps its own books about a world, by what happens and not by the facts that are written down, and looks at every
// start with them.
type oracle struct {
	w *world
	// there: since when each environment has had each position. healthy: since when nothing has been wrong in it; sick: what
	// is wrong.
	there   map[string]map[int64]time.Time
	healthy map[string]time.Time
	sick    map[string]map[string]bool
	// nightly: when the scheduled check last ran, and how it ended.
	nightly map[string]time.Time
	passed  map[string]bool
	// ci of a commit.
	ci map[string]bool
	// proven: which commits succeeded in each environment.
	proven map[string]map[string]bool
	// shown is what each approval was shown, by id: range, plan and rules as they were then.
	shown map[int64]string
}

func newOracle(w *world) *oracle {
	o := &oracle{w: w, there: map[string]map[int64]time.Time{}, healthy: map[string]time.Time{}, sick: map[string]map[string]bool{},
		nightly: map[string]time.Time{}, passed: map[string]bool{}, ci: map[string]bool{}, shown: map[int64]string{},
		proven: map[string]map[string]bool{}}
	for name := range w.state.Environments {
		o.there[name] = map[int64]time.Time{1: {}}
		o.sick[name], o.proven[name] = map[string]bool{}, map[string]bool{}
	}
	return o
}

func (o *oracle) ended(name string, phase Phase) {
	last := o.w.state.Environments[name].Last
	if last == nil || !last.Phase.Live() {
		return
	}
	now := o.w.state.Now
	if phase != Succeeded {
		o.sick[name]["deployment"] = true
		return
	}
	to, _ := o.w.state.commit(last.To)
	o.proven[name][last.To] = true
	for position := range o.there[name] {
		if position > to.Position {
			delete(o.there[name], position)
		}
	}
	for position := int64(1); position <= to.Position; position++ {
		if _, ok := o.there[name][position]; !ok {
			o.there[name][position] = now
		}
	}
	if len(o.sick[name]) > 0 {
		o.healthy[name] = now
	}
	clear(o.sick[name])
}

func (o *oracle) checked(name, check string, passed bool) {
	if check == "nightly" {
		o.nightly[name], o.passed[name] = o.w.state.Now, passed
	}
	if !passed {
		o.sick[name][check] = true
	} else if o.sick[name][check] {
		delete(o.sick[name], check)
		if len(o.sick[name]) == 0 {
			o.healthy[name] = o.w.state.Now
		}
	}
}

// rules that count for an environment now.
func (o *oracle) rules(name string, runs Commit) (all []config.Repository) {
	for _, former := range o.w.state.Former {
		if runs.Position < former.Until {
			all = append(all, former.Rules)
		}
	}
	return append(all, o.w.state.Rules)
}

// see looks at a start: none may be without all that its rules ask for.
func (o *oracle) see(t *rapid.T, d Decision) {
	state := o.w.state
	name, r := d.Environment, *d.Start
	environment := state.Environments[name]
	if environment.Last != nil && environment.Last.Phase.Live() {
		t.Fatalf("%s starts while another deployment is under way", name)
	}
	if d.Rollback != nil {
		o.seeBack(t, d)
		return
	}
	if environment.Rollback != nil {
		t.Fatalf("%s starts to go forward, and is to go back", name)
	}
	if r.From.SHA != environment.Runs || r.To.Position < r.From.Position {
		t.Fatalf("%s starts from %s to %s, and runs %s", name, Short(r.From.SHA), Short(r.To.SHA), Short(environment.Runs))
	}
	if override := environment.Override; override != nil {
		if override.To != r.To.SHA {
			t.Fatalf("an override to %s brings %s", Short(override.To), Short(r.To.SHA))
		}
		return
	}
	for _, hold := range environment.Holds {
		if len(hold.Components) == 0 && (hold.Until.IsZero() || state.Now.Before(hold.Until)) {
			t.Fatalf("%s starts although it is held", name)
		}
	}
	for _, rules := range o.rules(name, r.From) {
		mine, ok := rules.Environment(name)
		if !ok {
			continue
		}
		o.seeProof(t, rules, mine, r)
		o.seePeople(t, mine, d)
		o.seeSteps(t, rules, r)
		if !calendar.Open(mine.Windows, state.Now) {
			// Windows that never open together leave only the former ones.
			if len(o.rules(name, r.From)) == 1 {
				t.Fatalf("%s starts at %s, outside of its windows", name, state.Now)
			}
		}
		if limit := mine.MaxRange.Commits; limit > 0 && len(r.Commits) > limit {
			t.Fatalf("%s starts with %d commits; at most %d", name, len(r.Commits), limit)
		}
		if slices.Contains(mine.Require, "ci") && !o.ci[r.To.SHA] {
			t.Fatalf("%s starts without ci", name)
		}
		if mine.OneByOne && len(r.Commits) > 1 && (environment.Last == nil || environment.Last.Phase == Succeeded && !environment.Last.Rollback) {
			t.Fatalf("%s takes %d commits, and takes them one by one", name, len(r.Commits))
		}
	}
}

// seeProof: the commit is in all that the environment comes after, for as long as it has to, and healthy.
func (o *oracle) seeProof(t *rapid.T, rules config.Repository, mine config.Environment, r Range) {
	proven := func(name string) string {
		arrived, ok := o.there[name][r.To.Position]
		if !ok {
			return name + " was skipped"
		}
		since := arrived
		if o.healthy[name].After(since) {
			since = o.healthy[name]
		}
		last := o.w.state.Environments[name].Last
		live := last != nil && last.Phase.Live()
		if mine.Soak > 0 && (live || len(o.sick[name]) > 0 || o.w.state.Now.Sub(since) < mine.Soak) {
			return fmt.Sprintf("at %s, not healthy for %s in %s", o.w.state.Now, mine.Soak, name)
		}
		upstream, _ := rules.Environment(name)
		if len(upstream.Scheduled) > 0 && (!o.passed[name] || o.nightly[name].Before(arrived)) {
			return "nightly has not passed in " + name
		}
		return ""
	}
	for _, name := range mine.After {
		if why := proven(name); why != "" {
			t.Fatalf("%s starts with %s: %s", mine.Name, Short(r.To.SHA), why)
		}
	}
	var whys []string
	for _, name := range mine.AfterAny {
		if why := proven(name); why != "" {
			whys = append(whys, why)
		}
	}
	// Soak and checks may be met in different ones of `any`; skipping all of them is what must not be.
	if len(mine.AfterAny) > 0 && len(whys) == len(mine.AfterAny) && !slices.ContainsFunc(whys, func(w string) bool { return !strings.HasSuffix(w, "skipped") }) {
		t.Fatalf("%s starts with %s: %s", mine.Name, Short(r.To.SHA), strings.Join(whys, ", "))
	}
}

// seePeople: somebody asked, or nobody has to; and those who have to approve approved exactly this.
func (o *oracle) seePeople(t *rapid.T, mine config.Environment, d Decision) {
	environment := o.w.state.Environments[mine.Name]
	low := mine.AutoIf != nil && o.low(mine, d)
	asked := environment.Request != nil
	byItself := low || mine.Promote == config.Auto && (mine.AutoIf == nil || len(mine.Approve) > 0)
	if !asked && !byItself {
		t.Fatalf("%s starts by itself: promote is %s, auto_if %v", mine.Name, mine.Promote, mine.AutoIf)
	}
	if len(mine.Approve) == 0 || low {
		return
	}
	var valid []int64
	for _, approval := range environment.Approvals {
		if o.shown[approval.ID] == o.showing(mine.Name, *d.Start) && !o.tookPart(mine, d, approval.By) {
			valid = append(valid, approval.By.ID)
		}
	}
	var slots []config.Who
	for _, rule := range mine.Approve {
		for range rule.Count {
			slots = append(slots, rule.Who)
		}
	}
	if !o.assignable(slots, valid) {
		t.Fatalf("%s starts without its approvals: valid are %v, of %d; %+v", mine.Name, valid, len(environment.Approvals), d.Gates)
	}
}

func (o *oracle) tookPart(mine config.Environment, d Decision, by Person) bool {
	if request := o.w.state.Environments[mine.Name].Request; request != nil && request.By.ID == by.ID && !mine.PromoterMayApprove {
		return true
	}
	return slices.ContainsFunc(d.Start.Commits, func(c Commit) bool {
		return c.Author.ID == by.ID && !mine.AuthorMayApprove || c.Merger.ID == by.ID && !mine.MergerMayApprove
	})
}

// assignable tries all ways to give each slot a person of its own.
func (o *oracle) assignable(slots []config.Who, people []int64) bool {
	if len(slots) == 0 {
		return true
	}
	for i, id := range people {
		if !slices.Contains(people[:i], id) && o.w.state.People.among(slots[0], id) {
			rest := slices.DeleteFunc(slices.Clone(people), func(other int64) bool { return other == id })
			if o.assignable(slots[1:], rest) {
				return true
			}
		}
	}
	return false
}

// low: the condition, by its text.
func (o *oracle) low(mine config.Environment, d Decision) bool {
	drift := o.w.drift[mine.Name]
	if plan := o.w.state.Environments[mine.Name].Plan; plan == nil || plan.To != d.Start.To.SHA {
		drift = -1
	}
	switch mine.AutoIf {
	case conditions[0]:
		return drift >= 0 && drift%2 == 0 && len(d.Start.Commits) > 0
	case conditions[1]:
		return len(d.Start.Commits) <= 2
	default:
		return drift >= 0 && o.w.state.Now.Hour() < 12
	}
}

// showing is what people are shown of a step: where it goes, what it changes, and by which rules.
func (o *oracle) showing(name string, r Range) string {
	all := map[string]bool{}
	for _, version := range o.rules(name, r.From) {
		mine, _ := version.Environment(name)
		rules := conditionText(mine) + mine.Soak.String() + string(mine.Promote)
		for _, rule := range mine.Approve {
			rules += rule.Who.String()
		}
		all[rules] = true
	}
	return strings.Join([]string{r.From.SHA, r.To.SHA, fmt.Sprint(o.w.drift[name]), strings.Join(sortedNames(all), " and ")}, " ")
}

// seeSteps: no contract step with its expand step, nor before that has converged everywhere.
func (o *oracle) seeSteps(t *rapid.T, rules config.Repository, r Range) {
	if len(rules.Migrations) == 0 {
		return
	}
	has := func(c Commit, suffix string) bool {
		return slices.ContainsFunc(c.Paths, func(p string) bool { return strings.HasSuffix(p, suffix) })
	}
	for _, contract := range r.Commits {
		if !has(contract, "_contract.sql") {
			continue
		}
		for _, expand := range o.w.state.Trunk {
			if expand.Position > contract.Position || !has(expand, "_expand.sql") {
				continue
			}
			for name := range o.w.state.Environments {
				if _, there := o.there[name][expand.Position]; !there {
					t.Fatalf("the contract step %s starts while %s lacks the expand step %s", Short(contract.SHA), name, Short(expand.SHA))
				}
			}
		}
	}
}

func conditionText(mine config.Environment) string {
	if mine.AutoIf == nil {
		return "none"
	}
	return mine.AutoIf.String()
}
