package promote

import "fmt"

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

// failedGate: what failed is not tried again by itself. A newer commit is another step, and a person may ask again.
func failedGate(q question) []Gate {
	last := q.environment.Last
	if last == nil || last.Phase != Failed && last.Phase != Aborted || last.From != q.environment.Runs || q.promotion.Request != nil {
		return nil
	}
	to, ok := q.state.commit(last.To)
	if !ok || to.Position < q.promotion.To.Position {
		return nil
	}
	return []Gate{{Name: GateFailed, Text: fmt.Sprintf("the deployment of %s %s", Short(last.To), endings[last.Phase]), Since: last.Finished,
		Command: "/promote " + q.rules.Name}}
}
