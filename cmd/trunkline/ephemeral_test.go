package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// previewed is a repository that gives pull requests environments of their own, with what strikes while they are made and
// while they are destroyed.
var previewed = map[string]string{
	".github/trunkline.yml": `
version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine: terraform
environments:
  dev:
preview: {from: dev, variables: {name: "pr-{number}"}}
`,
	"environments/dev/network/main.tf": `
variable "name" { default = "dev" }
resource "terraform_data" "network" {
  input = "$DEPLOYED/${var.name}-network"
  provisioner "local-exec" {
    command = <<-EOT
      ` + strike + `
      strike before
      echo one >> ${self.input}
      strike after
    EOT
  }
  provisioner "local-exec" {
    when    = destroy
    command = <<-EOT
      ` + strike + `
      strike before-destroy
      rm -f ${self.input}
      strike after-destroy
    EOT
  }
}
`,
}

// The bot is killed while the environment of a pull request is made and while it is destroyed, with real terraform: nothing
// of it is made twice, and nothing stays.
func TestKilledAroundAPreview(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("terraform is not on the PATH; this needs the real one")
	}
	s := newStage(t, previewed, nil)
	if err := os.Mkdir(filepath.Join(s.deployed, "strikes"), 0o700); err != nil {
		t.Fatal(err)
	}
	alice, text := s.gh.As("alice"), "\n"
	if _, err := alice.Push(project, "change", "Change", map[string]*string{"README.md": &text}); err != nil {
		t.Fatal(err)
	}
	number, err := alice.OpenPull(project, "change", "Change", "", githubsim.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.says(number, "preview", "changes nothing")
	if _, err := s.gh.As("carol").Comment(project, number, "/preview"); err != nil {
		t.Fatal(err)
	}
	s.says(number, "environment", "`pr-1` runs")
	if made, err := os.ReadFile(filepath.Join(s.deployed, "pr-1-network")); err != nil || string(made) != "one\n" {
		t.Errorf("it was made as %q (%v)", made, err)
	}
	if err := alice.Close(project, number); err != nil {
		t.Fatal(err)
	}
	s.says(number, "environment", "is gone")
	if _, err := os.Stat(filepath.Join(s.deployed, "pr-1-network")); err == nil {
		t.Error("it is still there")
	}
	left, err := filepath.Glob(filepath.Join(s.data, "state", "*", "pr-1*"))
	if err != nil || len(left) > 0 {
		t.Errorf("its state is still there: %v (%v)", left, err)
	}
	s.struck(4)
	for kind, found := range s.comments(number) {
		if len(found) != 1 || strings.Contains(kind, "left") {
			t.Errorf("there are %d comments of the kind %q", len(found), kind)
		}
	}
}
