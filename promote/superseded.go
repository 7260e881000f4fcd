package promote

import (
	"cmp"
	"slices"
)

// Superseded is a step that people dealt with and that does not happen any more, because a newer one takes it along.
type Superseded struct {
	// To is the commit that it was to bring, By the one that takes its place.
	To, By Commit
	// Request that was for it; it goes on for By. Nil: nobody asked.
	Request *Request
	// Approvals of it; they are void.
	Approvals []Approval
}

// superseded are the steps that the promotion takes the place of, oldest first.
func (c *considered) superseded(promotion Promotion) (all []Superseded) {
	place := map[string]int{}
	of := func(sha string) *Superseded {
		to, ok := c.state.commit(sha)
		if !ok || to.Position <= c.runs.Position || to.Position >= promotion.To.Position {
			return nil
		}
		i, known := place[sha]
		if !known {
			i, place[sha] = len(all), len(all)
			all = append(all, Superseded{To: to, By: promotion.To})
		}
		return &all[i]
	}
	if c.request != nil {
		if s := of(c.request.To); s != nil {
			s.Request = c.request
		}
	}
	for _, approval := range c.environment.Approvals {
		if approval.From != c.environment.Runs {
			continue
		}
		if s := of(approval.To); s != nil && !slices.Contains(s.Approvals, approval) {
			s.Approvals = append(s.Approvals, approval)
		}
	}
	slices.SortFunc(all, func(a, b Superseded) int { return cmp.Compare(a.To.Position, b.To.Position) })
	for i := range all {
		slices.SortFunc(all[i].Approvals, func(a, b Approval) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	}
	return all
}
