package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
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
		err = b.store.Write(ctx, func(tx *store.Tx) error {
			_, problems, before, err := tx.Configuration(repository.ID)
			if err != nil {
				return err
			}
			text, err := tx.ConfigurationText(repository.ID)
			if err != nil {
				return err
			}
			if err := tx.Advance(advance); err != nil {
				return err
			}
			if advance.Configured && (advance.Configuration != text || len(problems) > 0) {
				if err := tx.WantGitHubEnvironments(repository.ID); err != nil {
					return err
				}
			}
			// The first configuration: what is open is previewed by it.
			if advance.Configured && !before {
				if err := nudgeOpen(tx, repository.ID); err != nil {
					return err
				}
			}
			if issues, err := tx.OpenDivergences(repository.ID); err != nil || len(advance.Commits) > 0 && len(issues) > 0 {
				// The new rules may not know of the divergence any more.
				if err = errors.Join(err, tx.Nudge(store.Nudge{Topic: store.Notices, Repository: repository.ID})); err != nil {
					return err
				}
			}
			return tx.Step(repository.ID)
		})
		if err == nil {
			b.readReports(ctx, repository)
		}
		return err
	})
	if err == nil {
		b.tidy(ctx, nudge.Repository)
	}
	return err
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
	a := store.Advance{Repository: repository.ID, Former: map[string]string{}}
	git := b.mirrors.of(repository)
	ref := "refs/heads/" + repository.Trunk
	if err := git.Fetch(ctx, "+"+ref+":"+ref); err != nil {
		// It may have another name or another trunk by now, and nobody told. The next try is with those.
		return a, errors.Join(err, b.reacquaint(ctx, repository))
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
	if err == nil && found {
		err = b.underRules(ctx, repository, baselining{rules: rules, from: from, advance: &a})
	}
	limitPaths(&a, rules)
	return a, err
}

// underRules fills in what depends on the rules that come: whether they go with the tip, the baselines, and who wrote what.
func (b *Bot) underRules(ctx context.Context, repository store.Repository, of baselining) error {
	_, err := b.snapshot(ctx, repository, of.advance.Tip, of.rules)
	if errors.As(err, &of.advance.Problems) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := b.baselines(ctx, repository, of); err != nil {
		return err
	}
	return b.askForPeople(ctx, repository, of.rules, of.advance)
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
		described, err := b.describe(ctx, repository, commit)
		if err != nil {
			return "", err
		}
		if slices.Contains(described.Paths, config.Path) {
			if err := formerAt(ctx, git, commit, a); err != nil {
				return "", err
			}
		}
		a.Commits = append(a.Commits, described)
	}
	if !straight {
		if err := b.formerOfLost(ctx, repository, a); err != nil {
			return "", err
		}
	}
	return from, b.addPushers(ctx, repository, a)
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
