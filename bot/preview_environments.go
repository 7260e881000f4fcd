package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/bot/environments"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/promote/store"
)

// foreseeEnvironments tells the reviewer what merging would change in the environments of GitHub, where the configuration is
// not the one of trunk.
func (p *previewing) foreseeEnvironments(ctx context.Context, before, after config.Repository) error {
	if p.group != nil || sameEnvironments(before, after) {
		return nil
	}
	section := planner.Section{Title: "GitHub environments"}
	if after.GitHubEnvironments == config.Off {
		if before.GitHubEnvironments != config.Off {
			section.Note = "`github_environments: off`: from the merge on Trunkline neither makes nor compares environments of GitHub."
			p.preview.Besides = append(p.preview.Besides, section)
		}
		return nil
	}
	foreseen, err := p.bot.foresee(ctx, p.repository, before, after)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		// The plans do not wait for it.
		zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot look at the environments of GitHub")
		section.Note = "GitHub does not let us look at its environments just now. `trunkline environments --diff` shows how they differ."
	default:
		section.Lines, section.Note = foreseen.lines, foreseen.note
	}
	if len(section.Lines) > 0 || section.Note != "" {
		p.preview.Besides = append(p.preview.Besides, section)
	}
	return nil
}

// sameEnvironments tells whether two configurations want the same of GitHub.
func sameEnvironments(before, after config.Repository) bool {
	wishes := func(rules config.Repository) string {
		return fmt.Sprintf("%+v %s", environments.From(rules, "", nil), rules.GitHubEnvironments)
	}
	return wishes(before) == wishes(after)
}

// foreseeFirst is foreseeEnvironments for the first configuration, by people whose code would be planned: everybody else
// causes no work.
func (p *previewing) foreseeFirst(ctx context.Context, rules config.Repository) error {
	problem, err := p.mayRun(ctx)
	if err != nil || problem != nil {
		return err
	}
	return p.foreseeEnvironments(ctx, config.Repository{}, rules)
}

// foreseen is what merging would change.
type foreseen struct {
	lines []string
	note  string
}

// foresee compares what is found with what is wanted after a merge. What stays as it is, is told only where it is new.
func (b *Bot) foresee(ctx context.Context, repository store.Repository, before, after config.Repository) (f foreseen, err error) {
	k, err := b.comparing(ctx, repository, after)
	if err != nil {
		return f, err
	}
	if k.blind != "" {
		return foreseen{note: "They cannot be compared: " + k.blind + "."}, nil
	}
	report := k.compare()
	known, err := k.comparedBefore(ctx, before)
	if err != nil {
		return f, err
	}
	for _, one := range report.Findings {
		if one.Fate == environments.Made || one.Fate == environments.Changed || !known[one.String()+one.Environment] {
			f.lines = append(f.lines, b.redactor.Redact(one.Foreseen()))
		}
	}
	for _, name := range report.Leftover {
		f.lines = append(f.lines, "`"+strings.ReplaceAll(name, "`", "'")+"` stays on GitHub, although nothing stands for it any more; Trunkline deletes none")
	}
	return f, nil
}

// comparedBefore is what differs already from what trunk wants.
func (k *keeping) comparedBefore(ctx context.Context, before config.Repository) (map[string]bool, error) {
	known := map[string]bool{}
	if before.GitHubEnvironments == config.Off {
		return known, nil
	}
	people, err := k.bot.reviewers(ctx, k.repository, before)
	if err != nil {
		return nil, err
	}
	for _, wanted := range environments.From(before, k.repository.Trunk, people) {
		if found := k.found[strings.ToLower(wanted.Name)]; found != nil {
			for _, one := range environments.Compare(wanted, found, k.means) {
				known[one.String()+one.Environment] = true
			}
		}
	}
	return known, nil
}
