package checks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/scan"
)

// reportVariable names the file into which a scanner may write its report.
const reportVariable = "TRUNKLINE_SARIF"

// scan runs a command. Its exit code decides, and with SARIF also what it reports.
func (r *Run) scan(ctx context.Context, check config.PullCheck) planner.CheckResult {
	leave, err := r.Slot(ctx)
	if err != nil {
		return planner.CheckResult{} // the context ended
	}
	defer leave()
	command := r.Command(check)
	report := filepath.Join(command.Home, "report.sarif")
	if check.SARIF {
		if err := os.Remove(report); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return failed("an earlier report is in the way: " + err.Error())
		}
		command.Env[reportVariable] = report
		command.Output = filepath.Join(command.Home, "output")
		command.Limits.Output = scan.MaxReport
	}
	ran, err := process.Run(ctx, command)
	switch {
	case err != nil:
		result := failed(err.Error())
		result.Log = ran.Log
		return result
	case check.SARIF:
		return r.reported(report, command.Output, ran)
	}
	result := planner.CheckResult{Log: ran.Log}
	if ran.ExitCode != 0 {
		result.Findings = []planner.Finding{{Level: planner.Deny, Message: fmt.Sprintf("the command ended with exit code %d", ran.ExitCode)}}
	}
	return result
}

// reported is the result of a scanner that reports: in the file, or else on standard output.
func (r *Run) reported(report, output string, ran process.Result) (result planner.CheckResult) {
	from, err := openReport(report, output)
	if err == nil {
		defer from.Close()
		result.Findings, err = scan.Read(from, r.roots()...)
	}
	if err != nil {
		result = failed(fmt.Sprintf("%s; a scanner writes SARIF 2.1.0 to standard output or into the file that %s names (exit code %d)",
			err, reportVariable, ran.ExitCode))
		result.Log = ran.Log
		return result
	}
	fails := func(finding planner.Finding) bool { return finding.Level.Fails() }
	if ran.ExitCode != 0 && !slices.ContainsFunc(result.Findings, fails) {
		result.Log = ran.Log
		result.Findings = append(result.Findings, planner.Finding{Level: planner.Deny,
			Message: fmt.Sprintf("the scanner ended with exit code %d, although it reports no error", ran.ExitCode)})
	}
	return result
}

// openReport opens the file if the scanner wrote one that is a file: it may be a link that the code of a pull request
// has laid there.
func openReport(report, output string) (io.ReadCloser, error) {
	if info, err := os.Lstat(report); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		return os.Open(report)
	}
	return os.Open(output)
}

// roots are the names under which a scanner or an engine may know the repository.
func (r *Run) roots() []string {
	var roots []string
	for _, root := range []string{r.Worktree, r.Place.Root} {
		if root == "" {
			continue
		}
		roots = append(roots, root)
		if real, err := filepath.EvalSymlinks(root); err == nil && real != root {
			roots = append(roots, real)
		}
	}
	return roots
}
