package engine

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/planner/stack"
)

// A plan knows the sensitive values that are known when it is made; others are read when the apply has made them.
func TestSecretsOfAPlan(t *testing.T) {
	t.Parallel()
	engine := newTerraform(t, Settings{})
	repository := newRepository(t, "app/main.tf", `
resource "terraform_data" "known" {
  input = sensitive({ password = "known-password", port = 5432123, short = "abc" })
}
resource "terraform_data" "made" {
  input = sensitive(uuid())
}
output "plain" {
  value = "not-a-secret"
}
output "made" {
  value     = terraform_data.made.output
  sensitive = true
}
output "token" {
  value     = "known-token"
  sensitive = true
}
`)
	work := repository.work(stack.Instance{Environment: "dev", Path: "app"})
	var output strings.Builder
	work.Output = &output
	plan := mustPlan(t, engine, work)
	slices.Sort(plan.Secrets)
	if diff := cmp.Diff([]string{"5432123", "known-password", "known-token"}, plan.Secrets); diff != "" || !plan.Reveals {
		t.Errorf("reveals %v\n%s", plan.Reveals, diff)
	}
	// Plans are stored, as parts of previews.
	if stored, err := json.Marshal(plan); err != nil || strings.Contains(string(stored), "known-password") || strings.Contains(string(stored), "known-token") {
		t.Errorf("stored would be %s, %v", stored, err)
	}
	if err := engine.Apply(t.Context(), work, plan); err != nil {
		t.Fatal(err)
	}
	if said := output.String(); !strings.Contains(said, "$ terraform init\n") || !strings.Contains(said, "$ terraform apply\n") || !strings.Contains(said, "Apply complete!") {
		t.Errorf("it said %s", said)
	}
	values, err := engine.(Revealer).Revealed(t.Context(), work)
	if err != nil || len(values) != 2 {
		t.Fatalf("revealed are %v, %v", values, err)
	}
	slices.Sort(values)
	if !regexp.MustCompile(`^[0-9a-f-]{36} known-token$`).MatchString(strings.Join(values, " ")) {
		t.Errorf("revealed are %v", values)
	}
	if _, err := os.Stat(filepath.Join(work.Scratch, "outputs.json")); !os.IsNotExist(err) {
		t.Errorf("the outputs stay: %v", err)
	}
	if again := mustPlan(t, engine, repository.anew("app/main.tf", "output \"token\" {\n  value = \"known-token\"\n  sensitive = true\n}\n").work(work.Instance)); again.Reveals {
		t.Error("a plan reveals whose outputs are all known")
	}
}
