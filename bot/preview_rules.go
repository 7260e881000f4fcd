package bot

import (
	"context"
	"errors"
	"fmt"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/checks"
	"github.com/trunkline/trunkline/planner/mirror"
)

// noteConfiguration tells the reviewer that the pull request changes the rules, which are read from trunk.
func (p *previewing) noteConfiguration(text string, merge *mirror.Tree) {
	rules, err := config.Parse(config.Path, []byte(text))
	if err == nil {
		err = checks.Problems(rules.Checks, merge)
	}
	switch {
	case err != nil:
		p.preview.Problem = problemOf("This would break the configuration", err)
	case fmt.Sprintf("%+v", rules) != fmt.Sprintf("%+v", p.rules.Repository):
		p.preview.Notes = append(p.preview.Notes, fmt.Sprintf(
			"This changes %s. The preview uses the rules that are on %s now; the new ones count from the merge on.", config.Path, p.repository.Trunk))
	}
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
