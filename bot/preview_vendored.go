package bot

import (
	"context"
	"errors"
	"math"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/vendored"
)

// compareVendored compares what is vendored with its pins. What it finds are warnings, shown like those of a check; where
// it finds nothing, there is nothing to show.
func (p *previewing) compareVendored(ctx context.Context, git *mirror.Mirror, trunk, merge planner.Snapshot) error {
	found, err := vendored.Compare(ctx, vendored.Comparison{Trunk: trunk.Tree(), Merge: merge.Tree(), Instances: merge.Instances})
	if errors.As(err, new(config.Problems)) {
		return nil // an atmos.yaml of a repository that is not laid out for Atmos: nobody asked for it
	}
	if err != nil || len(found) == 0 {
		return err
	}
	changed, err := p.changedLine(ctx, git, merge.Commit)
	if err != nil {
		return err
	}
	result := planner.CheckResult{Name: "vendored"}
	for _, one := range found {
		finding := one.Finding
		if finding.ChangedFile != "" {
			finding.ChangedLine = changed(finding.ChangedFile, 1, math.MaxInt32)
		} else if finding.ChangedLine = changed(finding.File, finding.Line, finding.Line); finding.ChangedLine == 0 {
			finding.ChangedLine = changed(finding.File, one.First, finding.EndLine)
		}
		result.Findings = append(result.Findings, finding)
	}
	result.Conclude()
	p.preview.Checks = append(p.preview.Checks, result)
	return nil
}
