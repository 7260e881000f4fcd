package promote

import (
	"slices"

	"github.com/trunkline/trunkline/config"
)

// considered is one environment while it is decided about: its facts, and what follows from them.
type considered struct {
	state       *State
	environment Environment
	// versions of its rules; see [State.versions].
	versions []ruleset
	runs     Commit
	// candidate is the newest commit that is proven by all versions.
	candidate Commit
	request   *Request
	// back is the rollback that is under way or comes next; nil: the environment goes forward. Then versions are those by
	// which it goes back.
	back *Rollback
	// residences are remembered: several gates ask.
	residences map[residenceKey]residence
	// people are the answers of [question.needsPeople], once they are asked for.
	people map[peopleKey]peopleNeeded
	// digest of the rules, once it is asked for.
	digest string
}

type residenceKey struct {
	name     string
	position int64
}

func consider(state *State, rules config.Environment) (c *considered, onTrunk bool) {
	c = &considered{state: state, environment: state.Environments[rules.Name]}
	c.runs, onTrunk = state.commit(c.environment.Runs)
	c.versions = state.versions(rules, c.runs)
	c.candidate = newestProven(*state, c.versions)
	c.request = c.environment.Request
	if c.back = c.goingBack(); c.back != nil {
		for i := range c.versions {
			c.versions[i] = c.versions[i].backward()
		}
	}
	return c, onTrunk
}

// promotion is the step that the environment takes next; ok is false where there is none to take.
func (c *considered) promotion() (p Promotion, ok bool) {
	if c.back != nil {
		return c.backward()
	}
	target := c.target()
	if target.Position < c.runs.Position {
		return p, false
	}
	p = Promotion{Environment: c.environment.Name, Range: c.state.between(c.runs, target), Override: c.override()}
	p.Request = c.request
	p.Without = c.leftOut(p.Request != nil || p.Override != nil)
	if target.Position == c.runs.Position && len(c.free(p.Without)) == 0 {
		return p, false
	}
	p.Plan = c.planFor(p)
	return p, true
}

// done tells whether there is a request and nothing is left to do for it.
func (c *considered) done() bool {
	if c.request == nil {
		return false
	}
	to, ok := c.state.commit(c.request.To)
	return !ok || to.Position < c.runs.Position || to.Position == c.runs.Position && len(c.free(c.leftOut(true))) == 0
}

// target is the commit to go to.
func (c *considered) target() Commit {
	if override := c.override(); override != nil {
		to, _ := c.state.commit(override.To)
		return to
	}
	target := c.newest()
	if request := c.request; request != nil {
		asked, ok := c.state.commit(request.To)
		inTurn := !c.oneByOne() || asked.Position <= target.Position
		if ok && inTurn && asked.Position >= c.runs.Position && (request.Exact || c.consented(asked)) {
			return c.beforeContract(asked)
		}
	}
	if approved, ok := c.approved(); ok {
		return approved
	}
	return c.beforeContract(target)
}

// newest is the candidate, or with one_by_one the first commit that was not tried yet.
func (c *considered) newest() Commit {
	if !c.oneByOne() {
		return c.candidate
	}
	tried := c.runs.Position
	stopped, ok := c.stoppedAt()
	if ok {
		// What failed goes along with the next commit, which may be its remedy.
		tried = max(tried, stopped.Position)
	}
	if i := c.state.after(tried); i < len(c.state.Trunk) && c.state.Trunk[i].Position <= c.candidate.Position {
		return c.state.Trunk[i]
	}
	if ok && stopped.Position <= c.candidate.Position {
		return stopped
	}
	return c.runs
}

func (c *considered) oneByOne() bool {
	return slices.ContainsFunc(c.versions, func(r ruleset) bool { return r.OneByOne })
}

// consented tells whether all people who have to agree to a step have done so: then a newer commit does not take its
// place, because nobody agreed to that one. Without its plan nobody knows whether approvals still count, and then it has
// no place to keep: else it would be looked at in turns with the newer one, each time without its plan.
func (c *considered) consented(target Commit) bool {
	p := Promotion{Environment: c.environment.Name, Range: c.state.between(c.runs, target), Request: c.request}
	p.Without = c.leftOut(c.request != nil)
	p.Plan = c.planFor(p)
	for _, rules := range c.versions {
		q := question{c, rules, p}
		if needs, _ := q.needsPeople(); needs && len(rules.Approve) > 0 && (p.Plan == nil || len(q.missing()) > 0) {
			return false
		}
	}
	return true
}

// approved is the newest commit that is fully approved and waits for something else than people.
func (c *considered) approved() (Commit, bool) {
	var newest Commit
	if c.request == nil && c.versions[0].Promote == config.Manual || !c.asksApproval() {
		return newest, false
	}
	seen := map[string]bool{}
	for _, approval := range c.environment.Approvals {
		if approval.From != c.environment.Runs || seen[approval.To] {
			continue
		}
		seen[approval.To] = true
		to, ok := c.state.commit(approval.To)
		if ok && to.Position > newest.Position && to.Position > c.runs.Position && to.Position <= c.newest().Position && c.beforeContract(to).SHA == to.SHA && c.consented(to) {
			newest = to
		}
	}
	return newest, newest.Position > 0
}

func (c *considered) asksApproval() bool {
	return slices.ContainsFunc(c.versions, func(r ruleset) bool { return len(r.Approve) > 0 })
}

// planFor is the plan of exactly this promotion; nil: there is none yet.
func (c *considered) planFor(p Promotion) *Plan {
	plan := c.environment.Plan
	var after int64
	if c.environment.Last != nil {
		after = c.environment.Last.ID
	}
	if plan == nil || !plan.Done || plan.From != p.From.SHA || plan.To != p.To.SHA || plan.After != after {
		return nil
	}
	exact := plan.without(p.Without)
	return &exact
}

// override is the one that waits, if it is still about what the environment runs.
func (c *considered) override() *Override {
	override := c.environment.Override
	if override == nil || override.From != c.environment.Runs {
		return nil
	}
	if to, ok := c.state.commit(override.To); !ok || to.Position < c.runs.Position {
		return nil
	}
	return override
}
