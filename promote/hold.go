package promote

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// HoldKind says where a hold comes from.
type HoldKind string

const (
	// Held by a person with /hold.
	Held HoldKind = "hold"
	// HeldAfterRollback keeps what was taken back from coming again.
	HeldAfterRollback HoldKind = "rollback"
	// Diverging is planned divergence: it is declared in the configuration and ends there.
	Diverging HoldKind = "divergence"
)

// Hold is a stop on an environment, or on some components of it.
type Hold struct {
	ID   int64
	Kind HoldKind
	// Components by name or pattern; empty: the whole environment.
	Components []string
	// Owner put it on; the zero Person: Trunkline. OwnerName is a login or a team where the configuration names it.
	Owner     Person
	OwnerName string
	Reason    string
	// From is when it begins. Until is the first moment after it; zero: when somebody lifts it.
	From, Until time.Time
}

// owner for people.
func (h Hold) owner() string {
	switch {
	case h.OwnerName != "":
		return h.OwnerName
	case h.Owner.Login != "":
		return h.Owner.Login
	}
	return "Trunkline"
}

// active tells whether it holds now. A state without a time does not end anything.
func (h Hold) active(now time.Time) bool {
	if now.IsZero() {
		return true
	}
	return !now.Before(h.From) && (h.Until.IsZero() || now.Before(h.Until))
}

// Text says what is held, by whom, until when and why, as a sentence without its full stop.
func (h Hold) Text(environment string, zone *time.Location) string { return h.text(environment, zone) }

// Covers tells whether it holds a component.
func (h Hold) Covers(component string) bool {
	return len(h.Components) == 0 || named(h.Components, component)
}

func (h Hold) text(name string, zone *time.Location) string {
	text := fmt.Sprintf("%s is held by %s", name, h.owner())
	if len(h.Components) > 0 {
		text = fmt.Sprintf("%s of %s is held by %s", strings.Join(h.Components, ", "), name, h.owner())
	}
	if !h.Until.IsZero() {
		text += " until " + when(h.Until, zone)
	}
	if h.Reason != "" {
		text += ": " + h.Reason
	}
	return text
}

// divergences are the holds on some components of an environment that a configuration declares.
func (r ruleset) divergences() (holds []Hold) {
	for _, declared := range r.repository.Diverge {
		if slices.Contains(declared.Environments, r.calls) {
			holds = append(holds, Hold{Kind: Diverging, Components: declared.Components, OwnerName: declared.Owner,
				Reason: declared.Reason, Until: declared.Until})
		}
	}
	return holds
}

// leftOut are the components that a step of the environment leaves as they are: those that are held here, and those
// that were left out in what it comes after, and so were not proven. Planned divergence that is past its end does not stop
// people any more, but what was set apart for weeks does not move by itself either.
func (c *considered) leftOut(asked bool) (components []string) {
	for _, hold := range c.environment.Holds {
		if hold.active(c.state.Now) {
			components = append(components, hold.Components...)
		}
	}
	for _, rules := range c.versions {
		for _, hold := range rules.divergences() {
			if hold.active(c.state.Now) || !asked {
				components = append(components, hold.Components...)
			}
		}
		for _, name := range slices.Concat(rules.After, rules.AfterAny) {
			for _, left := range c.state.Environments[name].LeftOut {
				components = append(components, left.Component)
			}
		}
	}
	slices.Sort(components)
	return slices.Compact(components)
}

// free are the components that were left out and need not be any more.
func (c *considered) free(without []string) (components []string) {
	for _, left := range c.environment.LeftOut {
		if !named(without, left.Component) {
			components = append(components, left.Component)
		}
	}
	return components
}

// when is a moment for people, on the clock of a zone.
func when(moment time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	return moment.In(zone).Format("Mon 2006-01-02 15:04 MST")
}
