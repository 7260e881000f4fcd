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

func TestStateElsewhere(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, code, workspace string
		instance              stack.Instance
		lost                  bool
	}{
		{name: "no backend", code: `resource "x" "y" {}`, lost: true},
		{name: "the local backend", code: "terraform {\nbackend \"local\" { path = \"here.tfstate\" }\n}", lost: true},
		{name: "a path that is the host's", code: "terraform {\nbackend \"local\" { path = \"/shared/a.tfstate\" }\n}"},
		{name: "a path that is the host's, but not of workspaces", code: "terraform {\nbackend \"local\" { path = \"/shared/a.tfstate\" }\n}", workspace: "blue", lost: true},
		{name: "a bucket", code: "terraform {\nbackend \"s3\" {}\n}"},
		{name: "a cloud", code: "terraform {\ncloud { organization = \"acme\" }\n}"},
		{name: "a bucket of the manifest", code: ``, instance: stack.Instance{Atmos: stack.Atmos{BackendType: "s3", GenerateBackend: true}}},
		{name: "a directory of the manifest", code: ``, lost: true,
			instance: stack.Instance{Atmos: stack.Atmos{BackendType: "local", Backend: map[string]any{"path": "x"}, GenerateBackend: true}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			work := Work{Root: t.TempDir(), Instance: test.instance}
			work.Instance.Path, work.Instance.Stack, work.Instance.Component, work.Instance.Workspace = "net", "prod", "net", test.workspace
			if err := os.Mkdir(filepath.Join(work.Root, "net"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(work.Root, "net", "main.tf"), []byte(test.code), 0o600); err != nil {
				t.Fatal(err)
			}
			err := StateElsewhere(config.Engine{Kind: config.Terraform}, work)
			said := (*Failure)(nil)
			if lost := errors.As(err, &said); lost != test.lost || lost && !strings.Contains(said.Message, "Declare a backend in net") {
				t.Errorf("it is %v", err)
			}
			if err := StateElsewhere(config.Engine{Kind: config.Command}, work); err != nil {
				t.Errorf("commands: %v", err)
			}
		})
	}
}

// An engine that is away plans nothing whose state would be lost, and gives commands no directory to keep things in.
func TestAway(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	work := Work{Root: root, Scratch: filepath.Join(t.TempDir(), "scratch"), State: filepath.Join(t.TempDir(), "state"), Instance: stack.Instance{Path: ".", Stack: "prod", Component: "net"}}
	commands, err := New(config.Engine{Kind: config.Command, Plan: `echo "state: <$TRUNKLINE_STATE>"`, Apply: "true"}, Settings{Away: true})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := commands.Plan(t.Context(), work)
	if err != nil || plan.Text != "state: <>" || !plan.Sound() {
		t.Errorf("it is %q %v", plan.Text, err)
	}
	if _, err := os.Stat(work.State); err == nil {
		t.Error("a directory for state was made")
	}
	plan.Digest = "of another plan"
	if plan.Sound() {
		t.Error("a plan with the digest of another is sound")
	}
	if err := os.WriteFile(filepath.Join(root, "main.tf"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	terraform, err := New(config.Engine{Kind: config.Terraform}, Settings{Away: true})
	if err != nil {
		t.Skip("terraform is not on the PATH")
	}
	if _, err := terraform.Plan(t.Context(), work); err == nil || !strings.Contains(err.Error(), "Declare a backend") {
		t.Errorf("terraform planned: %v", err)
	}
}
