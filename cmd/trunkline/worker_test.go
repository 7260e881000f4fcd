package main

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// asWorker is the environment variable that makes this test binary a worker; its value is the command line.
const asWorker = "TRUNKLINE_TEST_WORK"

// TestWork is no test but `trunkline worker`, in a process that the other tests start and kill.
func TestWork(t *testing.T) {
	if os.Getenv(asWorker) == "" {
		t.Skip("this is the process that other tests start")
	}
	os.Args = strings.Split(os.Getenv(asWorker), "\n")
	os.Exit(run())
}

// onWorkers is a repository that is planned and applied on workers alone, by the real terraform, with its state in a place that
// all of them reach. Each apply says when it has begun, and goes on when it may.
var onWorkers = map[string]string{
	".github/trunkline.yml": `
version: 1
runner: {workers: [prod-eu]}
stacks:
  layout: folders
  path: environments/{environment}/{component}
environments:
  dev:
    promote: auto
    verify:
      - {name: smoke, run: 'test -s "$DEPLOYED/applies" && echo "$TRUNKLINE_ENVIRONMENT in ${TRUNKLINE_ROOT##*/}" >> "$DEPLOYED/checked"'}
`,
	"environments/dev/app/main.tf": `
terraform {
  backend "local" {
    path = "$DEPLOYED/state/app.tfstate"
  }
}
resource "terraform_data" "app" {
  input = "one"
}
`,
}

func workersSettings(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "runners: {lost_after: 2s}\nworkers:\n  - {name: eu-1, labels: [prod-eu], repositories: [acme/infrastructure], token_sha256: " + hex.EncodeToString(sum[:]) + "}\n"
}

const testToken = "trw_of-the-test-0123456789"

func newWorkers(t *testing.T) *stage {
	t.Helper()
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("terraform is not on the PATH; this needs the real one")
	}
	return newStageOf(t, onWorkers, nil, workersSettings(testToken))
}

// work starts a worker with a directory of its own, and returns how to kill it and how to end it in order.
func (s *stage) work(data string) (kill func(), end func() error) {
	s.t.Helper()
	token := filepath.Join(s.t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(testToken+"\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	worker := exec.Command(os.Args[0], "-test.run=^TestWork$")
	line := []string{"trunkline", "worker", "--server", "http://" + s.listen, "--token-file", token, "--data", data, "--labels", "prod-eu", "--parallel", "2"}
	worker.Env = []string{asWorker + "=" + strings.Join(line, "\n"), "PATH=" + os.Getenv("PATH"), "HOME=" + data}
	log, err := os.OpenFile(filepath.Join(s.data, "worker.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	worker.Stdout, worker.Stderr = log, log
	if err := worker.Start(); err != nil {
		s.t.Fatal(err)
	}
	var ended bool
	over := func(signal syscall.Signal) error {
		if ended {
			return nil
		}
		ended = true
		_ = worker.Process.Signal(signal)
		return worker.Wait()
	}
	s.t.Cleanup(func() {
		_ = over(syscall.SIGKILL)
		if s.t.Failed() {
			text, _ := os.ReadFile(log.Name())
			s.t.Logf("the log of the workers:\n%s", text)
		}
	})
	return func() { _ = over(syscall.SIGKILL) }, func() error { return over(syscall.SIGTERM) }
}

// slow has applies wait until the returned function is called.
func (s *stage) slow() (goOn func()) {
	s.t.Helper()
	file := filepath.Join(s.deployed, "slow")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return func() {
		if err := os.Remove(file); err != nil {
			s.t.Fatal(err)
		}
	}
}

// resized is the instance with something to do, which takes as long as the file slow is there.
func (s *stage) resized() map[string]*string {
	text := strings.ReplaceAll(onWorkers["environments/dev/app/main.tf"], "$DEPLOYED", s.deployed)
	text = strings.Replace(text, `  input = "one"
`, `  input = "two"
  provisioner "local-exec" {
    command = "echo app >> '`+s.deployed+`/applies'; while test -e '`+s.deployed+`/slow'; do touch '`+s.deployed+`/applying'; sleep 0.05; done"
  }
`, 1)
	return map[string]*string{"environments/dev/app/main.tf": &text}
}

// merged opens and merges the change and returns the number of the pull request.
func (s *stage) merged(files map[string]*string) int {
	s.t.Helper()
	number := s.proposed(files)
	s.says(number, "preview", "Merging changes dev")
	if _, err := s.gh.As("bob").Merge(project, number, "merge"); err != nil {
		s.t.Fatal(err)
	}
	return number
}

// proposed opens a pull request.
func (s *stage) proposed(files map[string]*string) int {
	s.t.Helper()
	alice := s.gh.As("alice")
	if _, err := alice.Push(project, "change", "Change the app", files); err != nil {
		s.t.Fatal(err)
	}
	number, err := alice.OpenPull(project, "change", "Change the app", "", githubsim.OpenOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return number
}

// applied tells how often something was applied.
func (s *stage) applied() int {
	text, _ := os.ReadFile(filepath.Join(s.deployed, "applies"))
	return strings.Count(string(text), "\n")
}

func (s *stage) there(name string) bool {
	_, err := os.Stat(filepath.Join(s.deployed, name))
	return err == nil
}

// A worker is killed in the midst of an apply: that is said, nobody applies again meanwhile, and a retry finds what is left.
func TestWorkerKilledWhileItApplies(t *testing.T) {
	t.Parallel()
	s := newWorkers(t)
	goOn := s.slow()
	kill, _ := s.work(t.TempDir())
	number := s.merged(s.resized())
	s.wait("it applies", func() bool { return s.there("applying") })
	kill()
	s.says(number, "rollout", "was lost while it had the apply of dev/app in hand")
	goOn()
	s.work(t.TempDir())
	s.ask(number, "/retry dev", "Converged")
	if n := s.applied(); n != 1 {
		t.Errorf("it was applied %d times", n)
	}
	if !s.there("checked") {
		t.Error("the check has not run on the worker")
	}
}

// The server is killed in the midst of an apply, which goes on; the next server waits for its end.
func TestServerKilledWhileAWorkerApplies(t *testing.T) {
	t.Parallel()
	s := newWorkers(t)
	goOn := s.slow()
	_, end := s.work(t.TempDir())
	number := s.merged(s.resized())
	s.wait("it applies", func() bool { return s.there("applying") })
	s.kill()
	s.ready()
	goOn()
	s.says(number, "rollout", "Converged")
	if n := s.applied(); n != 1 {
		t.Errorf("it was applied %d times", n)
	}
	if err := end(); err != nil {
		t.Errorf("the worker did not end in order: %v", err)
	}
}

// A worker is killed in the midst of a plan: another makes it.
func TestWorkerKilledWhileItPlans(t *testing.T) {
	t.Parallel()
	files := maps.Clone(onWorkers)
	files[".github/trunkline.yml"] = strings.Replace(files[".github/trunkline.yml"], "environments:\n", `  engine:
    plan: 'touch "$DEPLOYED/planning"; while test -e "$DEPLOYED/slow"; do sleep 0.05; done; cat main.tf'
    apply: "true"
environments:
`, 1)
	s := newStageOf(t, files, nil, workersSettings(testToken))
	goOn := s.slow()
	kill, _ := s.work(t.TempDir())
	number := s.proposed(s.resized())
	s.wait("it plans", func() bool { return s.there("planning") })
	kill()
	goOn()
	s.work(t.TempDir())
	s.says(number, "preview", "Merging changes dev")
}
