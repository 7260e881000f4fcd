package comment

import (
	"fmt"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/bot/environments"
)

// environments are a report in which everything from outside is the same text.
func (w words) environments() environments.Report {
	r := environments.Report{Permission: "Administration: write", Unseen: true, Leftover: []string{w.n(1)}}
	for i, fate := range []environments.Fate{environments.Left, environments.Forbidden, environments.Unpaid, environments.Unknown, environments.Refused} {
		r.Findings = append(r.Findings, environments.Finding{Fate: fate, Why: w.n(i), Difference: environments.Difference{
			Environment: w.n(i + 1), For: w.n(i + 2), Setting: w.n(i + 3), Has: w.n(i + 4), Wants: w.n(i + 5), Nobody: []string{w.n(i + 6)}}})
	}
	return r
}

// However much differs, the issue fits, and says how much it leaves out.
func TestIssueAboutManyEnvironments(t *testing.T) {
	t.Parallel()
	var r environments.Report
	for i := range 3000 {
		r.Findings = append(r.Findings, environments.Finding{Fate: environments.Left, Difference: environments.Difference{
			Environment: fmt.Sprint("environment", i), Setting: environments.SettingBranches, Has: strings.Repeat("x", 2000), Wants: "main"}})
		r.Leftover = append(r.Leftover, fmt.Sprint("left", i))
	}
	issue := EnvironmentsIssue(r, Options{})
	if len(issue.Body) > 65536 || !strings.Contains(issue.Body, "more things") || !strings.Contains(issue.Body, "more of those") || !strings.Contains(issue.Body, "enforce") {
		t.Errorf("%d bytes:\n%s", len(issue.Body), issue.Body[max(0, len(issue.Body)-1500):])
	}
}
