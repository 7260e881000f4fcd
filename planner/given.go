package planner

import (
	"maps"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
)

// With are the instances given values of artifacts, by the variable that holds each: what they are depends on the commit,
// and on more than its files. An instance that an artifact is given to has another digest for each value of it.
func (s Snapshot) With(given map[string]string) map[string]Resolved {
	if len(given) == 0 {
		return s.Instances
	}
	all := make(map[string]Resolved, len(s.Instances))
	for name, resolved := range s.Instances {
		var more []Input
		for _, variable := range slices.Sorted(maps.Keys(given)) {
			if s.takes(resolved, variable) {
				more = append(more, Input{Kind: ArtifactInput, Name: variable, ID: given[variable]})
			}
		}
		if len(more) > 0 {
			resolved.Inputs = append(slices.Clone(resolved.Inputs), more...)
			resolved.Digest += ofArtifacts + Digest(more)
		}
		all[name] = resolved
	}
	return all
}

// ofArtifacts stands between the digest of what a commit holds and that of the artifacts.
const ofArtifacts = "+"

// WithoutArtifacts is the digest of what a commit holds alone, of one that may be of artifacts too.
func WithoutArtifacts(digest string) string {
	alone, _, _ := strings.Cut(digest, ofArtifacts)
	return alone
}

// takes tells whether a variable can matter to an instance. Terraform leaves alone what the code does not declare.
func (s Snapshot) takes(resolved Resolved, variable string) bool {
	name, terraforms := strings.CutPrefix(variable, "TF_VAR_")
	return !terraforms || s.rules.Stacks.Engine.Kind == config.Command || slices.Contains(s.declared[resolved.Instance.Path], name)
}
