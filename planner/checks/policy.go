package checks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/policy"
)

// policy judges the instances together, and each plan as it comes.
func (r *Run) policy(ctx context.Context, check config.PullCheck, plans <-chan planner.InstancePlan) (result planner.CheckResult) {
	policies, err := read(ctx, r.Trunk, check.Folder)
	var wrong policy.Errors
	switch {
	case errors.As(err, &wrong):
		// Where they are wrong is a place on trunk. If the pull request mends it, that is what matters of it.
		result.Findings = append(result.Findings, elsewhere(wrong)...)
	case err != nil:
		return failed(err.Error())
	default:
		policies.Limits.Timeout = check.Timeout
		result.Findings = r.judge(ctx, policies, plans)
	}
	if PolicyChanged(r.Trunk, r.Merge, check.Folder) {
		result.Findings = append(result.Findings, r.coming(ctx, check)...)
	}
	return result
}

// read compiles the policies of a folder; the error is [policy.Errors] where they are wrong.
func read(ctx context.Context, tree *mirror.Tree, folder string) (*policy.Policies, error) {
	names := policy.Files(folder, tree.Files())
	if len(names) == 0 {
		return nil, policy.Errors{{Level: planner.Broken, Message: fmt.Sprintf("there are no policies (*%s) in `%s`", policy.Extension, folder)}}
	}
	files, err := tree.ReadAll(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("the policies cannot be read: %w", err)
	}
	return policy.Read(files)
}

// elsewhere are findings about files of trunk, whose lines may be others in the pull request.
func elsewhere(wrong policy.Errors) (findings []planner.Finding) {
	for _, finding := range wrong {
		finding.File, finding.Line, finding.EndLine = "", 0, 0
		findings = append(findings, finding)
	}
	return findings
}

func (r *Run) judge(ctx context.Context, policies *policy.Policies, plans <-chan planner.InstancePlan) (findings []planner.Finding) {
	affected := map[string]bool{}
	for name := range r.order {
		affected[name] = true
	}
	findings = r.within(ctx, func() ([]planner.Finding, error) { return policies.Stacks(ctx, r.Instances, affected) })
	for plan := range plans {
		if plan.Err != nil || ctx.Err() != nil {
			// A plan that failed fails the preview by itself; that it was not judged is to be seen here.
			findings = append(findings, planner.Finding{Level: planner.Note, Message: "not judged, because there is no plan",
				Instances: []string{plan.Instance.Name()}})
			continue
		}
		findings = append(findings, r.within(ctx, func() ([]planner.Finding, error) {
			document, err := os.Open(plan.Plan.Document)
			if err != nil {
				return nil, fmt.Errorf("the plan of %s cannot be judged: %w", plan.Instance.Name(), err)
			}
			defer document.Close()
			return policies.Plan(ctx, plan.Instance, document)
		})...)
	}
	return findings
}

// within does the work when the host has room for it.
func (r *Run) within(ctx context.Context, work func() ([]planner.Finding, error)) []planner.Finding {
	leave, err := r.Slot(ctx)
	if err != nil {
		return nil // the context ended
	}
	defer leave()
	findings, err := work()
	if err != nil && ctx.Err() == nil {
		findings = append(findings, failed(err.Error()).Findings...)
	}
	return findings
}

// coming is what would be wrong with the policies that count from the merge on.
func (r *Run) coming(ctx context.Context, check config.PullCheck) (findings []planner.Finding) {
	_, err := read(ctx, r.Merge, check.Folder)
	var wrong policy.Errors
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &wrong):
		return failed(err.Error()).Findings
	}
	for _, finding := range wrong {
		finding.Message = "once merged: " + finding.Message
		findings = append(findings, finding)
	}
	return findings
}

// PolicyChanged tells whether the policies of a folder differ between two commits.
func PolicyChanged(from, to *mirror.Tree, folder string) bool {
	ids := func(tree *mirror.Tree) map[string]string {
		found := map[string]string{}
		for _, name := range policy.Files(folder, tree.Files()) {
			entry, _ := tree.Entry(name)
			found[name] = entry.ID
		}
		return found
	}
	return !maps.Equal(ids(from), ids(to))
}

// Problems are checks that cannot work with the files of the commit: policies that are not there. The error is
// [config.Problems], or nil.
func Problems(checks []config.PullCheck, tree *mirror.Tree) error {
	var problems config.Problems
	for _, check := range checks {
		if check.Kind != config.Policy || len(policy.Files(check.Folder, tree.Files())) > 0 {
			continue
		}
		problems = append(problems, &config.Problem{File: config.Path, At: check.At, Message: fmt.Sprintf(
			"there are no policies (*%s) in `%s`%s", policy.Extension, check.Folder, suggestion(check.Folder, tree))})
	}
	if len(problems) == 0 {
		return nil
	}
	return problems
}

// suggestion is the folder with policies whose name is nearest.
func suggestion(folder string, tree *mirror.Tree) string {
	var folders []string
	for _, name := range policy.Files(".", tree.Files()) {
		if directory := path.Dir(name); !slices.Contains(folders, directory) {
			folders = append(folders, directory)
		}
	}
	if nearest := config.Nearest(folder, folders); nearest != "" {
		return fmt.Sprintf("; did you mean `%s`?", nearest)
	}
	return ""
}
