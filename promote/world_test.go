package promote

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/config/calendar"
	"github.com/trunkline/trunkline/config/condition"
	"pgregory.net/rapid"
)

// world is a repository with everything that gates ask about: what the store, GitHub, people and the clock do to a state.
type world struct {
	history
	// live is the plan that the world would make now in each environment: how often it has drifted.
	drift map[string]int
	// onStart is called before a start is written down.
	onStart func(Decision)
	// refused is the last refusal.
	refused string
	ids     int64
}

var begin = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) // a Monday

// people of the world: the first three write, the others only approve.
var people = []Person{{1, "ann"}, {2, "bob"}, {3, "cho"}, {11, "dan"}, {12, "eve"}, {13, "fay"}, {14, "gil"}}

func newWorld(rules config.Repository) *world {
	w := &world{drift: map[string]int{}}
	w.state = State{Now: begin, Rules: rules, Environments: map[string]Environment{}, Reports: map[string][]Report{}, People: People{
		Users: map[string]int64{"dan": 11, "eve": 12}, Teams: map[string][]int64{"acme/platform": {12, 13, 14}, "acme/product": {11, 14}},
		Writers: []int64{1, 2, 3, 13, 14},
	}}
	base := w.history.merge()
	for _, environment := range rules.Environments {
		w.state.Environments[environment.Name] = Environment{Name: environment.Name, Runs: base.SHA}
	}
	return w
}

func (w *world) id() int64 { w.ids++; return w.ids }

// change changes what is known of an environment.
func (w *world) change(name string, change func(*Environment)) {
	environment := w.state.Environments[name]
	change(&environment)
	w.state.Environments[name] = environment
}

func (w *world) merge(author, merger Person, paths ...string) Commit {
	w.history.merge()
	commit := &w.state.Trunk[len(w.state.Trunk)-1]
	commit.Author, commit.Merger, commit.Merged, commit.Paths = author, merger, w.state.Now, paths
	w.step()
	return *commit
}

// step decides until nothing starts any more, and writes down what starts.
func (w *world) step() {
	for range 10 {
		started := false
		decisions := Decide(w.state)
		for _, decision := range decisions {
			if decision.Start != nil && w.onStart != nil {
				w.onStart(decision)
			}
		}
		for _, decision := range decisions {
			if decision.Dropped != nil {
				w.change(decision.Environment, func(e *Environment) { e.Request = nil })
			}
			if decision.Unsafe != "" {
				w.change(decision.Environment, func(e *Environment) { e.Rollback = nil })
			}
			if decision.Start == nil {
				continue
			}
			started = true
			w.start(decision)
		}
		if !started {
			return
		}
	}
}

func (w *world) start(decision Decision) {
	w.starts = append(w.starts, *decision.Start)
	w.change(decision.Environment, func(e *Environment) {
		e.Last = &Deployment{ID: w.id(), Environment: e.Name, From: decision.Start.From.SHA, To: decision.Start.To.SHA, Phase: Planning,
			By: decision.By, Without: decision.Without, Started: w.state.Now}
		if e.Override != nil && decision.Promotion.Override != nil {
			e.Last.Reason = e.Override.Reason
		}
		for _, gate := range decision.Passed {
			e.Last.Passed = append(e.Last.Passed, gate.Name)
		}
		e.Request, e.Override = nil, nil
		if back := decision.Rollback; back != nil {
			e.Last.Rollback, e.Last.Why = true, back.Reason
			hold := HoldOf(*back, w.state.Now)
			hold.ID = w.id()
			e.Rollback, e.Holds = nil, append(e.Holds, hold)
		}
	})
}

// end ends the live deployment of an environment.
func (w *world) end(name string, phase Phase) {
	if last := w.state.Environments[name].Last; last == nil || !last.Phase.Live() {
		return
	}
	w.change(name, func(e *Environment) {
		last := *e.Last
		last.Phase, last.Finished, last.Touched = phase, w.state.Now, true
		e.Last = &last
		e.History = append(e.History, Outcome{Deployment: last.ID, To: last.To, Phase: phase, At: w.state.Now, Touched: true})
		if phase == Succeeded {
			e.Runs, e.Since = last.To, w.state.Now
			e.LeftOut = nil
			for _, component := range last.Without {
				e.LeftOut = append(e.LeftOut, LeftOut{component, w.state.Now})
			}
		}
	})
	w.step()
}

func (w *world) pass(d time.Duration) { w.state.Now = w.state.Now.Add(d); w.step() }

// plan makes the plans that are wanted.
func (w *world) plan() {
	for _, impact := range Impacts(w.state) {
		w.change(impact.Environment, func(e *Environment) {
			e.Plan = &Plan{From: impact.From, To: impact.To, After: impact.After, Done: true, Instances: []PlannedInstance{
				{Name: "prod/vpc", Stack: "prod", Component: "vpc", Digest: fmt.Sprint(w.drift[e.Name]), Updates: 1, Changes: 1},
				{Name: "prod/db", Stack: "prod", Component: "db", Digest: "same", Destroys: w.drift[e.Name] % 2, Changes: 1,
					Destroying: []string{"db.main"}[:w.drift[e.Name]%2]},
			}}
		})
	}
	w.step()
}

func (w *world) ask(name, to string, by Person, exact bool) *Refusal {
	wanted, refusal := Asked(w.state, name, to)
	if refusal == nil {
		w.change(name, func(e *Environment) {
			e.Request = &Request{ID: w.id(), Environment: name, To: wanted.To.SHA, By: by, Exact: exact, At: w.state.Now}
		})
		w.step()
	}
	return refusal
}

// back asks for an environment to go back.
func (w *world) back(name, to string, by Person) *Refusal {
	wish, _, refusal := RollingBack(w.state, Rollback{Environment: name, To: to, By: by, At: w.state.Now})
	if refusal == nil {
		wish.ID = w.id()
		w.change(name, func(e *Environment) { e.Rollback, e.Request = &wish, nil })
		w.step()
	}
	return refusal
}

func (w *world) approve(name string, by Person, shown string) *Refusal {
	approval, refusal := Approve(w.state, Consent{Environment: name, By: by, Shown: shown})
	if refusal == nil {
		approval.ID, approval.At = w.id(), w.state.Now
		w.change(name, func(e *Environment) { e.Approvals = append(e.Approvals, approval) })
		w.step()
	}
	return refusal
}

func (w *world) report(sha, name string, done, passed bool) {
	w.state.Reports[sha] = append(w.state.Reports[sha], Report{Name: name, Source: "ci", Done: done, Passed: passed, At: w.state.Now})
	w.step()
}

func (w *world) check(name, check string, passed bool) {
	w.change(name, func(e *Environment) {
		e.CheckRuns = append(e.CheckRuns, CheckRun{Check: check, SHA: e.Runs, Passed: passed, Started: w.state.Now, Ended: w.state.Now})
	})
	w.step()
}

// rule changes the rules by a commit, and keeps the former ones for those that do not run it.
func (w *world) rule(rules config.Repository, sha string) {
	w.history.merge()
	commit := &w.state.Trunk[len(w.state.Trunk)-1]
	commit.Author, commit.Merger, commit.Merged = people[0], people[1], w.state.Now
	if sha != "" {
		commit.SHA, commit.Author, commit.Merger = sha, Person{ID: 901, Login: "root"}, Person{ID: 902, Login: "toor"}
	}
	w.state.Former = append(w.state.Former, FormerRules{Rules: w.state.Rules, Until: commit.Position, SHA: commit.SHA})
	w.state.Rules = rules
	w.step()
}

// shuffled is the state with its facts in another order, and some of them twice.
func shuffled(seed uint64, state State) State {
	random := rand.New(rand.NewPCG(seed, 0))
	again := state
	again.Environments = map[string]Environment{}
	for _, name := range sortedNames(state.Environments) {
		e := state.Environments[name]
		e.History, e.CheckRuns = twice(random, e.History), twice(random, e.CheckRuns)
		e.Approvals, e.Holds = twice(random, e.Approvals), reversed(e.Holds)
		again.Environments[name] = e
	}
	again.Reports = map[string][]Report{}
	for _, sha := range sortedNames(state.Reports) {
		again.Reports[sha] = twice(random, state.Reports[sha])
	}
	again.Former = reversed(state.Former)
	return again
}

func twice[T any](random *rand.Rand, facts []T) []T {
	if len(facts) == 0 {
		return facts
	}
	more := append(slices.Clone(facts), facts[random.IntN(len(facts))])
	random.Shuffle(len(more), func(i, j int) { more[i], more[j] = more[j], more[i] })
	return more
}

func reversed[T any](facts []T) []T {
	facts = slices.Clone(facts)
	slices.Reverse(facts)
	return facts
}

func sortedNames[T any](all map[string]T) []string {
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func must(condition *condition.Condition, problems []condition.Problem) *condition.Condition {
	if len(problems) > 0 {
		panic(problems)
	}
	return condition
}

var conditions = []*condition.Condition{
	must(condition.Compile("plan.destroys == 0")), must(condition.Compile("range.commits <= 2")), must(condition.Compile("time.hour < 12 && plan.changes < 9")),
}

// gatesOf draws the gates of one environment.
func gatesOf(t *rapid.T, first bool) (g config.Gates) {
	one := func(label string, of int) bool { return rapid.IntRange(0, of-1).Draw(t, label) == 0 }
	if !first && one("soak", 2) {
		g.Soak = rapid.SampledFrom([]time.Duration{10 * time.Minute, time.Hour}).Draw(t, "soak for")
	}
	if one("require", 3) {
		g.Require = []string{"ci"}
	}
	if one("approve", 2) {
		g.Approve = rapid.SampledFrom([][]config.ApproveRule{
			{{Count: 1}}, {{Who: config.Who{Users: []string{"Dan"}}, Count: 1}},
			{{Who: config.Who{Teams: []string{"acme/platform"}}, Count: 2}},
			{{Who: config.Who{Teams: []string{"acme/product"}}, Count: 1}, {Who: config.Who{Teams: []string{"ACME/platform"}}, Count: 1}},
			{{Who: config.Who{Users: []string{"eve"}, Teams: []string{"acme/product"}}, Count: 1}, {Count: 1}},
		}).Draw(t, "rules")
		g.AuthorMayApprove, g.PromoterMayApprove = one("author", 4), one("promoter", 4)
	}
	if one("windows", 4) {
		g.Windows = rapid.SampledFrom([][]calendar.Window{
			{{Days: calendar.EveryDay &^ 1, From: 9 * 60, To: 16 * 60}},
			{{Days: calendar.EveryDay, To: calendar.Midnight}, {Days: 0b0100010, From: 12 * 60, To: 13 * 60, Exclude: true}},
			{{Days: 0b1000001, From: 22 * 60, To: 2 * 60}},
		}).Draw(t, "hours")
	}
	if one("auto_if", 3) {
		g.AutoIf = rapid.SampledFrom(conditions).Draw(t, "condition")
	}
	if one("max_range", 4) {
		g.MaxRange.Commits = 2
	}
	return g
}

// rulesOf draws a configuration: a graph of environments with gates.
func rulesOf(t *rapid.T) (rules config.Repository) {
	names := []string{"dev", "staging", "prod-eu", "prod-us"}[:rapid.IntRange(2, 4).Draw(t, "environments")]
	nightly, _ := calendar.ParseSchedule("0 2 * * *", nil)
	for i, name := range names {
		e := config.Environment{Name: name, Promote: rapid.SampledFrom([]config.Mode{config.Auto, config.Manual}).Draw(t, "promote")}
		if i > 0 {
			up := rapid.SliceOfNDistinct(rapid.SampledFrom(names[:i]), 1, i, rapid.ID).Draw(t, "after")
			if rapid.Bool().Draw(t, "any") {
				e.AfterAny = up
			} else {
				e.After = up
			}
		}
		e.OneByOne = rapid.IntRange(0, 4).Draw(t, "one by one") == 0
		e.Gates = gatesOf(t, i == 0)
		if rapid.IntRange(0, 2).Draw(t, "nightly") == 0 {
			e.Scheduled = []config.ScheduledCheck{{Check: config.Check{Name: "nightly"}, Schedule: nightly}}
		}
		backRules(t, &e)
		rules.Environments = append(rules.Environments, e)
	}
	if rapid.IntRange(0, 2).Draw(t, "migrations") == 0 {
		rules.Migrations = []config.Migration{{Name: "schema", Expand: []string{"db/*_expand.sql"}, Contract: []string{"db/*_contract.sql"}}}
	}
	return rules
}
