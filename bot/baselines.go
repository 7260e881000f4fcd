package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// baselining is what baselines are found from: the rules that come, the commit before what is new, and the advance into
// which they are written.
type baselining struct {
	rules   config.Repository
	from    string
	advance *store.Advance
}

// baselines fills in what environments run that are not known yet: what they declare, or else the instances at the commit
// before, by the new rules. So an environment that is newly declared over stacks that existed is taken as it is, and stacks
// that are new are created like any other change.
func (b *Bot) baselines(ctx context.Context, repository store.Repository, of baselining) error {
	unseen, err := b.unseen(ctx, repository, of.rules)
	if err != nil || len(unseen) == 0 {
		return err
	}
	found, err := b.declaredBaselines(ctx, repository, unseen)
	if problems := (config.Problems)(nil); errors.As(err, &problems) {
		of.advance.Problems = problems
		return nil
	}
	if err != nil {
		return err
	}
	if err := b.reachBack(ctx, repository, found, of.advance); err != nil {
		return err
	}
	for _, environment := range unseen {
		sha := found.of[environment.Name]
		var snapshot *planner.Snapshot
		if sha != "" {
			snapshot, err = b.snapshotClaimed(ctx, repository, claim{environment, sha}, of)
		} else {
			snapshot, err = b.snapshotBefore(ctx, repository, of)
		}
		if err != nil || len(of.advance.Problems) > 0 {
			return err
		}
		of.advance.Baselines = append(of.advance.Baselines, store.Baseline{Environment: environment.Name, SHA: snapshot.Commit,
			Digests: snapshot.Digests(environment.Name), Whereabouts: snapshot.Whereabouts(environment.Name)})
	}
	return nil
}

// unseen are the environments of the rules that are not known yet.
func (b *Bot) unseen(ctx context.Context, repository store.Repository, rules config.Repository) ([]config.Environment, error) {
	var state promote.State
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		state, err = tx.State(repository.ID)
		return err
	})
	return slices.DeleteFunc(slices.Clone(rules.Environments), func(e config.Environment) bool {
		_, known := state.Environments[e.Name]
		return known
	}), err
}

// snapshotBefore is what there was at the commit before what is new.
func (b *Bot) snapshotBefore(ctx context.Context, repository store.Repository, of baselining) (*planner.Snapshot, error) {
	before, err := b.listedAt(ctx, repository, of.from, of.rules)
	if err != nil {
		return nil, err
	}
	snapshot, err := b.snapshot(ctx, repository, of.from, before)
	if errors.As(err, new(config.Problems)) {
		// The rules do not go with the commit before, so nobody knows what ran then: begin with what is there now.
		return b.snapshot(ctx, repository, of.advance.Tip, of.rules)
	}
	return snapshot, err
}

// claim is what an environment says that it ran.
type claim struct {
	environment config.Environment
	sha         string
}

// snapshotClaimed is what there was at the baseline that an environment declares. Where the rules do not go with that
// commit nobody knows what the environment ran; it is a problem, because otherwise everything would be applied anew.
func (b *Bot) snapshotClaimed(ctx context.Context, repository store.Repository, claimed claim, of baselining) (*planner.Snapshot, error) {
	before, err := b.listedAt(ctx, repository, claimed.sha, of.rules)
	if err != nil {
		return nil, err
	}
	snapshot, err := b.snapshot(ctx, repository, claimed.sha, before)
	if problems := (config.Problems)(nil); errors.As(err, &problems) {
		of.advance.Problems = config.Problems{{File: config.Path, At: claimed.environment.BaselineAt, Message: fmt.Sprintf(
			"baseline of %s is %s, where these rules do not find what ran: %s; declare a newer commit, or none",
			claimed.environment.Name, promote.Short(claimed.sha), problems[0].Message)}}
		return nil, nil
	}
	return snapshot, err
}

// declared are the commits that environments declare to run, in full, and the history that they are on, from its beginning.
type declared struct {
	of      map[string]string
	history []mirror.Commit
}

// declaredBaselines finds on trunk what environments declare to run. The error is [config.Problems] where one is not there.
func (b *Bot) declaredBaselines(ctx context.Context, repository store.Repository, environments []config.Environment) (found declared, err error) {
	found.of = map[string]string{}
	var problems config.Problems
	for _, environment := range environments {
		if environment.Baseline == "" {
			continue
		}
		if found.history == nil {
			git := b.mirrors.of(repository)
			tip, err := git.Tip(ctx, "refs/heads/"+repository.Trunk)
			if err != nil || tip == "" {
				return found, err
			}
			if found.history, err = git.FirstParents(ctx, "", tip); err != nil {
				return found, err
			}
		}
		var matching []string
		for _, commit := range found.history {
			if strings.HasPrefix(commit.SHA, environment.Baseline) {
				matching = append(matching, commit.SHA)
			}
		}
		if len(matching) == 1 {
			found.of[environment.Name] = matching[0]
			continue
		}
		why := fmt.Sprintf("which is no commit of %s", repository.Trunk)
		if len(matching) > 1 {
			why = fmt.Sprintf("with which %d commits of %s begin", len(matching), repository.Trunk)
		}
		problems = append(problems, &config.Problem{File: config.Path, At: environment.BaselineAt, Message: fmt.Sprintf(
			"baseline of %s is %q, %s; expected the SHA of a commit that was merged or pushed there", environment.Name, environment.Baseline, why)})
	}
	if len(problems) > 0 {
		return found, problems
	}
	return found, nil
}

// baselineProblems are those of the baselines that rules declare for environments that are not known yet.
func (b *Bot) baselineProblems(ctx context.Context, repository store.Repository, rules config.Repository) error {
	unseen, err := b.unseen(ctx, repository, rules)
	if err != nil {
		return err
	}
	_, err = b.declaredBaselines(ctx, repository, unseen)
	return err
}

// mostAskedAbout is of how many commits that came before all we know GitHub is asked; there may be very many.
const mostAskedAbout = 200

// reachBack adds the commits from the oldest baseline on that are not known: they are what the environment lacks.
func (b *Bot) reachBack(ctx context.Context, repository store.Repository, found declared, a *store.Advance) error {
	if len(found.of) == 0 {
		return nil
	}
	known := map[string]bool{}
	for _, commit := range a.Commits {
		known[commit.SHA] = true
	}
	err := b.store.Read(ctx, func(tx *store.Tx) error { return tx.KnownCommits(repository.ID, known) })
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, sha := range found.of {
		wanted[sha] = true
	}
	oldest := slices.IndexFunc(found.history, func(c mirror.Commit) bool { return wanted[c.SHA] })
	first := slices.IndexFunc(found.history, func(c mirror.Commit) bool { return known[c.SHA] })
	if oldest < 0 || first < 0 || oldest >= first {
		return nil
	}
	// The first that was known may have been taken as it was, without a name.
	back := found.history[oldest : first+1]
	for i, commit := range back {
		older := unnamed(commit)
		if i >= len(back)-mostAskedAbout && i > 0 {
			if older, err = b.named(ctx, repository, commit); err != nil {
				return err
			}
		}
		if older.Paths, err = b.mirrors.of(repository).ChangedPaths(ctx, firstParent(commit), commit.SHA); err != nil {
			return err
		}
		a.Older = append(a.Older, older)
	}
	return nil
}

// formerly is the map of instances of an older commit under rules of today: without what it did not have yet, and
// empty where the rules do not go with it at all.
func (b *Bot) formerly(ctx context.Context, repository store.Repository, sha string, rules config.Repository) (*planner.Snapshot, error) {
	before, err := b.listedAt(ctx, repository, sha, rules)
	if err != nil {
		return nil, err
	}
	snapshot, err := b.snapshot(ctx, repository, sha, before)
	if errors.As(err, new(config.Problems)) {
		return &planner.Snapshot{Commit: sha}, nil
	}
	return snapshot, err
}

// listedAt are the rules without the instances of a list whose directories a commit does not have: they are new. What
// depends on what is left out, since it may name some of these; no digest depends on it.
func (b *Bot) listedAt(ctx context.Context, repository store.Repository, sha string, rules config.Repository) (config.Repository, error) {
	tree, err := b.mirrors.of(repository).Tree(ctx, sha)
	if err != nil {
		return rules, err
	}
	rules.Stacks.Instances = slices.DeleteFunc(slices.Clone(rules.Stacks.Instances), func(instance config.Instance) bool {
		return !tree.HasDirectory(instance.Path)
	})
	for i := range rules.Stacks.Instances {
		rules.Stacks.Instances[i].DependsOn = nil
	}
	rules.Stacks.DependsOn, rules.Stacks.Downstream = nil, false
	return rules, nil
}
