package promote

import (
	"fmt"
	"time"
)

// soakGates: the commit must have been healthy for a while in what the environment comes after; of `any`, in one of them.
func soakGates(q question) (gates []Gate) {
	if q.rules.Soak == 0 {
		return nil
	}
	for _, name := range q.rules.After {
		if q.state.has(name, q.promotion.To) {
			gates = append(gates, q.soak(name))
		}
	}
	var best *Gate
	for _, name := range q.rules.AfterAny {
		if !q.state.has(name, q.promotion.To) {
			continue
		}
		gate := q.soak(name)
		if best == nil || gate.sooner(*best) {
			best = &gate
		}
	}
	if best != nil {
		gates = append(gates, *best)
	}
	return gates
}

// sooner tells whether a gate opens before another.
func (g Gate) sooner(other Gate) bool {
	if g.Open || other.Open {
		return g.Open && !other.Open
	}
	if g.OpensAt.IsZero() || other.OpensAt.IsZero() {
		return !g.OpensAt.IsZero() && other.OpensAt.IsZero()
	}
	return g.OpensAt.Before(other.OpensAt)
}

func (q question) soak(name string) Gate {
	gate := Gate{Name: GateSoak}
	target := q.promotion.To
	if last := q.state.Environments[name].Last; last != nil && last.Phase.Live() {
		gate.Text = fmt.Sprintf("%s is being brought to %s, so it does not soak", name, Short(last.To))
		return gate
	}
	stay := q.proven(name, target)
	ends := stay.Healthy.Add(q.rules.Soak)
	switch {
	case stay.Sick != "":
		gate.Text = fmt.Sprintf("%s is not healthy: %s; it soaks for %s once it is", name, stay.Sick, lasting(q.rules.Soak))
	case q.state.Now.Before(ends):
		gate.Text = fmt.Sprintf("%s soaks in %s until %s", Short(target.SHA), name, when(ends, q.repositoryZone()))
		gate.OpensAt, gate.Since = ends, stay.Healthy
	case stay.Healthy.IsZero():
		gate.Open, gate.Text = true, fmt.Sprintf("%s has been in %s since before Trunkline", Short(target.SHA), name)
	default:
		gate.Open, gate.Text = true, fmt.Sprintf("healthy in %s since %s", name, when(stay.Healthy, q.repositoryZone()))
	}
	return gate
}

func (q question) repositoryZone() *time.Location { return q.state.Rules.Zone }

// lasting is a duration for people: "30m", "5d", "1h30m".
func lasting(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	text := ""
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if n := d / unit.size; n > 0 {
			text += fmt.Sprintf("%d%s", n, unit.name)
			d -= n * unit.size
		}
	}
	if text == "" {
		return "0s"
	}
	return text
}
