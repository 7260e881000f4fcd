package bot

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/checks"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/stack"
)

// startChecks begins with the checks that trunk's rules name; release gives back what they need, once they have ended.
func (p *previewing) startChecks(ctx context.Context, git *mirror.Mirror, work checks.Options) (run *checks.Run, release func(), err error) {
	release = func() {}
	work.Checks, work.Redact = p.rules.Checks, p.redact
	if len(work.Checks) == 0 {
		return checks.Start(ctx, work), release, nil
	}
	if work.Trunk, err = git.Tree(ctx, p.repository.Tip); err != nil {
		return nil, nil, err
	}
	if work.Merge, err = git.Tree(ctx, work.Place.Commit); err != nil {
		return nil, nil, err
	}
	if work.Instances, err = p.allInstances(ctx, work.Place.Commit); err != nil {
		return nil, nil, err
	}
	if work.ChangedLine, err = p.changedLine(ctx, git, work.Place.Commit); err != nil {
		return nil, nil, err
	}
	slots := limited{slots: p.bot.previewSlots}
	work.Slot = func(ctx context.Context) (func(), error) { return slots.leave, slots.enter(ctx) }
	for _, check := range work.Checks {
		if check.Kind != config.Scan || work.Worktree != "" {
			continue
		}
		// One of their own: what scans leave behind must not get into plans, nor what engines lay down into scans.
		worktree, err := git.Worktree(ctx, work.Place.Commit)
		if err != nil {
			return nil, nil, err
		}
		release, work.Worktree = worktree.Release, worktree.Dir
		work.Command = func(check config.PullCheck) process.Command { return p.scan(check, worktree, work.Place) }
	}
	return checks.Start(ctx, work), release, nil
}

// scan is the process of a check with a command.
func (p *previewing) scan(check config.PullCheck, worktree *mirror.Worktree, place planner.Place) process.Command {
	home := filepath.Join(place.Scratch, "checks", stack.Instance{Component: check.Name}.Folder())
	return p.bot.check(config.Check{Run: check.Run, Timeout: check.Timeout}, worktree, home, map[string]string{
		"TRUNKLINE_COMMIT": place.Commit, "TRUNKLINE_HEAD": p.preview.Head, "TRUNKLINE_TRUNK": p.preview.Trunk, "TRUNKLINE_ROOT": worktree.Dir})
}

// allInstances are those of the merge, in the order of environments and names.
func (p *previewing) allInstances(ctx context.Context, merge string) ([]stack.Instance, error) {
	snapshot, err := p.bot.snapshot(ctx, p.repository, merge, p.rules.Repository)
	if err != nil {
		return nil, err
	}
	return snapshot.Ordered(), nil
}

// changedLine finds lines that the pull request changes, for annotations: GitHub shows them on the head's files, whose
// lines are others than the merge's where trunk has gone on.
func (p *previewing) changedLine(ctx context.Context, git *mirror.Mirror, merge string) (func(file string, first, last int) int, error) {
	changed, err := git.ChangedLines(ctx, p.preview.Trunk, merge)
	if err != nil {
		return nil, err
	}
	fromHead, err := git.ChangedLines(ctx, p.preview.Head, merge)
	if err != nil {
		return nil, err
	}
	return func(file string, first, last int) int {
		line := changed.FirstIn(file, first, last)
		if line == 0 {
			return 0
		}
		return fromHead.Before(file, line)
	}, nil
}

// notePolicies tells the reviewer that the pull request changes policies, which are read from trunk.
func (p *previewing) notePolicies(trunk, merge *mirror.Tree) {
	for _, check := range p.rules.Checks {
		if check.Kind == config.Policy && checks.PolicyChanged(trunk, merge, check.Folder) {
			p.preview.Notes = append(p.preview.Notes, fmt.Sprintf(
				"This changes the policies in `%s`. The check `%s` judges by those that are on %s now; the new ones count from the merge on.",
				check.Folder, check.Name, p.repository.Trunk))
		}
	}
}
