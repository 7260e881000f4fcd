package main

import (
	"io/fs"
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

// rotating is a repository whose engine tells its secret and kills the bot in the middle of an apply. Before it goes on to
// tell it, the operator has rotated it.
const rotating = `
version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine:
    plan: cmp -s content "$DEPLOYED/dev" || { cat content; echo "planned with $PASSWORD and $TOKEN"; }
    apply: |
      ` + strike + `
      env > "$DEPLOYED/env"
      echo "applied with $PASSWORD and $TOKEN"
      printf %s-after can""ary > "$DEPLOYED/password"
      strike apply
      echo "left behind with $PASSWORD and $TOKEN, by $(cat "$DEPLOYED/bot.pid")"
      cp content "$DEPLOYED/dev"
environments:
  dev:
    promote: auto
    secrets: [PASSWORD, {name: TOKEN, from: token}]
    verify: [{name: smoke, run: "echo checked with $PASSWORD and $TOKEN; test ! -e $DEPLOYED/unhealthy"}]
`

func TestSecretsOfAKilledServer(t *testing.T) {
	t.Parallel()
	s := newStageOf(t, map[string]string{".github/trunkline.yml": rotating, "environments/dev/app/content": "app 1\n"}, nil, `
secrets:
  acme/infrastructure:
    dev:
      PASSWORD: {file: $DEPLOYED/password}
      token: {variable: ACME_TOKEN}
`)
	for name, text := range map[string]string{"password": "canary-before\n", "unhealthy": ""} {
		if err := os.WriteFile(filepath.Join(s.deployed, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(s.deployed, "strikes"), 0o700); err != nil {
		t.Fatal(err)
	}
	content := "app 2\n"
	if _, err := s.gh.As("alice").Push(project, "change", "Change it", map[string]*string{"environments/dev/app/content": &content}); err != nil {
		t.Fatal(err)
	}
	number, err := s.gh.As("alice").OpenPull(project, "change", "Change it", "", githubsim.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.says(number, "preview", "planned with  and")
	if _, err := s.gh.As("bob").Merge(project, number, "merge"); err != nil {
		t.Fatal(err)
	}
	s.says(number, "rollout", "checked with [redacted] and [redacted]")
	env, err := os.ReadFile(filepath.Join(s.deployed, "env"))
	if err != nil || !strings.Contains(string(env), "PASSWORD=canary-before\n") || !strings.Contains(string(env), "TOKEN=canary-variable\n") || strings.Contains(string(env), "ACME_TOKEN") {
		t.Errorf("the engine was given %q (%v)", env, err)
	}
	if s.lives != 2 {
		t.Errorf("the bot had %d lives; want 2", s.lives)
	}
	for _, event := range s.gh.Events() {
		if strings.Contains(event.Body, "canary") {
			t.Errorf("GitHub shows %s", event.Body)
		}
	}
	kept := false
	err = filepath.WalkDir(s.data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if at := strings.Index(string(text), "canary"); at >= 0 {
			t.Errorf("it is in %s: …%q…", path, text[max(0, at-100):min(len(text), at+100)])
		}
		kept = kept || strings.Contains(string(text), "left behind with [redacted] and [redacted]")
		return err
	})
	if err != nil || !kept {
		t.Errorf("what the engine said when the bot was gone is nowhere, so the search proves nothing (%v)", err)
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
