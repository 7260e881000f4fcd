package bot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// preview brings the preview of a pull request up to date: it plans what is new, and stops what is not wanted any
// more. A newer push, a close or a /plan interrupts the pass that is under way, whose engine processes end.
func (b *Bot) preview(ctx context.Context, nudge store.Nudge) error {
	number, err := strconv.Atoi(nudge.Subject)
	if err != nil {
		return fmt.Errorf("preview of %q: %w", nudge.Subject, err)
	}
	turn := store.Turn{Subject: fmt.Sprintf("preview/%d/%d", nudge.Repository, number), Interrupt: true}
	return b.store.Exclusive(ctx, turn, func(ctx context.Context) error {
		p, err := b.previewing(ctx, nudge.Repository, number)
		if err != nil {
			return err
		}
		if p.repository.Tip == "" {
			// Trunk first: what a change means is only known against it.
			if err := b.readTrunk(ctx, store.Nudge{Topic: store.Trunk, Repository: nudge.Repository}); err != nil {
				return err
			}
			if p, err = b.previewing(ctx, nudge.Repository, number); err != nil {
				return err
			}
			if p.repository.Tip == "" {
				return fmt.Errorf("trunk of %s/%s is still being read", p.repository.Owner, p.repository.Name)
			}
		}
		return b.previewPass(ctx, p)
	})
}

// previewing reads what a pass over the preview of a pull request has to know.
func (b *Bot) previewing(ctx context.Context, repository int64, number int) (p previewing, err error) {
	p.bot = b
	err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
		if p.repository, err = tx.Repository(repository); err != nil {
			return err
		}
		if p.pull, _, err = tx.FindPull(repository, number); err != nil {
			return err
		}
		p.rules.Repository, p.rules.problems, p.rules.known, err = tx.Configuration(repository)
		return err
	})
	return p, err
}

// rules are those of trunk, or why there are none.
type rules struct {
	config.Repository
	problems config.Problems
	known    bool
}

// previewing is one pass over the preview of one pull request, or of one group of the merge queue.
type previewing struct {
	bot        *Bot
	repository store.Repository
	pull       store.PullRequest
	rules      rules
	// group is not nil where it is the preview of a merge group; then there is no pull. ahead are the groups between
	// trunk and it.
	group *store.MergeGroup
	ahead []store.MergeGroup

	preview planner.Preview
	saved   time.Time
	// redact takes secrets out of what is shown.
	redact func(string) string
	// merged is what the merge asks for, by its own rules about stacks.
	merged merged
}

func (b *Bot) previewPass(ctx context.Context, p previewing) error {
	switch pull := p.pull; {
	case pull.Base != p.repository.Trunk:
		return p.leave(ctx)
	case pull.Phase != store.PullOpen:
		// What the engine kept for its next push.
		if err := os.RemoveAll(b.pullScratch(p.repository, pull.Number)); err != nil {
			zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot remove what a pull request left")
		}
		return p.stop(ctx)
	case pull.Draft && !pull.Asked():
		return p.stop(ctx)
	case pull.PreviewPhase == store.PreviewDone && pull.PreviewHead == pull.Head && pull.PreviewWanted == pull.Wanted:
		return nil
	case !p.rules.known:
		return p.begin(ctx)
	}
	return p.run(ctx)
}

// stop ends a preview that is not wanted any more, if it is under way.
func (p *previewing) stop(ctx context.Context) error {
	if p.pull.PreviewPhase != store.PreviewPlanning {
		return nil
	}
	p.preview = cancelled(p.pull.Preview)
	return p.save(ctx, store.PreviewCancelled)
}

// leave ends the preview of a pull request that goes into another branch now: what was said of trunk holds no more.
// One that was never planned is left alone.
func (p *previewing) leave(ctx context.Context) error {
	none := p.pull.PreviewPhase == store.PreviewNone || p.pull.PreviewPhase == store.PreviewCancelled && p.pull.Preview.Problem != nil
	if none || p.pull.Phase != store.PullOpen {
		return p.stop(ctx)
	}
	p.preview = planner.Preview{Head: p.pull.Head, Trunk: p.repository.Tip, Problem: &planner.Problem{
		Title:  fmt.Sprintf("Not into %s any more", p.repository.Trunk),
		Detail: fmt.Sprintf("It goes into `%s` now. All environments follow %s, so merging this changes none of them.", p.pull.Base, p.repository.Trunk)}}
	return p.save(ctx, store.PreviewCancelled)
}

func cancelled(preview planner.Preview) planner.Preview {
	for i, instance := range preview.Instances {
		if instance.Outcome == planner.Waiting || instance.Outcome == planner.Planning {
			preview.Instances[i].Outcome = planner.Cancelled
		}
	}
	for i, check := range preview.Checks {
		if check.Outcome == planner.CheckRunning {
			preview.Checks[i].Outcome = planner.CheckCancelled
		}
	}
	return preview
}

// run makes the preview, from the first sign of life to the last plan.
func (p *previewing) run(ctx context.Context) error {
	p.preview = planner.Preview{Head: p.pull.Head, Trunk: p.repository.Tip, Environments: names(p.rules.Repository)}
	if err := p.save(ctx, store.PreviewPlanning); err != nil {
		return err
	}
	// Fetching runs no code, so it need not wait until GitHub has said whether any may be run.
	git, fetched := p.bot.mirrors.of(p.repository), make(chan error, 1)
	go func() { fetched <- p.fetch(ctx, git) }()
	problem, err := p.mayRun(ctx)
	missing := <-fetched
	switch {
	case err != nil:
		return err
	case problem != nil:
		p.preview.Problem = problem
		return p.save(ctx, store.PreviewDone)
	case missing != nil:
		return missing
	}
	if err := p.plan(ctx, git); err != nil {
		return err
	}
	return p.save(ctx, store.PreviewDone)
}

// mayRun says why the code of the pull request may not be run, if it may not: plans run code.
func (p *previewing) mayRun(ctx context.Context) (*planner.Problem, error) {
	if p.pull.AllowedHead == p.pull.Head {
		return nil, nil
	}
	untrusted := &planner.Problem{Title: "Not planned: planning runs the code of the pull request",
		Detail: fmt.Sprintf("It comes from a fork. Someone with write access who has read it can write `/plan at %s`.", p.pull.Head)}
	if p.pull.Fork {
		return untrusted, nil
	}
	if ours, err := p.bot.isRevert(ctx, p.repository, p.pull.Head); err != nil || ours {
		return nil, err
	}
	for _, who := range slices.Compact([]promote.Person{p.pull.Author, p.pull.Pusher}) {
		trusted, err := p.bot.may(ctx, p.repository, who, actRun)
		if err != nil {
			return nil, err
		}
		if !trusted {
			untrusted.Detail = fmt.Sprintf("%s has no write access here. Someone who has, and has read the change, can write `/plan at %s`.",
				who.Login, p.pull.Head)
			return untrusted, nil
		}
	}
	return nil, nil
}

// plan merges the head into trunk, finds what that affects, and plans it.
func (p *previewing) plan(ctx context.Context, git *mirror.Mirror) error {
	merge, err := git.MergeTree(ctx, p.preview.Trunk, p.pull.Head)
	var conflict *mirror.Conflict
	if errors.As(err, &conflict) {
		p.preview.Problem = &planner.Problem{Title: "Conflict with " + p.repository.Trunk,
			Detail: fmt.Sprintf("%s cannot be merged into %s. Bring the branch up to date; every push is planned.", conflict.Error(), p.repository.Trunk)}
		return nil
	}
	if err != nil {
		return err
	}
	return p.planMerge(ctx, git, merge)
}

// planMerge finds what a merge affects, and plans it.
func (p *previewing) planMerge(ctx context.Context, git *mirror.Mirror, merge string) error {
	if len(p.rules.problems) > 0 {
		return p.mends(ctx, git, merge)
	}
	early := checkOutEarly(ctx, git, merge)
	defer early.release()
	err := p.affected(ctx, git, merge)
	if problems := (config.Problems)(nil); errors.As(err, &problems) {
		p.preview.Problem = problemOf("The stacks cannot be resolved", problems)
		return nil
	}
	if instances, _ := p.toPlan(); err != nil || len(instances)+len(p.rules.Checks) == 0 {
		return err
	}
	return p.planAll(ctx, early, merge)
}

// fetch gets trunk and the head. A server that shows no refs for pull requests is asked for the branches.
func (p *previewing) fetch(ctx context.Context, git *mirror.Mirror) error {
	if have, err := git.Has(ctx, p.preview.Trunk); err != nil || !have {
		trunk := "refs/heads/" + p.repository.Trunk
		if err := errors.Join(err, git.Fetch(ctx, "+"+trunk+":"+trunk)); err != nil {
			return err
		}
	}
	have, err := git.Has(ctx, p.pull.Head)
	if err != nil || have {
		return err
	}
	ref := fmt.Sprintf("refs/pull/%d/head", p.pull.Number)
	err = git.Fetch(ctx, "+"+ref+":"+ref)
	if err != nil && ctx.Err() == nil {
		err = git.Fetch(ctx, "+refs/heads/*:refs/heads/*")
	}
	if err != nil {
		return err
	}
	if have, err = git.Has(ctx, p.pull.Head); err == nil && !have {
		err = fmt.Errorf("the head %s of #%d cannot be fetched", p.pull.Head, p.pull.Number)
	}
	return err
}

// affected fills in the instances that merging changes, waiting for their plans.
func (p *previewing) affected(ctx context.Context, git *mirror.Mirror, merge string) error {
	before, err := p.before(ctx)
	if err != nil {
		return err
	}
	tree, err := git.Tree(ctx, merge)
	if err != nil {
		return err
	}
	rules, err := p.rulesAfter(ctx, before.Tree(), tree)
	if err != nil || p.preview.Problem != nil {
		return err
	}
	p.preview.Environments = names(rules)
	after, err := p.bot.snapshotOf(ctx, p.repository, tree, rules)
	if err != nil {
		return err
	}
	p.merged = merged{snapshot: after, rules: rules}
	behind, err := p.behind(ctx, *before)
	if err != nil {
		return err
	}
	moves, err := p.stateMoves(ctx, *before, *after)
	if err != nil {
		return err
	}
	differences, err := planner.Affected(ctx, *before, *after)
	if err != nil {
		return err
	}
	p.preview.Notes = append(p.preview.Notes, planner.Dangling(*before, *after, differences)...)
	for _, difference := range differences {
		instance := planner.InstancePreview{Instance: difference.Instance, Reasons: difference.Reasons, Outcome: planner.Waiting,
			Behind: behind[difference.Instance.Name()], Upstream: after.Dependencies.Upstream[difference.Instance.Name()]}
		if difference.Kind == planner.Gone {
			instance.Outcome = planner.Removed
			kept := fmt.Sprintf("$TRUNKLINE_DATA/state/%d/%s", p.repository.ID, difference.Instance.Folder())
			instance.Removal = planner.RemovalOf(*before, *after, difference.Instance.Name(), kept)
		}
		if moved(&instance, moves) {
			p.preview.Instances = append(p.preview.Instances, p.kept(instance))
		}
	}
	p.noteMoves(moves)
	p.preview.Versions = planner.Followings(*before, *after, p.preview.Instances, time.Now())
	p.notePolicies(before.Tree(), tree)
	if err := p.noteArtifacts(ctx, tree.Commit); err != nil {
		return err
	}
	return p.compareVendored(ctx, git, *before, *after)
}

// kept is what is known of an instance already, where the last /plan named other environments than its own.
func (p *previewing) kept(instance planner.InstancePreview) planner.InstancePreview {
	before := p.pull.Preview
	if instance.Outcome != planner.Waiting || len(p.pull.WantedIn) == 0 || slices.Contains(p.pull.WantedIn, instance.Instance.Environment) || before.Head != p.preview.Head {
		return instance
	}
	for _, known := range before.Instances {
		if known.Instance.Name() == instance.Instance.Name() && slices.Contains(ended(), known.Outcome) {
			instance.Outcome, instance.Plan, instance.After, instance.Lacks = known.Outcome, known.Plan, known.After, known.Lacks
			instance.Failure, instance.FailureFile, instance.FailureLine = known.Failure, known.FailureFile, known.FailureLine
		}
	}
	return instance
}

// ended are the outcomes of turns that were taken to their end.
func ended() []planner.Outcome {
	return []planner.Outcome{planner.Planned, planner.Failed, planner.KnownAfter}
}

// save writes the preview down, and with it asks for what GitHub shows to be brought up to date.
func (p *previewing) save(ctx context.Context, phase store.PreviewPhase) error {
	p.saved = time.Now()
	if p.group != nil {
		return p.saveGroup(ctx, phase)
	}
	return p.bot.store.Write(ctx, func(tx *store.Tx) error { return tx.SavePreview(p.pull, phase, p.preview) })
}
