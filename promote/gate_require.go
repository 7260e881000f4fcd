package promote

import (
	"fmt"
	"slices"
	"time"
)

// requireGates: named GitHub checks and statuses must have passed on the commit. Where several report under one name, all
// of them must have.
func requireGates(q question) (gates []Gate) {
	target := q.promotion.To
	for _, name := range q.rules.Require {
		gate := Gate{Name: GateRequire, Who: name, Since: target.Merged}
		newest := map[string]Report{}
		for _, report := range q.state.Reports[target.SHA] {
			if other, ok := newest[report.Source]; report.Name == name && (!ok || report.newer(other)) {
				newest[report.Source] = report
			}
		}
		var failed, running bool
		var ended time.Time
		for _, report := range newest {
			failed = failed || report.Done && !report.Passed
			running = running || !report.Done
			ended = later(ended, report.At)
		}
		switch {
		case len(newest) == 0:
			gate.Text = fmt.Sprintf("%s has not reported on %s", name, Short(target.SHA))
		case failed:
			gate.Text = fmt.Sprintf("%s failed on %s", name, Short(target.SHA))
			gate.Since = ended
		case running:
			gate.Text = fmt.Sprintf("%s is still running on %s", name, Short(target.SHA))
		default:
			gate.Open, gate.Text = true, fmt.Sprintf("%s passed on %s", name, Short(target.SHA))
		}
		gates = append(gates, gate)
	}
	return gates
}

// newer tells which of two reports of one source counts: the newer, and of the same moment the worse.
func (r Report) newer(other Report) bool {
	if !r.At.Equal(other.At) {
		return r.At.After(other.At)
	}
	return !r.Passed && other.Passed
}

// WaitsForReports are the commits on which a check or a status is waited for or has failed, by any environment; each once, in
// the order of the environments.
func WaitsForReports(state State) (shas []string) {
	for _, decision := range Decide(state) {
		waits := slices.ContainsFunc(decision.Gates, func(g Gate) bool { return g.Name == GateRequire && !g.Open })
		if waits && decision.Promotion != nil && !slices.Contains(shas, decision.Promotion.To.SHA) {
			shas = append(shas, decision.Promotion.To.SHA)
		}
	}
	return shas
}
