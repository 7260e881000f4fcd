package comment

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/planner"
)

var (
	untagged = planner.Finding{Level: planner.Deny, Message: "`aws_s3_bucket.logs` has no tag `team`", Resource: "aws_s3_bucket.logs",
		Instances: []string{"dev/vpc", "staging/vpc", "prod/vpc"}, Source: "policies/tags.rego:12"}
	open = planner.Finding{Level: planner.Warn, Message: "Ensure no security group allows ingress from 0.0.0.0/0", Rule: "CKV_AWS_24",
		File: "components/vpc/main.tf", Line: 31, EndLine: 44, ChangedLine: 33}
	elsewhere = planner.Finding{Level: planner.Deny, Message: "Bucket is not encrypted", Rule: "CKV_AWS_19", File: "components/dns/main.tf", Line: 3, EndLine: 9}
)

func checkResult(name string, findings ...planner.Finding) planner.CheckResult {
	result := planner.CheckResult{Name: name, Findings: findings}
	result.Conclude()
	return result
}

// checkedPreviews are previews with checks.
func checkedPreviews(all map[string]planner.Preview) map[string]planner.Preview {
	with := func(p planner.Preview, results ...planner.CheckResult) planner.Preview {
		p.Checks = results
		return p
	}
	lint := checkResult("lint", planner.Finding{Level: planner.Deny, Message: "the command ended with exit code 3"})
	lint.Log = "components/vpc/main.tf: wants two spaces\n@alice see #12 ```\n1 file is not formatted"
	broken := planner.Finding{Level: planner.Broken, Message: "to_number: invalid syntax", File: "policies/size.rego", Line: 4, EndLine: 4,
		Source: "policies/size.rego:4:2", Instances: []string{"prod/vpc"}}
	var many []planner.Finding
	for i := range 700 {
		many = append(many, planner.Finding{Level: []planner.Level{planner.Warn, planner.Deny, planner.Note}[i%3], Rule: fmt.Sprint("CKV_", i%50),
			Message: fmt.Sprintf("Finding number %d of a scanner that says %s", i, strings.Repeat("a lot ", i%30)), File: fmt.Sprintf("components/c%d/main.tf", i), Line: i + 1, EndLine: i + 2})
	}
	running := planner.CheckResult{Name: "trivy", Outcome: planner.CheckRunning}
	problems := preview()
	problems.Problem = &planner.Problem{Title: "This would break the configuration", File: ".github/trunkline.yml", Line: 12, Column: 5,
		Detail: "unknown key \"afer\" in environment prod; expected one of after, promote; did you mean after?",
		More: []planner.Problem{
			{Title: "This would break the configuration", File: ".github/trunkline.yml", Line: 14, Column: 14, Detail: "promote is \"atuo\"; expected auto or manual; did you mean auto?"},
			{Title: "This would break the configuration", File: ".github/trunkline.yml", Line: 20, Column: 5, Detail: "there are no policies (*.rego) in `polices`; did you mean `policies`?"}}}
	return map[string]planner.Preview{
		"checks":         with(all["usual"], checkResult("validate"), checkResult("policies", untagged, broken), checkResult("checkov", open, elsewhere), lint),
		"checks-passed":  with(all["same-in-all"], checkResult("validate"), checkResult("policies")),
		"checks-warn":    with(all["same-in-all"], checkResult("validate"), checkResult("checkov", open)),
		"checks-running": with(all["same-in-all"], checkResult("validate"), running),
		"checks-nothing": with(all["nothing"], lint),
		"checks-stopped": with(all["nothing"], planner.CheckResult{Name: "trivy", Outcome: planner.CheckCancelled}),
		"checks-many":    with(all["usual"], checkResult("checkov", many...)),
		"problems":       problems,
	}
}

func TestChecksOfCheckRun(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"checks", "problems"} {
		golden(t, "check-"+name+".md", shownCheck(Check(previews()[name], Options{})))
	}
	golden(t, "preview-checks-names-only.md", Preview(previews()["checks"], Options{NamesOnly: true}))
}

func TestAnnotations(t *testing.T) {
	t.Parallel()
	p := previews()["checks"]
	want := []Annotation{{Level: Warning, Path: "components/vpc/main.tf", Line: 33, Title: "checkov: CKV_AWS_24",
		Message: "Ensure no security group allows ingress from 0.0.0.0/0"}}
	if diff := cmp.Diff(want, Check(p, Options{}).Annotations); diff != "" {
		t.Error(diff)
	}
	for i := range 300 {
		finding := open
		finding.Line, finding.ChangedLine = i+1, i+1
		p.Checks[0].Findings = append(p.Checks[0].Findings, finding)
	}
	if n := len(Check(p, Options{}).Annotations); n != MaxAnnotations {
		t.Errorf("%d annotations", n)
	}
}

// All findings are in the text, or it says how many are not.
func TestFindingsFit(t *testing.T) {
	t.Parallel()
	p := previews()["checks-many"]
	for i := range 30 {
		p.Checks = append(p.Checks, checkResult(strings.Repeat("name ", 10*i), untagged))
		p.Checks[len(p.Checks)-1].Log = strings.Repeat("line | ` @x\n", 1000)
	}
	for _, limit := range []int{DefaultLimit, 20000, 5000, 1500, 600} {
		got := Preview(p, Options{Limit: limit})
		fits(t, got, limit)
		if limit > 2000 && !strings.Contains(got, "findings of the checks") {
			t.Errorf("nothing says that findings are left out of %d bytes", limit)
		}
	}
	check := Check(p, Options{})
	fits(t, check.Summary, checkText)
}
