package bot

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/deploy"
)

func TestSealed(t *testing.T) {
	t.Parallel()
	var app config.Operator
	app.GitHub.App.WebhookSecret = "hush"
	path := filepath.Join(t.TempDir(), "given", "dev")
	file, err := (&Bot{settings: app}).sealedAt(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ add, want []string }{
		{[]string{"canary one"}, []string{"canary one"}},
		{[]string{"canary two", "canary one"}, []string{"canary one", "canary two"}},
	} {
		if got, err := file.add(test.add); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("got %q, %v; want %q", got, err, test.want)
		}
	}
	content, err := os.ReadFile(path)
	if err != nil || bytes.Contains(content, []byte("canary")) {
		t.Errorf("the file is open to everybody (%v)", err)
	}
	app.GitHub.App.WebhookSecret = "another"
	if other, err := (&Bot{settings: app}).sealedAt(path); err != nil {
		t.Error(err)
	} else if values, err := other.read(); err == nil {
		t.Errorf("another App reads %q", values)
	} else if got, err := other.add([]string{"three"}); err != nil || len(got) != 1 {
		t.Errorf("got %q, %v", got, err)
	}
	if err := file.remove(); err != nil {
		t.Error(err)
	}
	if values, err := file.read(); err != nil || values != nil {
		t.Errorf("removed: %q, %v", values, err)
	}
}

// TestSecretsAreHiddenFromAnotherProcess: a Trunkline that was killed left values behind that were rotated since.
func TestSecretsAreHiddenFromAnotherProcess(t *testing.T) {
	t.Parallel()
	s := newSecretly(t, executable(tattling))
	check := func(value, want string) {
		t.Helper()
		if got := s.bot.redactor.Redact(value); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if _, err := s.bot.CheckOut(t.Context(), deploy.Wanted{Repository: s.repositoryID(), Environment: "dev", SHA: s.newest().SHA}); err != nil { // and killed
		t.Fatal(err)
	}
	s.keep(s.password, "rotated-canary")
	s.restart()
	check(canary, canary)
	target, err := s.bot.CheckOut(t.Context(), deploy.Wanted{Repository: s.repositoryID(), Environment: "dev", SHA: s.newest().SHA})
	s.try(err)
	check(canary+" "+"rotated-canary", "[redacted] [redacted]")
	target.Release()
	if left, err := os.ReadDir(filepath.Join(target.Place.Scratch, "given")); err != nil || len(left) > 0 {
		t.Errorf("left are %v (%v)", left, err)
	}
}
