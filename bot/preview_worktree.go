package bot

import (
	"context"

	"github.com/trunkline/trunkline/planner/mirror"
)

// early is a worktree that is made while it is still looked for what is affected, where that costs little: where there is
// one of another commit, of which only the differences are written. It is released in any case.
type early struct {
	git    *mirror.Mirror
	coming chan checkedOut
	made   *mirror.Worktree
}

type checkedOut struct {
	worktree *mirror.Worktree
	err      error
}

func checkOutEarly(ctx context.Context, git *mirror.Mirror, commit string) *early {
	e := &early{git: git}
	if git.Keeps() {
		e.coming = make(chan checkedOut, 1)
		go func() {
			worktree, err := git.KeptWorktree(ctx, commit)
			e.coming <- checkedOut{worktree, err}
		}()
	}
	return e
}

// worktree returns the one that was begun early, or makes it now.
func (e *early) worktree(ctx context.Context, commit string) (worktree *mirror.Worktree, err error) {
	if e.coming == nil {
		e.made, err = e.git.KeptWorktree(ctx, commit)
		return e.made, err
	}
	done := <-e.coming
	e.coming, e.made = nil, done.worktree
	return done.worktree, done.err
}

// release gives the worktree back, if there is one.
func (e *early) release() {
	if e.coming != nil {
		e.made = (<-e.coming).worktree
	}
	if e.made != nil {
		e.made.Release()
	}
}
