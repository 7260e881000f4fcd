package deploy

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/logs"
	"github.com/trunkline/trunkline/promote/store"
)

// logged is what is kept of the scene's deployment: a line for each step, and indented what it said.
func (s *scene) logged() (lines []string) {
	s.t.Helper()
	steps, err := s.deployer.Logs.Steps(logs.Key{Repository: 7, Deployment: s.id})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, step := range steps {
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%s: %s %s", step.Name, step.Result, step.Message), " "))
		text, err := step.Read(0, 10000)
		if err != nil {
			s.t.Fatal(err)
		}
		for line := range strings.Lines(text.Text) {
			lines = append(lines, "  "+strings.TrimSpace(line))
		}
	}
	return lines
}

func TestLogsOfADeployment(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.deployer.Logs = &logs.Book{Dir: t.TempDir()}
	s.target.Redact = func(text string) string { return strings.ReplaceAll(text, "token", "[redacted]") }
	s.secrets, s.reveals = []string{"a sensitive output"}, []string{"made by the apply"}
	s.says = map[string]string{"plan dev/app": "a token", "apply dev/app": "it has a sensitive output\nand a token in " + s.root + "/app"}
	if err := os.WriteFile(filepath.Join(s.root, "unhealthy"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	check := &s.target.Rules.Environments[0].Verify[0]
	check.Run = "echo ask a sensitive output made by the apply: $PWD/x; test ! -e unhealthy"
	deployment, err := s.deploy(context.Background())
	if err != nil || deployment.Phase != promote.Failed {
		t.Fatalf("%+v, %v", deployment, err)
	}
	want := []string{
		"plan dev/app: ok", "  a [redacted]",
		"plan dev/network: ok",
		"apply dev/app: ok", "  it has [redacted]", "  and a [redacted] in app",
		"apply dev/network: ok",
		"verify smoke: failed exit code 1", "  $ echo ask [redacted] [redacted]: $PWD/x; test ! -e unhealthy", "  ask [redacted] [redacted]: x",
	}
	if diff := cmp.Diff(want, s.logged()); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(deployment.Failure.Message, "sensitive") {
		t.Errorf("the failure says %q", deployment.Failure.Message)
	}
}

func TestLogOfAFailure(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.deployer.Logs = &logs.Book{Dir: t.TempDir()}
	s.fails["apply dev/app"] = "Error: no such subnet\nmore of it"
	if _, err := s.deploy(context.Background()); err != nil {
		t.Fatal(err)
	}
	want := []string{"plan dev/app: ok", "plan dev/network: ok", "apply dev/app: failed Error: no such subnet"}
	if diff := cmp.Diff(want, s.logged()); diff != "" {
		t.Error(diff)
	}
}

// An engine that outlived a killed Trunkline went on writing: what it said is kept by the next one, and does not stay as it
// was.
func TestLogsOfAKilledServer(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.deployer.Logs = &logs.Book{Dir: t.TempDir()}
	s.target.Redact = func(text string) string { return strings.ReplaceAll(text, "token", "[redacted]") }
	s.write(func(tx *store.Tx) error {
		if err := s.planned(tx, "a1", "a2"); err != nil {
			return err
		}
		if err := tx.Apply(s.id); err != nil {
			return err
		}
		return tx.Applying(s.id, "dev/app")
	})
	begun := s.deployer.Logs.Step(logs.Key{Repository: 7, Deployment: s.id}, "apply dev/app", s.target.Redact)
	if _, err := begun.Write([]byte("half of a tok")); err != nil {
		t.Fatal(err)
	}
	work := s.target.Planner.Work(s.target.Place, s.target.Instances["dev/app"].Instance)
	file := work.Log("apply")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("half of a token\nthe other half\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.deploy(context.Background()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"apply dev/app: stopped the server was stopped",
		"apply dev/app: stopped the server was stopped",
		"  [all that it said; the server was stopped meanwhile, and nobody knows how it ended]", "  half of a [redacted]", "  the other half",
	}
	got := s.logged()
	if diff := cmp.Diff(want, got[:min(len(want), len(got))]); diff != "" {
		t.Errorf("%s\n%s", diff, strings.Join(got, "\n"))
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("its output stays: %v", err)
	}
}
