package secrets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/redact"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reader reads from the sources, for acme/infra, which is repository 7.
func reader(sources map[string]config.SecretSource) (*Reader, *redact.Redactor) {
	redactor, owners := redact.New(), map[string]int64{}
	var asked sync.Mutex // several secrets are read at a time
	return &Reader{Sources: config.SecretSources{"acme/infra": {"prod": sources}}, Hide: redactor.Hide,
		Lookup: func(name string) (string, bool) { return "of the variable " + name, name == "ACME_DB" },
		Owner: func(_ context.Context, name string, repository int64) (int64, error) {
			asked.Lock()
			defer asked.Unlock()
			if owners[name] == 0 {
				owners[name] = repository
			}
			return owners[name], nil
		}}, redactor
}

func sh(line string) config.SecretSource {
	return config.SecretSource{Command: []string{"sh", "-c", line}}
}

func named(names ...string) (all []config.SecretName) {
	for _, name := range names {
		all = append(all, config.SecretName{Name: strings.ToUpper(name), From: name})
	}
	return all
}

var prod = Place{Repository: 7, Name: "acme/infra", Environment: "prod"}

func TestRead(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "db")
	write(t, file, "of the file\n\n")
	r, redactor := reader(map[string]config.SecretSource{"file": {File: file}, "variable": {Variable: "ACME_DB"},
		"command": sh(`echo "of $TRUNKLINE_SECRET for $TRUNKLINE_ENVIRONMENT of $TRUNKLINE_REPOSITORY $TRUNKLINE_REPOSITORY_ID"; echo said >&2`)})
	given, err := r.Read(t.Context(), prod, named("file", "variable", "command"))
	if err != nil {
		t.Fatal(err)
	}
	defer given.Release()
	want := map[string]string{"FILE": "of the file\n", "VARIABLE": "of the variable ACME_DB", "COMMAND": "of command for prod of acme/infra 7"}
	if diff := cmp.Diff(want, given.Env); diff != "" {
		t.Error(diff)
	}
	for _, value := range want {
		if got := redactor.Redact("it is " + strings.TrimSpace(value)); got != "it is "+redact.Mark {
			t.Errorf("it is not hidden: %q", got)
		}
	}
}

func TestReadAfresh(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "db")
	r, redactor := reader(map[string]config.SecretSource{"db": {File: file}})
	for i := range 3 {
		write(t, file, fmt.Sprintf("password %d\n", i))
		given, err := r.Read(t.Context(), prod, named("db"))
		if err != nil {
			t.Fatal(err)
		}
		defer given.Release()
		if got, want := given.Env["DB"], fmt.Sprintf("password %d", i); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := redactor.Redact("password 0, password 1, password 2"); strings.Contains(got, "password") {
		t.Errorf("an old value is shown: %s", got)
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"empty": "\n", "short": "abc\n", "binary": "canary\xff\xfe", "nul": "canary\x00", "large": strings.Repeat("canary", 20_000), "mark": "redacted"} {
		write(t, filepath.Join(dir, name), text)
	}
	slow := sh("echo canary; sleep 600")
	slow.Timeout = 200 * time.Millisecond
	for name, test := range map[string]struct {
		source config.SecretSource
		want   string
	}{
		"no file":    {config.SecretSource{File: filepath.Join(dir, "canary-path")}, "cannot be read: its file is not there. Whoever runs the server has to mend that"},
		"folder":     {config.SecretSource{File: dir}, "its file is no plain file"},
		"empty":      {config.SecretSource{File: filepath.Join(dir, "empty")}, " is empty"},
		"short":      {config.SecretSource{File: filepath.Join(dir, "short")}, "fewer than 4 characters"},
		"mark":       {config.SecretSource{File: filepath.Join(dir, "mark")}, "which is shown in place of secrets"},
		"binary":     {config.SecretSource{File: filepath.Join(dir, "binary")}, "is not text; keep it in base64"},
		"nul":        {config.SecretSource{File: filepath.Join(dir, "nul")}, "is not text"},
		"large":      {config.SecretSource{File: filepath.Join(dir, "large")}, "more than 65536 bytes"},
		"variable":   {config.SecretSource{Variable: "CANARY"}, "the server was started without its variable"},
		"no program": {config.SecretSource{Command: []string{"canary-program"}}, "the program of its command is not on the server's PATH"},
		"fails":      {sh("echo canary; echo canary >&2; exit 3"), "its command failed with exit code 3"},
		"slow":       {slow, "took longer than it may, and was stopped"},
		"much":       {sh("yes canary"), "printed more than 65536 bytes"},
		"nothing":    {sh("true"), " is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := reader(map[string]config.SecretSource{"db": test.source})
			_, err := r.Read(t.Context(), prod, named("db"))
			if !errors.As(err, new(*Unreadable)) || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "The secret DB (the operator's db) of prod cannot be read") {
				t.Errorf("got %v\nwant something with %q", err, test.want)
			}
			if strings.Contains(strings.ToLower(err.Error()), "canary") || strings.Contains(err.Error(), dir) {
				t.Errorf("it gives something away: %v", err)
			}
		})
	}
}

func TestNobodyElsesSecrets(t *testing.T) {
	t.Parallel()
	r, _ := reader(map[string]config.SecretSource{"db": {Variable: "ACME_DB"}})
	if _, err := r.Read(t.Context(), Place{Repository: 7, Name: "acme/infra", Environment: "dev"}, named("db")); err == nil || !strings.Contains(err.Error(), "no secret db for acme/infra (repository 7) and dev") {
		t.Errorf("another environment: %v", err)
	}
	if _, err := r.Read(t.Context(), Place{Repository: 8, Name: "acme/other", Environment: "prod"}, named("db")); err == nil || !strings.Contains(err.Error(), "no secret db for acme/other") {
		t.Errorf("another repository: %v", err)
	}
	given, err := r.Read(t.Context(), Place{Repository: 7, Name: "Acme/Infra", Environment: "prod"}, named("db"))
	if err != nil {
		t.Fatal(err)
	}
	given.Release()
	// Repository 7 was renamed or removed, and another one has its name now.
	_, err = r.Read(t.Context(), Place{Repository: 9, Name: "acme/infra", Environment: "prod"}, named("db"))
	if want := "acme/infra was repository 7 when it was first given secrets, and is repository 9 now"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v\nwant something with %q", err, want)
	}
	// The one that was renamed has lost the name, too.
	if _, err := r.Read(t.Context(), Place{Repository: 7, Name: "acme/renamed", Environment: "prod"}, named("db")); err == nil {
		t.Error("a name that is not its own any more gives it secrets")
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
