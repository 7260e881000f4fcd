package promote

import (
	"fmt"
	"testing"

	"github.com/trunkline/trunkline/config"
)

// history is a small world to decide about: what the store and the runner do to the state, without either.
type history struct {
	state    State
	position int64
	starts   []Range
}

func newHistory(environments ...config.Environment) *history {
	h := &history{state: State{Environments: map[string]Environment{}}}
	h.state.Rules.Environments = environments
	base := h.merge()
	for _, rules := range environments {
		h.state.Environments[rules.Name] = Environment{Name: rules.Name, Runs: base.SHA}
	}
	return h
}

func chain(mode config.Mode) []config.Environment {
	return []config.Environment{
		{Name: "dev", Promote: config.Auto},
		{Name: "staging", Promote: mode, After: []string{"dev"}},
		{Name: "prod", Promote: mode, After: []string{"staging"}},
	}
}

func (h *history) merge() Commit {
	h.position++
	commit := Commit{
		SHA: fmt.Sprintf("%07x%033x", h.position*0x1111, 0), Position: h.position, Pull: int(h.position),
		Author: Person{ID: h.position%3 + 1, Login: fmt.Sprintf("author-%d", h.position%3)},
	}
	h.state.Trunk = append(h.state.Trunk, commit)
	return commit
}

// step does what a transaction of the store does: decide, and write down what starts.
func (h *history) step() {
	for _, decision := range Decide(h.state) {
		if decision.Start == nil {
			continue
		}
		environment := h.state.Environments[decision.Environment]
		environment.Last = &Deployment{
			Environment: decision.Environment, From: decision.Start.From.SHA, To: decision.Start.To.SHA,
			Phase: Planning, By: decision.By,
		}
		environment.Request = nil
		h.state.Environments[decision.Environment] = environment
		h.starts = append(h.starts, *decision.Start)
	}
}

// end ends the live deployment of an environment, if there is one.
func (h *history) end(name string, phase Phase) {
	environment := h.state.Environments[name]
	if environment.Last == nil || !environment.Last.Phase.Live() {
		return
	}
	last := *environment.Last
	last.Phase = phase
	environment.Last = &last
	if phase == Succeeded {
		environment.Runs = last.To
	}
	h.state.Environments[name] = environment
	h.step()
}

// ask asks for a promotion as the bot does: only what [Asked] takes becomes a request.
func (h *history) ask(name, to string) *Refusal {
	asked, refusal := Asked(h.state, name, to)
	if refusal != nil {
		return refusal
	}
	environment := h.state.Environments[name]
	environment.Request = &Request{Environment: name, To: asked.To.SHA, By: Person{ID: 9, Login: "carol"}}
	h.state.Environments[name] = environment
	h.step()
	return nil
}

func (h *history) runs(t *testing.T, name string, want Commit) {
	t.Helper()
	if got := h.state.Environments[name].Runs; got != want.SHA {
		t.Errorf("%s runs %s; want %s", name, Short(got), Short(want.SHA))
	}
}
