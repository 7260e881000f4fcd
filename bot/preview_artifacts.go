package bot

import (
	"context"
	"fmt"
	"maps"

	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// withArtifacts gives instances the artifacts that their environments have now, as far as they have some: there are none of
// what is not merged, and so the plan shows what the pull request changes besides.
func (p *previewing) withArtifacts(ctx context.Context, instances []stack.Instance) error {
	if len(p.rules.Artifacts)+len(p.merged.rules.Artifacts) == 0 {
		return nil
	}
	var state promote.State
	err := p.bot.store.Read(ctx, func(tx *store.Tx) (err error) {
		state, err = tx.State(p.repository.ID)
		return err
	})
	given := map[string]map[string]string{} // by environment
	for i, instance := range instances {
		artifacts, known := given[instance.Environment]
		if runs := state.Environments[instance.Environment].Runs; !known && runs != "" && err == nil {
			artifacts, err = p.bot.artifactsAsRun(ctx, p.repository, runs)
			given[instance.Environment] = artifacts
		}
		if err != nil {
			return err
		}
		if len(artifacts) == 0 {
			continue
		}
		env := maps.Clone(instance.Env)
		if env == nil {
			env = map[string]any{}
		}
		for variable, digest := range artifacts {
			env[variable] = digest
		}
		instances[i].Env = env
	}
	return err
}

// noteArtifacts tells the reviewer of artifacts that are built anew because of what the pull request changes: no instance's
// files say so.
func (p *previewing) noteArtifacts(ctx context.Context, merge string) error {
	for _, declared := range p.merged.rules.Artifacts {
		before, err := p.bot.artifactInputs(ctx, built{repository: p.repository, rules: p.merged.rules, sha: p.preview.Trunk}, declared)
		if err != nil {
			return err
		}
		after, err := p.bot.artifactInputs(ctx, built{repository: p.repository, rules: p.merged.rules, sha: merge}, declared)
		if err != nil {
			return err
		}
		if before != after {
			p.preview.Notes = append(p.preview.Notes, fmt.Sprintf(
				"This changes what the artifact `%s` is built from. All environments get another one after the merge; plans here are made with what they have now.",
				declared.Name))
		}
	}
	return nil
}
