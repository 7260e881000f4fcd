package bot

import (
	"context"
	"fmt"

	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/promote/store"
)

// showGroup brings the check run of a merge group up to date, for which the queue waits. Where the group failed, its pull
// request is told: it left the queue, and its author has to do something.
func (b *Bot) showGroup(ctx context.Context, nudge store.Nudge) error {
	turn := store.Turn{Subject: fmt.Sprintf("group_check/%d/%s", nudge.Repository, nudge.Subject)}
	return b.store.Exclusive(ctx, turn, func(ctx context.Context) error {
		repository, err := b.repository(ctx, nudge.Repository)
		if err != nil {
			return err
		}
		var group store.MergeGroup
		err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
			group, _, err = tx.FindGroup(repository.ID, nudge.Subject)
			return err
		})
		if err != nil || group.PreviewPhase == store.PreviewNone {
			return err
		}
		run := runOfGroup(repository, group)
		if err := b.endOldChecks(ctx, repository, run); err != nil {
			return err
		}
		if err := b.showRun(ctx, repository, run); err != nil {
			return err
		}
		if run.check.conclusion != "failure" || group.Pull == 0 {
			return nil
		}
		return b.sayFailed(ctx, repository, group, run)
	})
}

// runOfGroup is the check run of a merge group. It has the name of those on pull requests: the same rule requires both.
func runOfGroup(repository store.Repository, group store.MergeGroup) checkRun {
	return checkRun{head: group.Head, of: "group " + group.Head, subject: fmt.Sprintf("group %s/%d", group.Head, group.PreviewWanted),
		check: checkOfGroup(group, !repository.Private)}
}

func checkOfGroup(group store.MergeGroup, namesOnly bool) check {
	if group.PreviewPhase == store.PreviewCancelled {
		return check{conclusion: "cancelled", output: comment.StoppedGroup(shownGroup(group))}
	}
	c := check{output: comment.GroupCheck(group.Preview, shownGroup(group), comment.Options{NamesOnly: namesOnly})}
	switch {
	case group.PreviewPhase == store.PreviewPlanning:
		c.output.Annotations = nil // they come once, with the result
	case group.Preview.Passed():
		c.conclusion = "success"
	default:
		c.conclusion = "failure"
	}
	if group.TakenFrom != "" {
		c.output.Annotations = nil // their lines are those of the pull request's head, on which they are
	}
	return c
}

func shownGroup(group store.MergeGroup) comment.Group {
	return comment.Group{Pull: group.Pull, Ahead: group.Ahead, TakenFrom: group.TakenFrom, Ended: group.Ended}
}

// sayFailed says on the pull request why its group failed, once, with the way to the check run.
func (b *Bot) sayFailed(ctx context.Context, repository store.Repository, group store.MergeGroup, run checkRun) error {
	var known bool
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		_, known, err = tx.FindPull(repository.ID, group.Pull)
		return err
	})
	if err != nil || !known {
		return err
	}
	address, err := b.addressOf(ctx, repository, run)
	if err != nil {
		return err
	}
	return b.say(ctx, said{repository: repository, pull: group.Pull, kind: store.FailedGroupProjection, subject: group.Head,
		body: comment.FailedGroup(group.Preview, shownGroup(group), comment.Options{NamesOnly: !repository.Private, Full: address})})
}
