package promote

import "fmt"

// rangeGates: one promotion brings at most so much.
func rangeGates(q question) []Gate {
	limit := q.rules.MaxRange
	if limit.Commits == 0 && limit.Pulls == 0 {
		return nil
	}
	commits, pulls := len(q.promotion.Commits), 0
	if limit.Pulls > 0 {
		pulls = len(q.promotion.Pulls())
	}
	gate := Gate{Name: GateMaxRange}
	switch {
	case limit.Commits > 0 && commits > limit.Commits:
		gate.Text = fmt.Sprintf("%d commits at once, and at most %d may go together", commits, limit.Commits)
	case limit.Pulls > 0 && pulls > limit.Pulls:
		gate.Text = fmt.Sprintf("%d pull requests at once, and at most %d may go together", pulls, limit.Pulls)
	default:
		gate.Open, gate.Text = true, "the range is small enough"
		return []Gate{gate}
	}
	if fits := q.fitting(); fits.SHA != "" {
		gate.Command = fmt.Sprintf("/promote %s to %s", q.rules.Name, Short(fits.SHA))
	}
	return []Gate{gate}
}

// fitting is the newest commit of the range up to which it is small enough.
func (q question) fitting() (fits Commit) {
	limit := q.rules.MaxRange
	seen := map[int]bool{}
	for i, commit := range q.promotion.Commits {
		if commit.Pull != 0 {
			seen[commit.Pull] = true
		}
		if limit.Commits > 0 && i+1 > limit.Commits || limit.Pulls > 0 && len(seen) > limit.Pulls {
			break
		}
		fits = commit
	}
	return fits
}
