package promote

import (
	"fmt"
	"slices"
)

// holdGates: nothing moves an environment that is held as a whole. Holds on some components only leave these out; see
// [Promotion].
func holdGates(q question) (gates []Gate) {
	for _, hold := range q.environment.Holds {
		if len(hold.Components) == 0 && hold.active(q.state.Now) {
			gates = append(gates, Gate{Name: GateHold, Text: hold.text(q.rules.Name, q.repositoryZone()), OpensAt: hold.Until,
				Since: hold.From, Command: "/unhold " + q.rules.Name, Who: hold.owner()})
		}
	}
	return sortedGates(gates)
}

// failedGate: what failed is not tried again by itself, also where it was taken back since. A newer commit is another step, and a
// person may ask again.
func failedGate(q question) []Gate {
	stopped, ok := q.stoppedAt()
	if !ok || q.back != nil || q.promotion.Request != nil || q.promotion.To.Position > stopped.Position {
		return nil
	}
	last := q.environment.Last
	text := fmt.Sprintf("the deployment of %s %s", Short(last.To), endings[last.Phase])
	if last.Rollback {
		undone := q.environment.Undone
		if undone == nil || len(q.promotion.Commits) == 0 || q.heldAfterRollback() {
			return nil // it was good, or is there already, or is held: one word is enough
		}
		text = fmt.Sprintf("the deployment of %s %s, and was taken back", Short(undone.To), endings[undone.Phase])
	}
	return []Gate{{Name: GateFailed, Text: text, Since: last.Finished, Command: "/promote " + q.rules.Name}}
}

func (q question) heldAfterRollback() bool {
	return slices.ContainsFunc(q.environment.Holds, func(h Hold) bool { return h.Kind == HeldAfterRollback && h.active(q.state.Now) })
}

// stoppedAt is the commit ahead of what the environment runs that the last deployment failed to bring, or took back.
func (c *considered) stoppedAt() (stopped Commit, ok bool) {
	last := c.environment.Last
	switch {
	case last == nil || last.Phase.Live() || last.Phase == Void:
		return stopped, false
	case last.Rollback:
		stopped, ok = c.state.commit(last.From)
	case last.Phase != Succeeded && last.From == c.environment.Runs:
		stopped, ok = c.state.commit(last.To)
		return stopped, ok
	}
	return stopped, ok && stopped.Position > c.runs.Position
}
