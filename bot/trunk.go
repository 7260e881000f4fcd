package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// readTrunk reads what is new on trunk and writes it down as facts: commits, the configuration, and the baselines
// of environments that were not known before. It compares trunk with what is stored, so it does not matter how
// many pushes told of it, or whether any did.
func (b *Bot) readTrunk(ctx context.Context, nudge store.Nudge) error {
	err := b.store.Exclusive(ctx, store.Turn{Subject: fmt.Sprintf("trunk/%d", nudge.Repository)}, func(ctx context.Context) error {
		repository, err := b.repository(ctx, nudge.Repository)
		if err != nil {
			return err
		}
		advance, err := b.advance(ctx, repository)
		if err != nil {
			return fmt.Errorf("read trunk of %s/%s: %w", repository.Owner, repository.Name, err)
		}
		return b.store.Write(ctx, func(tx *store.Tx) error {
			_, _, before, err := tx.Configuration(repository.ID)
			if err != nil {
				return err
			}
			if err := tx.Advance(advance); err != nil {
				return err
			}
			// The first configuration: what is open is previewed by it.
			if advance.Configured && !before {
				if err := nudgeOpen(tx, repository.ID); err != nil {
					return err
				}
			}
			return tx.Step(repository.ID)
		})
	})
	if err == nil {
		b.tidy(ctx, nudge.Repository)
	}
	return err
}

// tidy lets the mirror pack what fetches have left, now and then.
func (b *Bot) tidy(ctx context.Context, id int64) {
	repository, err := b.repository(ctx, id)
	if err == nil && b.tidied.due(id, time.Now()) {
		err = b.mirrors.of(repository).Tidy(ctx)
	}
	if err != nil && ctx.Err() == nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot tidy a mirror")
	}
}

// tidyEvery is how often it is looked whether there is anything to pack.
const tidyEvery = 6 * time.Hour

// tidied is when each mirror was tidied last, as far as this process knows.
type tidied struct {
	mu   sync.Mutex
	last map[int64]time.Time
}

// due tells whether a mirror is to be tidied, and notes that it is. A process that was just started has other things
// to do first.
func (t *tidied) due(repository int64, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil {
		t.last = map[int64]time.Time{}
	}
	last, known := t.last[repository]
	if !known || now.Sub(last) >= tidyEvery {
		t.last[repository] = now
	}
	return known && now.Sub(last) >= tidyEvery
}

// nudgeOpen has the previews of all open pull requests looked at.
func nudgeOpen(tx *store.Tx, repository int64) error {
	open, err := tx.OpenPulls(repository)
	for _, number := range open {
		if err == nil {
			err = tx.Nudge(store.Nudge{Topic: store.Preview, Repository: repository, Subject: fmt.Sprint(number)})
		}
	}
	return err
}

// advance is the difference between trunk and what is stored of it.
func (b *Bot) advance(ctx context.Context, repository store.Repository) (store.Advance, error) {
	a := store.Advance{Repository: repository.ID}
	git := b.mirrors.of(repository)
	ref := "refs/heads/" + repository.Trunk
	if err := git.Fetch(ctx, "+"+ref+":"+ref); err != nil {
		return a, err
	}
	tip, err := git.Tip(ctx, ref)
	if err != nil || tip == "" {
		return a, err
	}
	a.Tip = tip
	from, err := b.newCommits(ctx, repository, &a)
	if err != nil {
		return a, err
	}
	rules, found, err := b.configurationAt(ctx, git, tip, &a)
	if err != nil || !found {
		return a, err
	}
	_, err = b.snapshot(ctx, repository, tip, rules)
	if errors.As(err, &a.Problems) {
		return a, nil
	}
	if err != nil {
		return a, err
	}
	a.Baselines, err = b.baselines(ctx, repository, rules, from, tip)
	return a, err
}

// newCommits fills in the commits that are new, and returns the commit before them: what environments ran that
// were not known yet.
func (b *Bot) newCommits(ctx context.Context, repository store.Repository, a *store.Advance) (from string, err error) {
	git := b.mirrors.of(repository)
	from = repository.Tip
	if from == "" {
		if from, err = b.firstBaseline(ctx, repository, a.Tip); err != nil {
			return "", err
		}
		a.Commits = append(a.Commits, promote.Commit{SHA: from, Title: "what ran before Trunkline"})
	}
	straight, err := git.IsAncestor(ctx, from, a.Tip)
	if err != nil {
		return "", err
	}
	if !straight {
		if a.Lost, err = b.lost(ctx, repository, a.Tip); err != nil {
			return "", err
		}
	}
	commits, err := git.FirstParents(ctx, from, a.Tip)
	if err != nil {
		return "", err
	}
	for _, commit := range commits {
		named, err := b.named(ctx, repository, commit)
		if err != nil {
			return "", err
		}
		a.Commits = append(a.Commits, named)
	}
	return from, nil
}

// firstBaseline is what environments are taken to run when a repository is first seen: the commit that a delivery
// remembered (see [store.Tx.Remember]) if it is on trunk, else the tip.
func (b *Bot) firstBaseline(ctx context.Context, repository store.Repository, tip string) (string, error) {
	var remembered string
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		remembered, err = tx.Remembered(repository.ID)
		return err
	})
	sha, parent := strings.CutSuffix(remembered, "^")
	if err != nil || sha == "" {
		return tip, err
	}
	commits, err := b.mirrors.of(repository).FirstParents(ctx, "", tip)
	if err != nil {
		return "", err
	}
	for _, commit := range commits {
		switch {
		case commit.SHA == sha && !parent:
			return sha, nil
		case commit.SHA == sha && len(commit.Parents) > 0:
			return commit.Parents[0], nil
		}
	}
	return tip, nil
}

// lost are the stored commits that are not on trunk any more. What environments run may be among them; then
// nothing moves until a person has looked at it.
func (b *Bot) lost(ctx context.Context, repository store.Repository, tip string) (lost []string, err error) {
	var state promote.State
	err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
		state, err = tx.State(repository.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, commit := range state.Trunk {
		kept, err := b.mirrors.of(repository).IsAncestor(ctx, commit.SHA, tip)
		if err != nil {
			return nil, err
		}
		if !kept {
			lost = append(lost, commit.SHA)
		}
	}
	return lost, nil
}

// named finds the pull request that a commit of trunk came from: among those we know, else by asking GitHub.
func (b *Bot) named(ctx context.Context, repository store.Repository, commit mirror.Commit) (promote.Commit, error) {
	named := promote.Commit{SHA: commit.SHA, Title: commit.Subject, Author: promote.Person{Login: commit.AuthorName}}
	var pull store.PullRequest
	var known bool
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		pull, known, err = tx.PullOfMerge(repository.ID, commit.SHA)
		if err == nil && !known && len(commit.Parents) == 2 {
			pull, known, err = tx.PullMerging(repository.ID, repository.Trunk, commit.Parents[1])
		}
		return err
	})
	if err != nil || known {
		named.Pull, named.Author, named.Title = pull.Number, pull.Author, pull.Title
		return named, err
	}
	client, err := b.clients.forRepository(ctx, repository, talking)
	if err != nil {
		return named, err
	}
	pulls, _, err := client.PullRequests.ListPullRequestsWithCommit(ctx, repository.Owner, repository.Name, commit.SHA, nil)
	if err != nil {
		// Without it the commit is shown without its pull request; that is no reason to hold up trunk.
		zerolog.Ctx(ctx).Warn().Err(err).Str("sha", commit.SHA).Msg("cannot ask which pull request a commit came from")
		return named, nil
	}
	for _, p := range pulls {
		if p.GetBase().GetRef() == repository.Trunk && (p.GetMergeCommitSHA() == commit.SHA || p.MergedAt != nil) {
			named.Pull, named.Author, named.Title = p.GetNumber(), person(p.GetUser()), p.GetTitle()
		}
	}
	return named, nil
}

// configurationAt reads the configuration at a commit of trunk into the advance. found is false where there is
// none, or none that can be used: its problems are found again by whoever needs it.
func (b *Bot) configurationAt(ctx context.Context, git *mirror.Mirror, sha string, a *store.Advance) (rules config.Repository, found bool, err error) {
	tree, err := git.Tree(ctx, sha)
	if err != nil {
		return rules, false, err
	}
	if !tree.HasFile(config.Path) {
		return rules, false, nil
	}
	text, err := tree.Read(ctx, config.Path)
	if err != nil {
		return rules, false, err
	}
	a.Configured, a.Configuration = true, string(text)
	rules, problems := config.Parse(config.Path, text)
	return rules, problems == nil, nil
}

// baselines are what environments run that are not known yet: the instances at the commit before, by the new
// rules. So an environment that is newly declared over stacks that existed is taken as it is, and stacks that are
// new are created like any other change.
func (b *Bot) baselines(ctx context.Context, repository store.Repository, rules config.Repository, from, tip string) (baselines []store.Baseline, err error) {
	var state promote.State
	err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
		state, err = tx.State(repository.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	var snapshot *planner.Snapshot
	for _, environment := range rules.Environments {
		if _, known := state.Environments[environment.Name]; known {
			continue
		}
		if snapshot == nil {
			before, err := b.listedAt(ctx, repository, from, rules)
			if err != nil {
				return nil, err
			}
			snapshot, err = b.snapshot(ctx, repository, from, before)
			if errors.As(err, new(config.Problems)) {
				// The rules do not go with the commit before, so nobody knows what ran then: begin with what is there now.
				snapshot, err = b.snapshot(ctx, repository, tip, rules)
			}
			if err != nil {
				return nil, err
			}
		}
		baseline := store.Baseline{Environment: environment.Name, SHA: snapshot.Commit, Digests: snapshot.Digests(environment.Name),
			Whereabouts: snapshot.Whereabouts(environment.Name)}
		baselines = append(baselines, baseline)
	}
	return baselines, nil
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
