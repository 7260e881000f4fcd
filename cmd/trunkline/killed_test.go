package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/promote/logs"
)

// strike is a line of shell that kills the bot once, where the test has asked for it: it made the directory strikes.
const strike = `strike() { if mkdir "$DEPLOYED/strikes/$1" 2>/dev/null; then until kill -9 "$(cat "$DEPLOYED/bot.pid")" 2>/dev/null; do sleep 0.01; done; fi; }`

// commands is a repository whose engine copies files. Each apply adds a line to the file applies.
var commands = map[string]string{
	".github/trunkline.yml": `
version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine:
    plan: |
      ` + strike + `
      strike plan-$TRUNKLINE_ENVIRONMENT-$TRUNKLINE_COMMIT
      diff -NU0 --label deployed --label wanted "$DEPLOYED/$TRUNKLINE_ENVIRONMENT-$TRUNKLINE_COMPONENT" content || test $? = 1
    apply: |
      ` + strike + `
      strike before-$TRUNKLINE_ENVIRONMENT
      echo "$TRUNKLINE_ENVIRONMENT $TRUNKLINE_COMPONENT $(cat content)" >> "$DEPLOYED/applies"
      touch "$DEPLOYED/applying-$TRUNKLINE_ENVIRONMENT"
      while test -e "$DEPLOYED/slow"; do sleep 0.05; done
      strike between-$TRUNKLINE_ENVIRONMENT
      cp content "$DEPLOYED/$TRUNKLINE_ENVIRONMENT-$TRUNKLINE_COMPONENT"
      strike after-$TRUNKLINE_ENVIRONMENT
environments:
  dev:
    promote: auto
    verify:
      - name: smoke
        run: |
          ` + strike + `
          strike verify
          test -s "$DEPLOYED/dev-app"
  staging:
  prod:
`,
	"environments/dev/app/content":         "app 1\n",
	"environments/dev/network/content":     "network 1\n",
	"environments/staging/app/content":     "app 1\n",
	"environments/staging/network/content": "network 1\n",
	"environments/prod/app/content":        "app 1\n",
	"environments/prod/network/content":    "network 1\n",
}

// changed are the same instances with other content.
func changed() map[string]*string {
	files := map[string]*string{}
	for path, text := range commands {
		if strings.HasPrefix(path, "environments/") {
			text = strings.ReplaceAll(text, "1", "2")
			files[path] = &text
		}
	}
	return files
}

// open opens the pull request of the story.
func (s *stage) open(files map[string]*string) int {
	s.t.Helper()
	alice := s.gh.As("alice")
	if _, err := alice.Push(project, "change", "Change all", files); err != nil {
		s.t.Fatal(err)
	}
	number, err := alice.OpenPull(project, "change", "Change all", "", githubsim.OpenOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.wait("the check run has ended", func() bool {
		pull, err := s.gh.Pull(project, number)
		return err == nil && len(pull.Checks) > 0 && pull.Checks[0].Conclusion == "success"
	})
	s.says(number, "preview", "Merging changes dev, staging and prod")
	return number
}

// story is a pull request's life: preview, merge, dev by itself, staging and prod when carol asks.
func (s *stage) story(files map[string]*string) int {
	s.t.Helper()
	number := s.open(files)
	if _, err := s.gh.As("bob").Merge(project, number, "merge"); err != nil {
		s.t.Fatal(err)
	}
	s.says(number, "rollout", "staging is ready")
	s.ask(number, "/promote staging", "prod is ready")
	s.ask(number, "/promote prod", "Converged")
	return number
}

func (s *stage) ask(number int, command, outcome string) {
	s.t.Helper()
	if _, err := s.gh.As("carol").Comment(project, number, command); err != nil {
		s.t.Fatal(err)
	}
	s.says(number, "rollout", outcome)
}

// converged checks what the story must have come to, however often the bot was killed: everything is deployed and was
// applied once, and GitHub shows one of each thing.
func (s *stage) converged(number int, want map[string]string) {
	s.t.Helper()
	for name, content := range want {
		if text, err := os.ReadFile(filepath.Join(s.deployed, name)); err != nil || string(text) != content {
			s.t.Errorf("%s is %q (%v); want %q", name, text, err, content)
		}
	}
	text, err := os.ReadFile(filepath.Join(s.deployed, "applies"))
	if err != nil {
		s.t.Fatal(err)
	}
	applies := strings.Split(strings.TrimSpace(string(text)), "\n")
	slices.Sort(applies)
	if len(applies) != len(want) || len(slices.Compact(applies)) != len(want) {
		s.t.Errorf("applied %q; want %d instances, each once", applies, len(want))
	}
	for kind, found := range s.comments(number) {
		if len(found) != 1 || kind != "preview" && kind != "rollout" {
			s.t.Errorf("there are %d comments of the kind %q; want one preview and one rollout", len(found), kind)
		}
	}
	made := map[string]int{}
	for _, call := range s.gh.Calls() {
		if call.Status == 201 {
			made[call.Operation]++
		}
	}
	for operation, count := range map[string]int{"issues/create-comment": 2, "checks/create": 1, "repos/create-deployment": 3} {
		if made[operation] != count {
			s.t.Errorf("%s was done %d times; want %d", operation, made[operation], count)
		}
	}
	repository, err := s.gh.Repository(project)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, deployment := range repository.Deployments {
		if last := deployment.Statuses[len(deployment.Statuses)-1]; last.State != "success" {
			s.t.Errorf("the deployment in %s ended with %s", deployment.Environment, last.State)
		}
	}
}

var deployedFiles = map[string]string{
	"dev-app": "app 2\n", "dev-network": "network 2\n", "staging-app": "app 2\n", "staging-network": "network 2\n",
	"prod-app": "app 2\n", "prod-network": "network 2\n",
}

// The bot is killed at many moments of one story, and the story ends as if it had not been.
func TestKilledBetweenGitHubAndTheBot(t *testing.T) {
	t.Parallel()
	// once kills at the first moment of each kind.
	once := func(after, webhooks bool) strikes {
		seen := map[string]bool{}
		return func(m moment) bool {
			if m.after != after || seen[m.what] || strings.Contains(m.what, "/") == webhooks && m.what != "git" {
				return false
			}
			seen[m.what] = true
			return true
		}
	}
	for _, test := range []struct {
		name   string
		strike strikes
		least  int
	}{
		{"before each operation", once(false, false), 10},
		{"after each operation", once(true, false), 10},
		{"before each webhook", once(false, true), 6},
		{"after each webhook", once(true, true), 6},
		// Longer and longer lives, so that the story goes on although each ends early.
		{"ever later", func(m moment) bool { return m.life <= 15 && m.count >= m.life && m.after == (m.life%2 == 0) }, 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, commands, test.strike)
			number := s.story(changed())
			s.converged(number, deployedFiles)
			if got := len(s.gate.struck); got < test.least {
				t.Errorf("the bot was killed %d times; want at least %d: %v", got, test.least, s.gate.struck)
			}
			t.Logf("killed at %+v", s.gate.struck)
		})
	}
}

// The bot is killed by its own engines: while they plan, before, amid and after applying, and in checks. They live on
// and finish.
func TestKilledWhileTheEngineWorks(t *testing.T) {
	t.Parallel()
	s := newStage(t, commands, nil)
	if err := os.Mkdir(filepath.Join(s.deployed, "strikes"), 0o700); err != nil {
		t.Fatal(err)
	}
	number := s.story(changed())
	s.converged(number, deployedFiles)
	s.struck(16)
}

// struck checks that the engines have killed the bot so many times.
func (s *stage) struck(want int) {
	s.t.Helper()
	strikes, err := os.ReadDir(filepath.Join(s.deployed, "strikes"))
	if err != nil {
		s.t.Fatal(err)
	}
	// Two may strike at once.
	if len(strikes) != want || s.lives < want/2 {
		s.t.Errorf("%d strikes, %d lives; want %d strikes: %v", len(strikes), s.lives, want, strikes)
	}
}

// An engine that outlives the bot is waited for by the next one, which finds nothing left to do.
func TestSlowApplyOutlivesTheBot(t *testing.T) {
	t.Parallel()
	s := newStage(t, commands, nil)
	slow := filepath.Join(s.deployed, "slow")
	if err := os.WriteFile(slow, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	number := s.open(changed())
	if _, err := s.gh.As("bob").Merge(project, number, "merge"); err != nil {
		t.Fatal(err)
	}
	s.wait("an apply is under way", func() bool {
		_, err := os.Stat(filepath.Join(s.deployed, "applying-dev"))
		return err == nil
	})
	for range 3 {
		s.kill()
		s.ready()
	}
	if err := os.Remove(slow); err != nil {
		t.Fatal(err)
	}
	s.says(number, "rollout", "staging is ready")
	s.ask(number, "/promote staging", "prod is ready")
	s.ask(number, "/promote prod", "Converged")
	s.converged(number, deployedFiles)
}

// The same with real terraform, killed amid applying in each environment.
func TestKilledWhileTerraformWorks(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("terraform is not on the PATH; this needs the real one")
	}
	files := map[string]string{
		".github/trunkline.yml": `
version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine: terraform
environments:
  dev:
    promote: auto
  staging:
  prod:
`,
		"modules/network/main.tf": `
variable "environment" { type = string }
variable "size" { type = number }
resource "terraform_data" "network" {
  triggers_replace = [var.environment, var.size]
  provisioner "local-exec" {
    command = <<-EOT
      ` + strike + `
      strike before-${var.environment}
      echo "${var.environment} size ${var.size}" >> "$DEPLOYED/applies"
      echo "size ${var.size}" > "$DEPLOYED/${var.environment}-network"
      strike after-${var.environment}
    EOT
  }
}
`,
	}
	changed, want := map[string]*string{}, map[string]string{}
	for _, environment := range []string{"dev", "staging", "prod"} {
		path := "environments/" + environment + "/network/main.tf"
		text := fmt.Sprintf("module \"network\" {\n  source = \"../../../modules/network\"\n  environment = %q\n  size = 1\n}\n", environment)
		files[path] = text
		text = strings.ReplaceAll(text, "size = 1", "size = 2")
		changed[path], want[environment+"-network"] = &text, "size 2\n"
	}
	s := newStage(t, files, nil)
	if err := os.Mkdir(filepath.Join(s.deployed, "strikes"), 0o700); err != nil {
		t.Fatal(err)
	}
	number := s.story(changed)
	s.converged(number, want)
	s.struck(6)
	s.logged(3, "Apply complete!")
}

// logged checks that the log of each deployment holds a text that only an engine said which outlived the bot, and that nothing
// stays of what engines said before it was redacted.
func (s *stage) logged(deployments int64, want string) {
	s.t.Helper()
	book := logs.Book{Dir: filepath.Join(s.data, "logs")}
	repositories, err := book.Repositories()
	if err != nil || len(repositories) != 1 {
		s.t.Fatalf("logs are there of %v, %v", repositories, err)
	}
	for id := int64(1); id <= deployments; id++ {
		steps, err := book.Steps(logs.Key{Repository: repositories[0], Deployment: id})
		var out strings.Builder
		if err := errors.Join(err, (&logs.Printer{To: &out}).Print(steps)); err != nil {
			s.t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			s.t.Errorf("the log of deployment %d does not hold %q:\n%s", id, want, out.String())
		}
	}
	left, err := filepath.Glob(filepath.Join(s.data, "scratch", "*", "deployments", "*", "logs", "*"))
	if err != nil || len(left) > 0 {
		s.t.Errorf("it leaves %v, %v", left, err)
	}
}
