package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// spying is an engine whose plan walks up from itself to the server, and writes down what each process on the way was
// started with.
const spying = `
version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine:
    plan: |
      server=$(cat "$DEPLOYED/bot.pid")
      p=$$
      while :; do
        { echo "process $p"; cat "/proc/$p/cmdline" || echo no cmdline; cat "/proc/$p/environ" || echo no environ; echo; } >> "$DEPLOYED/seen" 2>&1
        if test "$p" = "$server"; then break; fi
        if test "$p" -le 1; then echo "not a child of $server" >> "$DEPLOYED/seen"; break; fi
        p=$(awk '$1 == "PPid:" { print $2 }' "/proc/$p/status")
      done
      echo change
    apply: "true"
environments:
  dev:
`

func TestEnginesDoNotSeeSecrets(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc on " + runtime.GOOS + ", which this test reads")
	}
	s := newStage(t, map[string]string{
		".github/trunkline.yml": spying, "environments/dev/app/content": "app 1\n",
	}, nil)
	alice := s.gh.As("alice")
	content := "app 2\n"
	if _, err := alice.Push(project, "change", "Change it", map[string]*string{"environments/dev/app/content": &content}); err != nil {
		t.Fatal(err)
	}
	number, err := alice.OpenPull(project, "change", "Change it", "", githubsim.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.says(number, "preview", "Merging changes dev")
	text, err := os.ReadFile(filepath.Join(s.deployed, "seen"))
	if err != nil {
		t.Fatal(err)
	}
	seen := string(text)
	// The walk proves something only if it has come to the server and has seen what may be seen there.
	wanted := []string{"TRUNKLINE_COMPONENT=app", "\x00serve\x00", "TRUNKLINE_LISTEN=" + s.listen}
	if os.Geteuid() != 0 {
		wanted[2] = "no environ"
	}
	for _, text := range wanted {
		if !strings.Contains(seen, text) {
			t.Errorf("the engine has not seen %q", text)
		}
	}
	for name, secret := range s.secrets() {
		if strings.Contains(seen, secret) || strings.Contains(seen, name+"=") {
			t.Errorf("the engine has seen %s", name)
		}
	}
	if t.Failed() {
		t.Logf("the engine has seen:\n%s", strings.ReplaceAll(seen, "\x00", "\n"))
	}
}

// secrets are parts of the App's secrets that are on one line, by the variables that the bot was started with.
func (s *stage) secrets() map[string]string {
	return map[string]string{
		"GITHUB_APP_WEBHOOK_SECRET": s.gh.WebhookSecret(),
		"GITHUB_APP_PRIVATE_KEY":    strings.Split(string(s.gh.PrivateKeyPEM()), "\n")[1],
	}
}

func TestSecretsPipe(t *testing.T) {
	for _, name := range secretVariables {
		t.Setenv(name, "") // with one of them set, takeSecrets would start the tests anew
	}
	for _, number := range []string{"2", "none", "1000000"} {
		t.Setenv(secretsPipe, number)
		if _, err := takeSecrets(); err == nil || !strings.Contains(err.Error(), secretsPipe) {
			t.Errorf("%s=%s: %v", secretsPipe, number, err)
		}
		if _, there := os.LookupEnv(secretsPipe); there {
			t.Errorf("%s is still set", secretsPipe)
		}
	}
}
