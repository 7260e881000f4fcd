package promote

import (
	"errors"
	"fmt"
	"slices"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/config/condition"
)

// manualGate: whether somebody has to ask, and has.
//
// Where `auto_if` holds, nobody has to ask or to approve. Where it does not, `promote: manual` waits for /promote; with
// `promote: auto` the approvals are enough, or /promote where none are declared. Without `auto_if`, `promote` alone says.
func manualGate(q question) []Gate {
	needs, why := q.needsPeople()
	gate := Gate{Name: GateManual, Open: true}
	request, override := q.promotion.Request, q.promotion.Override
	switch {
	case request != nil && q.mayAsk(request.By):
		gate.Text = request.By.Login + " asked for it"
	case override != nil:
		gate.Text = override.By.Login + " overrides"
	case !needs:
		gate.Text = why
	case q.rules.Promote == config.Auto && len(q.rules.Approve) > 0:
		gate.Text = "goes by itself once it is approved"
		if q.rules.AutoIf != nil {
			gate.Text += ": " + why
		}
	default:
		gate.Open = false
		gate.Text = "waiting for someone to promote it"
		if request != nil {
			gate.Text += fmt.Sprintf(": %s asked for it, and is not among those who may any more", request.By.Login)
		} else if why != "" {
			gate.Text += ": " + why
		}
		gate.Command, gate.Since = "/promote "+q.rules.Name, q.arrived()
		if !q.rules.Allow.Promote.Anyone() {
			gate.Who = q.rules.Allow.Promote.String()
		}
	}
	return []Gate{gate}
}

// mayAsk tells whether who asked is still among those who may, where rules name any.
func (q question) mayAsk(by Person) bool {
	who := q.rules.Allow.Promote
	return who.Anyone() || q.state.People.among(who, by.ID)
}

// needsPeople tells whether people have to agree, by asking or approving, and why it is so. Several gates ask.
func (q question) needsPeople() (needs bool, why string) {
	if q.rules.AutoIf == nil {
		return q.needsByMode()
	}
	key := peopleKey{q.rules.former, q.promotion.To.Position, q.promotion.Plan != nil}
	known, ok := q.people[key]
	if !ok {
		known.needs, known.why = q.needsByCondition()
		if q.people == nil {
			q.considered.people = map[peopleKey]peopleNeeded{}
		}
		q.people[key] = known
	}
	return known.needs, known.why
}

type peopleKey struct {
	former   string
	position int64
	planned  bool
}

type peopleNeeded struct {
	needs bool
	why   string
}

func (q question) needsByMode() (needs bool, why string) {
	switch {
	case len(q.promotion.Commits) == 0 && q.rules.Promote == config.Auto && len(q.rules.Approve) == 0:
		return false, "components that were left out can come again"
	case q.rules.Promote == config.Auto:
		return len(q.rules.Approve) > 0, "goes by itself"
	}
	return true, ""
}

func (q question) needsByCondition() (needs bool, why string) {
	if len(q.promotion.Commits) == 0 {
		return true, "components that were left out can come again"
	}
	facts := q.factsFor(q.rules.AutoIf)
	holds, err := q.rules.AutoIf.Holds(facts)
	switch {
	case errors.Is(err, condition.ErrUnknown):
		return true, "whether `auto_if` holds is known when its plan is made"
	case err != nil:
		return true, "`auto_if`: " + err.Error()
	case holds:
		return false, fmt.Sprintf("goes by itself: `%s` holds", q.rules.AutoIf)
	}
	return true, fmt.Sprintf("`%s` does not hold: %s", q.rules.AutoIf, q.rules.AutoIf.Explain(facts))
}

// factsFor are what a condition asks for.
func (q question) factsFor(asks *condition.Condition) condition.Facts {
	p := q.promotion
	facts := condition.Facts{Now: q.state.Now.UTC(), Range: condition.Range{Commits: len(p.Commits)}}
	if zone := q.rules.repository.Zone; zone != nil {
		facts.Now = q.state.Now.In(zone)
	}
	if p.Plan != nil && p.Plan.Failure() == "" {
		facts.Plan = p.Plan.counts()
	}
	if asks.Uses("range.pulls") {
		facts.Range.Pulls = len(p.Pulls())
	}
	if asks.Uses("range.authors") {
		for _, author := range p.Authors() {
			facts.Range.Authors = append(facts.Range.Authors, author.Login)
		}
	}
	if asks.Uses("range.paths") {
		facts.Range.Paths = p.paths()
	}
	if len(p.Commits) > 0 && !q.state.Now.IsZero() && !p.Commits[0].Merged.IsZero() {
		facts.Range.Age = q.state.Now.Sub(p.Commits[0].Merged)
	}
	return facts
}

// paths that the range changes, each once, in order.
func (r Range) paths() (paths []string) {
	for _, commit := range r.Commits {
		paths = append(paths, commit.Paths...)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}
