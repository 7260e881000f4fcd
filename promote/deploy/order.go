package deploy

import (
	"context"
	"errors"
	"slices"
	"strings"

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

// queue is what can begin, and for how many others each of the rest waits.
type queue struct {
	ready     []string
	waiting   map[string]int
	followers map[string][]string
}

func (t Turns) queue() queue {
	q := queue{waiting: make(map[string]int, len(t.Names)), followers: map[string][]string{}}
	for _, name := range t.Names {
		q.waiting[name] = 0
	}
	for _, name := range t.Names {
		for _, upstream := range t.Order[name] {
			if _, among := q.waiting[upstream]; among {
				q.waiting[name]++
				q.followers[upstream] = append(q.followers[upstream], name)
			}
		}
	}
	for name, others := range q.waiting {
		if others == 0 {
			q.ready = append(q.ready, name)
		}
	}
	slices.Sort(q.ready)
	return q
}

// done lets those begin that waited for this one last.
func (q *queue) done(name string) {
	for _, follower := range q.followers[name] {
		if q.waiting[follower]--; q.waiting[follower] == 0 {
			q.ready = append(q.ready, follower)
		}
	}
	slices.Sort(q.ready)
}

// Take does something with several instances at a time, each after those of them that it has to follow, and begins
// nothing more after the first error. It returns when all have ended, with the error of the first name. What has to wait
// keeps only what follows it.
func (t Turns) Take(ctx context.Context, do func(context.Context, string) error) error {
	type end struct {
		name string
		err  error
	}
	q := t.queue()
	ends, running := make(chan end), 0
	var failed []end
	var next *waits
	for {
		for len(q.ready) > 0 && running < max(t.Parallel, 1) && len(failed) == 0 && ctx.Err() == nil {
			name := q.ready[0]
			q.ready, running = q.ready[1:], running+1
			go func() { ends <- end{name, do(ctx, name)} }()
		}
		if running == 0 {
			break
		}
		ended := <-ends
		running--
		var later *waits
		switch {
		case ended.err == nil:
			q.done(ended.name)
		case !errors.As(ended.err, &later):
			failed = append(failed, ended)
		case next == nil || later.until.Before(next.until):
			next = later
		}
	}
	if len(failed) > 0 {
		return slices.MinFunc(failed, func(a, b end) int { return strings.Compare(a.name, b.name) }).err
	}
	if err := ctx.Err(); err != nil || next == nil {
		return err
	}
	return next
}
