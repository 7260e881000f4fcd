package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// reuseFor is how long the plans of a pull request stand for its merge group too, where both are of the same files:
// what runs may change by other hands than ours.
const reuseFor = 15 * time.Minute

// groupPass makes the preview of a merge group: what the group adds to its base, planned against what runs. Its code is
// run without asking: who put the pull request into the queue has write access, and let it become trunk, where it will
// be run with more rights than here.
func (b *Bot) groupPass(ctx context.Context, p previewing) error {
	if p.rules.known {
		// The queue waits, so the first sign of life comes before anything is looked at.
		p.preview = p.groupPreview()
		if err := p.save(ctx, store.PreviewPlanning); err != nil {
			return err
		}
	}
	git := b.mirrors.of(p.repository)
	p, err := b.fetchGroup(ctx, git, p)
	if err != nil || p.group == nil {
		return err
	}
	p.preview = p.groupPreview()
	if !p.rules.known {
		return p.beginWith(ctx, git, p.group.Head)
	}
	taken, err := p.takePlans(ctx, git)
	if err != nil {
		return err
	}
	if !taken {
		if err := p.planMerge(ctx, git, p.group.Head); err != nil {
			return err
		}
	}
	return p.save(ctx, store.PreviewDone)
}

// groupPreview is the empty preview of a group. Its base stands where trunk does for a pull request.
func (p *previewing) groupPreview() planner.Preview {
	return planner.Preview{Head: p.group.Head, Trunk: p.group.Base, Environments: names(p.rules.Repository)}
}

// fetchGroup gets the group and trunk, reads trunk if it went on, and returns what is known then: rules come from the tip
// of trunk, and what is between it and the group's base is named.
func (b *Bot) fetchGroup(ctx context.Context, git *mirror.Mirror, p previewing) (previewing, error) {
	trunk := "refs/heads/" + p.repository.Trunk
	if _, err := git.Follow(ctx, queueRefs(p.repository), "+"+trunk+":"+trunk); err != nil {
		return p, err
	}
	for _, sha := range []string{p.group.Head, p.group.Base} {
		if have, err := git.Has(ctx, sha); err != nil || !have {
			return p, errors.Join(err, fmt.Errorf("%s of a merge group is not there to be fetched (yet)", promote.Short(sha)))
		}
	}
	tip, err := git.Tip(ctx, trunk)
	if err != nil || tip == p.repository.Tip {
		return p, err
	}
	if err := b.readTrunk(ctx, store.Nudge{Topic: store.Trunk, Repository: p.repository.ID}); err != nil {
		return p, err
	}
	head := p.group.Head
	if p, err = b.previewingGroup(ctx, p.repository.ID, head); err == nil && p.repository.Tip == "" {
		err = fmt.Errorf("trunk of %s/%s is still being read", p.repository.Owner, p.repository.Name)
	}
	return p, err
}

// takePlans takes over the plans of the pull request where they are of the same files: the group is what was planned,
// merged into the same commit of trunk, by the same rules, not long ago, and nothing was deployed meanwhile. It does so
// only where everything passed: what failed may have been bad luck. taken is false where it has to be planned.
func (p *previewing) takePlans(ctx context.Context, git *mirror.Mirror) (taken bool, err error) {
	if p.group.Wanted > 0 || p.group.Pull == 0 || p.group.Base != p.repository.Tip {
		return false, nil
	}
	var pull store.PullRequest
	err = p.bot.store.Read(ctx, func(tx *store.Tx) error {
		found, known, err := tx.FindPull(p.repository.ID, p.group.Pull)
		if err != nil || !known || found.Base != p.repository.Trunk || found.Preview.Trunk != p.group.Base || !found.Preview.Passed() {
			return err
		}
		pull = found
		taken, err = tx.Reusable(found, tx.Now().Add(-reuseFor))
		return err
	})
	if err != nil || !taken {
		return false, err
	}
	if have, err := git.Has(ctx, pull.Head); err != nil || !have {
		return false, err
	}
	merge, err := git.MergeTree(ctx, pull.Preview.Trunk, pull.Head)
	if err != nil {
		return false, nil // GitHub merged what conflicts here: it is planned as GitHub has it
	}
	planned, err := git.Tree(ctx, merge)
	if err != nil {
		return false, err
	}
	wanted, err := git.Tree(ctx, p.group.Head)
	if err != nil || planned.ID != wanted.ID {
		return false, err
	}
	p.preview, p.group.TakenFrom = pull.Preview, pull.Head
	p.preview.Head, p.preview.Trunk = p.group.Head, p.group.Base
	return true, nil
}

// before is the map of instances that the preview is compared with: by the rules of trunk, or where a group stands on
// others that are not on trunk yet, with the instances that those bring.
func (p *previewing) before(ctx context.Context) (*planner.Snapshot, error) {
	rules := p.rules.Repository
	if p.preview.Trunk != p.repository.Tip {
		if text, err := p.bot.mirrors.of(p.repository).ReadFile(ctx, p.preview.Trunk, config.Path); err == nil {
			if there, err := config.Parse(config.Path, text); err == nil {
				there.Stacks.Engine = rules.Stacks.Engine
				rules = there
			}
		}
	}
	return p.bot.snapshot(ctx, p.repository, p.preview.Trunk, rules)
}

// queuedCommits are the heads of the groups between trunk and the base of a group, as if they were on trunk.
func (p *previewing) queuedCommits() (commits []promote.Commit) {
	for _, group := range p.ahead {
		commits = append(commits, promote.Commit{SHA: group.Head, Pull: group.Pull})
	}
	return commits
}

// saveGroup writes down the preview of a merge group.
func (p *previewing) saveGroup(ctx context.Context, phase store.PreviewPhase) error {
	g := *p.group
	g.Preview, g.PreviewPhase, g.Ahead = p.preview, phase, nil
	for _, group := range p.ahead {
		if group.Pull != 0 {
			g.Ahead = append(g.Ahead, group.Pull)
		}
	}
	return p.bot.store.Write(ctx, func(tx *store.Tx) error { return tx.SaveGroupPreview(g) })
}
