package bot

import (
	"context"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// mostCommitsBehind limits how far back is looked for what an environment lacks; the rest is "and older".
const mostCommitsBehind = 50

// behind finds, for each instance, the pull requests on trunk that change it and that its environment does not run
// yet: a plan against the live state contains them too.
func (p *previewing) behind(ctx context.Context, trunk planner.Snapshot) (map[string][]int, error) {
	behind := map[string][]int{}
	for _, environment := range p.preview.Environments {
		commits, lacking, err := p.lacking(ctx, environment, trunk)
		if err != nil {
			return nil, err
		}
		if len(lacking) == 0 || len(commits) == 0 {
			continue
		}
		before, err := p.bot.formerly(ctx, p.repository, commits[0].SHA, p.rules.Repository)
		if err != nil {
			return nil, err
		}
		for _, commit := range commits[1:] {
			after, err := p.bot.formerly(ctx, p.repository, commit.SHA, p.rules.Repository)
			if err != nil {
				return nil, err
			}
			for name := range lacking {
				if commit.Pull != 0 && before.Instances[name].Digest != after.Instances[name].Digest {
					behind[name] = append(behind[name], commit.Pull)
				}
			}
			before = after
		}
	}
	return behind, nil
}

// lacking returns the instances of an environment that do not run what trunk has, and the commits from what the
// environment runs up to the tip.
func (p *previewing) lacking(ctx context.Context, environment string, trunk planner.Snapshot) ([]promote.Commit, map[string]bool, error) {
	var state promote.State
	var runs map[string]string
	err := p.bot.store.Read(ctx, func(tx *store.Tx) (err error) {
		if state, err = tx.State(p.repository.ID); err != nil {
			return err
		}
		runs, err = tx.Instances(p.repository.ID, environment)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	lacking := map[string]bool{}
	for name, resolved := range trunk.Instances {
		if resolved.Instance.Environment == environment && planner.WithoutArtifacts(runs[name]) != resolved.Digest {
			lacking[name] = true
		}
	}
	var commits []promote.Commit
	for _, commit := range state.Trunk {
		if len(commits) > 0 || commit.SHA == state.Environments[environment].Runs {
			commits = append(commits, commit)
		}
	}
	if commits = append(commits, p.queuedCommits()...); len(commits) > mostCommitsBehind {
		commits = commits[len(commits)-mostCommitsBehind:]
	}
	return commits, lacking, nil
}
