package bot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/bot/workflow"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/checks"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// rulesAfter are the rules by which the merge is resolved: which instances there are is what the merge says, because
// that is what merging brings; everything else, the engine and its commands first of all, is what trunk says. The
// reviewer is told when the pull request changes the rules. Where it would break them, p has a Problem afterwards.
func (p *previewing) rulesAfter(ctx context.Context, before, merge *mirror.Tree) (config.Repository, error) {
	trunk := p.rules.Repository
	if was, there := before.Entry(config.Path); there {
		if is, still := merge.Entry(config.Path); still && was.ID == is.ID && len(trunk.Checks)+len(trunk.Workflows()) == 0 && sameWorkflows(before, merge) {
			return trunk, nil
		}
	}
	if !merge.HasFile(config.Path) {
		p.preview.Notes = append(p.preview.Notes, fmt.Sprintf(
			"⚠️ This removes %s. From the merge on Trunkline plans and promotes nothing here any more; what is deployed stays.", config.Path))
		return trunk, nil
	}
	text, err := merge.Read(ctx, config.Path)
	if err != nil {
		return trunk, err
	}
	rules, err := config.Parse(config.Path, text)
	if err == nil {
		err = checks.Problems(rules.Checks, merge)
	}
	if err == nil {
		if err = workflow.Problems(ctx, merge, rules); err != nil && !errors.As(err, new(config.Problems)) {
			return trunk, err
		}
	}
	if err == nil {
		if err = p.bot.baselineProblems(ctx, p.repository, rules); err != nil && !errors.As(err, new(config.Problems)) {
			return trunk, err
		}
	}
	if err != nil {
		p.preview.Problem = problemOf("This would break the configuration", err)
		return trunk, nil
	}
	if err := p.deployedTwice(ctx, merge, rules); err != nil {
		return trunk, err
	}
	if fmt.Sprintf("%+v", rules) != fmt.Sprintf("%+v", trunk) {
		p.preview.Notes = append(p.preview.Notes, fmt.Sprintf(
			"This changes %s. Which instances there are is shown as it will be; everything else in it counts from the merge on.", config.Path))
	}
	for _, weaker := range promote.Weakened(trunk, rules) {
		where := "all environments"
		if weaker.Environment != "" {
			where = weaker.Environment
		}
		counts := fmt.Sprintf("Until %s %s this change, the former rule counts too.", where, verbFor(weaker.Environment))
		if weaker.AtOnce {
			counts = "That counts from the merge on."
		}
		p.preview.Notes = append(p.preview.Notes, fmt.Sprintf("⚠️ This makes a rule of %s weaker (`%s`): %s. %s", where, weaker.Key, weaker.Text, counts))
	}
	p.preview.Notes = append(p.preview.Notes, fewerChecks(trunk.Checks, rules.Checks)...)
	if err := p.foreseeEnvironments(ctx, trunk, rules); err != nil {
		return trunk, err
	}
	rules.Stacks.Engine = trunk.Stacks.Engine
	return rules, nil
}

// fewerChecks warns of checks that pull requests do not have to pass any more, or that are something else now.
func fewerChecks(before, after []config.PullCheck) (notes []string) {
	for _, check := range before {
		name := strings.ReplaceAll(check.Name, "`", "'") // so that it stays one piece of code
		at := slices.IndexFunc(after, func(other config.PullCheck) bool { return other.Name == check.Name })
		if at < 0 {
			notes = append(notes, fmt.Sprintf("⚠️ This takes the check `%s` away: from the merge on no pull request has to pass it.", name))
			continue
		}
		other := after[at]
		if other.Kind != check.Kind || other.Folder != check.Folder || other.Run != check.Run || other.SARIF != check.SARIF {
			notes = append(notes, fmt.Sprintf("⚠️ This makes another check of `%s`, which counts from the merge on.", name))
		}
	}
	return notes
}

// begin looks at a pull request into a trunk without a configuration: where it brings the first one, that is checked.
// No code is run.
func (p *previewing) begin(ctx context.Context) error {
	p.preview = planner.Preview{Head: p.pull.Head, Trunk: p.repository.Tip}
	git := p.bot.mirrors.of(p.repository)
	if err := p.fetch(ctx, git); err != nil {
		return err
	}
	merge, err := git.MergeTree(ctx, p.preview.Trunk, p.pull.Head)
	if err != nil {
		return nil // in conflict with trunk: GitHub says so
	}
	return p.beginWith(ctx, git, merge)
}

// beginWith looks at a merge that may bring the first configuration.
func (p *previewing) beginWith(ctx context.Context, git *mirror.Mirror, merge string) error {
	text, err := git.ReadFile(ctx, merge, config.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	rules, err := config.Parse(config.Path, text)
	var snapshot *planner.Snapshot
	if err == nil {
		err = p.bot.baselineProblems(ctx, p.repository, rules)
	}
	if err == nil {
		snapshot, err = p.bot.snapshot(ctx, p.repository, merge, rules)
	}
	switch {
	case errors.As(err, new(config.Problems)):
		p.preview.Problem = problemOf("The configuration has an error", err)
	case err != nil:
		return err
	default:
		p.preview.Environments = names(rules)
		p.preview.Notes = append(p.preview.Notes, fmt.Sprintf(
			"This begins with Trunkline: %d instances in %d environments. What they run now is taken to be what trunk says; nothing is applied by merging this.",
			len(snapshot.Instances), len(rules.Environments)))
		if err := p.foreseeFirst(ctx, rules); err != nil {
			return err
		}
	}
	return p.save(ctx, store.PreviewDone)
}

// mends looks whether merging would mend a configuration that is broken on trunk: then the check must not stand in
// its way, although nothing can be planned without rules.
func (p *previewing) mends(ctx context.Context, git *mirror.Mirror, merge string) error {
	text, err := git.ReadFile(ctx, merge, config.Path)
	if err != nil {
		return err
	}
	rules, err := config.Parse(config.Path, text)
	if err == nil {
		_, err = p.bot.snapshot(ctx, p.repository, merge, rules)
	}
	if errors.As(err, new(config.Problems)) {
		p.preview.Problem = problemOf("The configuration on trunk has an error", err)
		return nil
	}
	if err != nil {
		return err
	}
	p.preview.Notes = append(p.preview.Notes, fmt.Sprintf(
		"This mends %s, which has an error on %s. Nothing is planned, because there are no rules to plan by until it is merged.",
		config.Path, p.repository.Trunk))
	return nil
}

// problemOf shows an error, at its places in files if it has some.
func problemOf(title string, err error) *planner.Problem {
	problem := &planner.Problem{Title: title, Detail: err.Error(), File: config.Path}
	var problems config.Problems
	if errors.As(err, &problems) {
		all := make([]planner.Problem, len(problems))
		for i, one := range problems {
			all[i] = planner.Problem{Title: title, Detail: one.Message, File: one.File, Line: one.At.Line, Column: one.At.Column}
		}
		*problem, problem.More = all[0], all[1:]
	}
	return problem
}

// verbFor is how an environment, or all of them, run something.
func verbFor(environment string) string {
	if environment == "" {
		return "run"
	}
	return "runs"
}
