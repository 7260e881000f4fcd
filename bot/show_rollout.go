package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// rolloutPause is what [Bot.pause] is outside tests.
const rolloutPause = 3 * time.Second

// showRollout brings what GitHub shows of a repository's deployments and merged pull requests up to date.
func (b *Bot) showRollout(ctx context.Context, nudge store.Nudge) error {
	return b.store.Exclusive(ctx, store.Turn{Subject: fmt.Sprintf("rollout/%d", nudge.Repository)}, func(ctx context.Context) error {
		repository, err := b.repository(ctx, nudge.Repository)
		if err != nil {
			return err
		}
		var state promote.State
		var commits []promote.Commit
		var deployments []promote.Deployment
		var now time.Time
		err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
			now = tx.Now()
			if state, err = tx.State(repository.ID); err != nil {
				return err
			}
			if commits, err = tx.ShownRollouts(repository.ID); err != nil {
				return err
			}
			deployments, err = tx.UnshownDeployments(repository.ID)
			return err
		})
		if err != nil {
			return err
		}
		// What cannot be shown in one place does not keep the rest from being shown.
		var failed []error
		for _, deployment := range deployments {
			environment, known := state.Rules.Environment(deployment.Environment)
			if !known {
				environment.Name = deployment.Environment
			}
			failed = append(failed, b.showDeployment(ctx, repository, shownDeployment{Deployment: deployment, environment: environment,
				jobs: state.Rules.RunnerOf(environment.Name).Kind == config.RunnerJobs, now: now}))
		}
		if err := b.retire(ctx, repository, state); err != nil {
			failed = append(failed, err)
		}
		for _, commit := range commits {
			failed = append(failed, b.showCommit(ctx, repository, state, commit))
		}
		if err := errors.Join(failed...); err != nil || len(failed) == 0 {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(b.pause):
		}
		return ctx.Err()
	})
}

// showCommit shows the rollout of a commit on the pull request that it came from.
func (b *Bot) showCommit(ctx context.Context, repository store.Repository, state promote.State, commit promote.Commit) error {
	rollout, ok := promote.View(state, commit.SHA)
	if !ok || len(rollout.Stages) == 0 && len(rollout.Problems) == 0 {
		return nil
	}
	var detail string
	err := b.store.Read(ctx, func(tx *store.Tx) error {
		answers, err := tx.Answers(repository.ID, commit.Pull)
		for _, answer := range answers {
			if !answer.Reply && answer.Text != "" {
				rollout.Answers = append(rollout.Answers, answer.Answer)
			}
		}
		if err := errors.Join(err, addImpacts(tx, repository.ID, rollout)); err != nil {
			return err
		}
		former, err := printed(tx, repository.ID, commit.Pull)
		if err != nil {
			return err
		}
		detail, err = shownIn(rollout, former)
		return err
	})
	if err != nil {
		return err
	}
	of := toldOf{repository.ID, commit.Pull}
	if !b.rollouts.due(of, rollout, state.Now) {
		return nil
	}
	err = b.say(ctx, said{repository: repository, pull: commit.Pull, kind: store.RolloutProjection, subject: fmt.Sprint(commit.Pull),
		body: comment.Rollout(rollout, b.rolloutOptions(repository)), detail: detail})
	if err == nil {
		b.rollouts.tell(of, rollout, state.Now)
	}
	return err
}

func (b *Bot) rolloutOptions(repository store.Repository) comment.Options {
	return comment.Options{NamesOnly: !repository.Private, Log: func(deployment int64) string { return b.logLink(repository, deployment) },
		Run: func(run int64) string { return b.runPage(repository, run) }}
}

// addImpacts adds the impacts of the ranges that are shown. An environment that may not have the commit yet has no range;
// there the commit's own impact belongs, and no other one's.
func addImpacts(tx *store.Tx, repository int64, rollout promote.Rollout) error {
	for i, stage := range rollout.Stages {
		impact, known, err := tx.Impact(repository, stage.Environment.Name)
		if err != nil {
			return err
		}
		waits := stage.Status == promote.Ready || stage.Status == promote.HeldBack || stage.Status == promote.Stopped || stage.Status == promote.GoingBack
		to := stage.Range.To.SHA
		if to == "" {
			to = rollout.Commit.SHA
		}
		from := stage.Runs.SHA
		if stage.Range.Back {
			from = stage.Range.From.SHA
		}
		if known && waits && impact.From == from && impact.To == to {
			rollout.Stages[i].Impact = &impact
		}
	}
	return nil
}

// shownIn says how the rollout stands, and which commits and plans commands without a commit mean from now on: those that
// a person reads in the comment. The comment of a commit that rides shows its own, and what stopped with a newer one:
// there going back to its own would undo what is applied already.
func shownIn(rollout promote.Rollout, former shown) (string, error) {
	s, rides := shown{Targets: map[string]string{}, Plans: map[string]string{}}, rollout.Rides()
	for _, stage := range rollout.Stages {
		name := stage.Environment.Name
		switch {
		case stage.Status == promote.Stopped && stage.Range.Back:
			// Nothing that goes forward is shown.
		case stage.Status == promote.GoingBack && len(stage.Gates) > 0:
			s.Targets[name] = stage.Range.To.SHA
			if stage.PlanDigest != "" {
				s.Plans[name] = stage.PlanDigest
			}
		case stage.Status == promote.GoingBack:
		case stage.Status == promote.Stopped:
			s.Targets[name] = stage.Range.To.SHA
		case rides && stage.Status != promote.Converged:
			s.Targets[name] = rollout.Commit.SHA
		case stage.Status == promote.Ready || stage.Status == promote.HeldBack && len(stage.Gates) > 0:
			s.Targets[name] = stage.Range.To.SHA
			if stage.PlanDigest != "" {
				s.Plans[name] = stage.PlanDigest
			}
		}
	}
	text, err := json.Marshal(s.after(former))
	word := "moving"
	if rollout.Converged() && !rollout.Releasing() {
		word = "converged"
	}
	return word + " " + string(text), err
}
