package deploy

import (
	"context"
	"errors"
	"slices"

	"github.com/trunkline/trunkline/promote"
)

func (r *run) inOrder(ctx context.Context, names []string, order promote.Order, do func(context.Context, string) error) error {
	return Turns{Names: names, Order: order, Parallel: r.target.Planner.Parallel}.Take(ctx, do)
}

// Turns are instances with what each has to follow, and how many are worked on at a time, at least one.
type Turns struct {
	Names    []string
	Order    promote.Order
	Parallel int
}

// Take does something with several instances at a time, each after those of them that it has to follow, and begins
// nothing more after the first error. It returns when all have ended, with the error of the first name.
func (t Turns) Take(ctx context.Context, do func(context.Context, string) error) error {
	names, order := t.Names, t.Order
	waiting := make(map[string]int, len(names)) // for how many others
	followers := map[string][]string{}
	for _, name := range names {
		waiting[name] = 0
	}
	for _, name := range names {
		for _, upstream := range order[name] {
			if _, among := waiting[upstream]; among {
				waiting[name]++
				followers[upstream] = append(followers[upstream], name)
			}
		}
	}
	var ready []string
	for name, others := range waiting {
		if others == 0 {
			ready = append(ready, name)
		}
	}
	type end struct {
		name string
		err  error
	}
	ends, running, failed := make(chan end), 0, []end{}
	var next *waits // of those that have to wait: nothing that follows them begins, and everything else does
	for {
		slices.Sort(ready)
		for len(ready) > 0 && running < max(t.Parallel, 1) && len(failed) == 0 && ctx.Err() == nil {
			name := ready[0]
			ready, running = ready[1:], running+1
			go func() { ends <- end{name, do(ctx, name)} }()
		}
		if running == 0 {
			break
		}
		ended := <-ends
		running--
		var later *waits
		if errors.As(ended.err, &later) {
			if next == nil || later.until.Before(next.until) {
				next = later
			}
			continue
		}
		if ended.err != nil {
			failed = append(failed, ended)
			continue
		}
		for _, follower := range followers[ended.name] {
			if waiting[follower]--; waiting[follower] == 0 {
				ready = append(ready, follower)
			}
		}
	}
	slices.SortFunc(failed, func(a, b end) int { return slices.Compare([]string{a.name}, []string{b.name}) })
	if len(failed) > 0 {
		return failed[0].err
	}
	if err := ctx.Err(); err != nil || next == nil {
		return err
	}
	return next
}
