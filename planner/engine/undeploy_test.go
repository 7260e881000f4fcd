package engine

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/stack"
)

const lasting = `
variable "note" {}
resource "terraform_data" "box" {
  input = var.note
  provisioner "local-exec" {
    when    = destroy
    command = "test ! -e ${self.input}.keep"
  }
}
output "url" { value = "https://example.org/${terraform.workspace}" }
output "secret" {
  value     = "hunter2hunter2"
  sensitive = true
}
output "size" { value = 3 }
`

// What an instance has in one workspace is destroyed, and nothing that another workspace of the same backend has.
func TestTerraformDestroysOneWorkspace(t *testing.T) {
	t.Parallel()
	engine := newTerraform(t, Settings{})
	shared := t.TempDir()
	code := `terraform {
  backend "local" {
    path          = "` + shared + `/stays.tfstate"
    workspace_dir = "` + shared + `/workspaces"
  }
}` + lasting
	for name, place := range map[string]string{"ours": lasting, "local": code} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			note := filepath.Join(t.TempDir(), "note")
			r := newRepository(t, "app/main.tf", place)
			stays := r.work(stack.Instance{Path: "app", Environment: "dev", Variables: map[string]any{"note": note}})
			own := r.work(stack.Instance{Path: "app", Environment: "dev", Workspace: "pr-7", Variables: map[string]any{"note": note}})
			mustApply(t, engine, stays)
			mustApply(t, engine, own)

			url, err := engine.(Teller).Output(t.Context(), own, "url")
			if err != nil || url != "https://example.org/pr-7" {
				t.Errorf("the output is %q (%v)", url, err)
			}
			for _, output := range []string{"secret", "size", "none"} {
				if value, err := engine.(Teller).Output(t.Context(), own, output); !errors.As(err, new(*Failure)) || value != "" || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("the output %s is %q (%v)", output, value, err)
				}
			}

			if err := os.WriteFile(note+".keep", nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := engine.(Destroyer).Destroy(t.Context(), own); !errors.As(err, new(*Failure)) {
				t.Fatalf("what cannot be destroyed: %v", err)
			}
			if err := os.Remove(note + ".keep"); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time there is nothing
				if err := engine.(Destroyer).Destroy(t.Context(), own); err != nil {
					t.Fatal(err)
				}
			}
			dir := map[string]string{"ours": filepath.Join(own.State, ourWorkspaces), "local": filepath.Join(shared, "workspaces")}[name]
			if _, err := os.Stat(filepath.Join(dir, "pr-7")); err == nil {
				t.Errorf("%s still has it", dir)
			}
			if plan := mustPlan(t, engine, stays); !plan.Empty() {
				t.Errorf("what stays has %s to do", plan.Summary())
			}
			if err := engine.(Destroyer).Destroy(t.Context(), stays); err == nil {
				t.Error("the default workspace was destroyed")
			}
		})
	}
}

func TestCommandDestroys(t *testing.T) {
	t.Parallel()
	there := filepath.Join(t.TempDir(), "there")
	engine, err := New(config.Engine{Kind: config.Command, Plan: "echo make it", Apply: `echo "$TRUNKLINE_VAR_note" > ` + there + "-$TRUNKLINE_WORKSPACE",
		Destroy: "rm " + there + "-$TRUNKLINE_WORKSPACE"}, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	r := newRepository(t, "app/content", "1\n")
	own := r.work(stack.Instance{Path: "app", Environment: "pr-7", Workspace: "pr-7", Variables: map[string]any{"note": "mine"}})
	mustApply(t, engine, own)
	if text, err := os.ReadFile(there + "-pr-7"); err != nil || string(text) != "mine\n" {
		t.Errorf("deployed %q (%v)", text, err)
	}
	if err := engine.(Destroyer).Destroy(t.Context(), own); err != nil {
		t.Error(err)
	}
	if err := engine.(Destroyer).Destroy(t.Context(), own); !errors.As(err, new(*Failure)) {
		t.Errorf("a command that fails: %v", err)
	}
	if _, err := os.Stat(there + "-pr-7"); err == nil {
		t.Error("it is still there")
	}
}
