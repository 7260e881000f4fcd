package bot

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/deploy"
	"github.com/trunkline/trunkline/promote/store"
)

// tattling is a repository whose engine tells all that it is given, in every way it knows, and writes down what its
// processes see. Its check does the same, and fails while there is a file unhealthy.
var tattling = map[string]string{
	".github/trunkline.yml": `
version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine:
    plan: ./tell.sh plan; cmp -s content "$DEPLOYED/$TRUNKLINE_ENVIRONMENT" || cat content
    apply: ./tell.sh apply; cp content "$DEPLOYED/$TRUNKLINE_ENVIRONMENT"; test ! -e "$DEPLOYED/broken"
environments:
  dev:
    promote: auto
    variables: {REGION: eu-central-1}
    secrets: [DB_PASSWORD, {name: TF_VAR_token, from: acme-token}]
    verify:
      - name: smoke
        run: cd environments/dev/app && ./tell.sh check && test ! -e "$DEPLOYED/unhealthy"
      - name: nightly
        run: cd environments/dev/app && ./tell.sh nightly
        schedule: "0 2 * * *"
  staging:
    variables: {REGION: eu-west-1}
  prod:
    secrets: [{name: DB_PASSWORD, from: prod-password}]
`,
	"environments/dev/app/content":     "1\n",
	"environments/staging/app/content": "1\n",
	"environments/prod/app/content":    "1\n",
	"environments/dev/app/tell.sh":     tattlingScript,
	"environments/staging/app/tell.sh": tattlingScript,
	"environments/prod/app/tell.sh":    tattlingScript,
}

const tattlingScript = `#!/bin/sh
env | sort > "$DEPLOYED/env-$1-$TRUNKLINE_ENVIRONMENT-$TRUNKLINE_COMMIT"
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' >> "$DEPLOYED/cmdlines"
for out in 1 2; do
  {
    echo "password=$DB_PASSWORD token=$TF_VAR_token"
    printf %s "$DB_PASSWORD" | base64
    echo "user:$DB_PASSWORD" | base64
    echo "$TF_VAR_token" | base64 -w0; echo
    printf %s "$DB_PASSWORD" | od -An -v -tx1 | tr -d ' \n'; echo
    echo "$TF_VAR_token" | while read -r line; do echo "  + $line"; done
    set -x; : "$DB_PASSWORD"; set +x
  } >&$out 2>&1
done
echo "$DB_PASSWORD" > "$HOME/kept"; echo "$TF_VAR_token" > "$TMPDIR/kept"
`

// executable makes the scripts of a repository executable: pushes know contents alone, so the engine calls sh.
func executable(files map[string]string) map[string]string {
	all := map[string]string{}
	for path, text := range files {
		all[path] = strings.ReplaceAll(text, "./tell.sh", "sh ./tell.sh")
	}
	return all
}

// secretly is a world with the operator's secrets, in which everything that leaves the bot is kept.
type secretly struct {
	*world
	password, prod string // files
	mu             sync.Mutex
	sent, logged   bytes.Buffer
}

// Write keeps a line of the log.
func (s *secretly) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logged.Write(line)
}

func newSecretly(t *testing.T, files map[string]string) *secretly {
	t.Helper()
	dir := t.TempDir()
	s := &secretly{password: filepath.Join(dir, "password"), prod: filepath.Join(dir, "prod")}
	s.keep(s.password, canary)
	s.keep(s.prod, "pr0d-canary-9")
	s.world = newWorldOf(t, githubsim.RepositoryOptions{Files: files, Private: true}, setup{logs: s, operator: func(_ *world, o *config.Operator) {
		o.Secrets = config.SecretSources{"Acme/Infrastructure": {
			"dev":  {"DB_PASSWORD": {File: s.password}, "acme-token": {Command: []string{"printf", `%s\n%s\n`, "first-canary-line", "second-canary-line"}}},
			"prod": {"prod-password": {File: s.prod}},
		}}
		o.GitHub.APIURL = s.recorded(t, o.GitHub.APIURL)
	}})
	return s
}

const canary = `c4nary p&ss/wörd+'"<1>`

func (s *secretly) keep(file, value string) {
	if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
		panic(err)
	}
}

// recorded is the address of something that keeps what it hands on to GitHub.
func (s *secretly) recorded(t *testing.T, api string) string {
	to, err := url.Parse(strings.TrimSuffix(api, "/api/v3/"))
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		s.sent.Write(body)
		s.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/api/v3/"
}

// nowhere fails the test where a value is in something that left the bot, or that it left on its disk.
func (s *secretly) nowhere(values ...string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	places := map[string][]byte{"what GitHub was sent": s.sent.Bytes(), "the log": s.logged.Bytes()}
	for _, root := range []string{s.data, filepath.Dir(s.deployed)} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || strings.HasPrefix(path, s.deployed) && filepath.Base(path) != "cmdlines" ||
				path == s.password || path == s.prod {
				return err
			}
			places[path], err = os.ReadFile(path)
			return err
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	for _, value := range values {
		inJSON, _ := json.Marshal(value)
		escaped := string(inJSON[1 : len(inJSON)-1])
		for _, form := range append([]string{value, url.QueryEscape(value), escaped, hex.EncodeToString([]byte(value)),
			base64.StdEncoding.EncodeToString([]byte(value))[:len(value)]}, strings.Split(value, "\n")...) {
			for place, content := range places {
				if at := bytes.Index(content, []byte(form)); at >= 0 {
					s.t.Errorf("%q is in %s: …%s…", form, place, content[max(0, at-60):min(len(content), at+60)])
				}
			}
		}
	}
}

// given are the variables that a step had in an environment at a commit; nil where it never ran there.
func (s *secretly) given(step, environment, commit string) []string {
	text, err := s.read("env-" + step + "-" + environment + "-" + commit)
	if err != nil {
		return nil
	}
	return strings.Split(text, "\n")
}

// has tells whether a variable is among them, whatever it is.
func has(variables []string, name string) bool {
	return slices.ContainsFunc(variables, func(variable string) bool { return strings.HasPrefix(variable, name+"=") })
}

func TestSecretsStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	s := newSecretly(t, executable(tattling))
	alice, bob, carol := s.gh.As("alice"), s.gh.As("bob"), s.gh.As("carol")
	s.try(os.WriteFile(filepath.Join(s.deployed, "unhealthy"), nil, 0o600))
	_, err := alice.Push(project, "change", "Change all", contents("2\n"))
	s.try(err)
	number, err := alice.OpenPull(project, "change", "Change all", "", githubsim.OpenOptions{})
	s.try(err)
	s.settle()
	files, err := filepath.Glob(filepath.Join(s.deployed, "env-*"))
	s.try(err)
	if len(files) != 3 {
		t.Errorf("the preview ran %d plans; want 3", len(files))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		s.try(err)
		variables := strings.Split(string(text), "\n")
		if has(variables, "DB_PASSWORD") || has(variables, "TF_VAR_token") {
			t.Errorf("a preview was given secrets: %s", filepath.Base(file))
		}
		if has(variables, "REGION") == strings.Contains(file, "-prod-") {
			t.Errorf("a preview was not given the variables of its environment: %s", filepath.Base(file))
		}
	}
	merge, err := bob.Merge(project, number, "merge")
	s.try(err)
	s.settle()
	if dev := s.given("apply", "dev", merge); !slices.Contains(dev, "DB_PASSWORD="+canary) || !slices.Contains(dev, "TF_VAR_token=first-canary-line") || !slices.Contains(dev, "REGION=eu-central-1") {
		t.Errorf("dev was given %q", dev)
	}
	if check := s.given("check", "dev", merge); !slices.Contains(check, "DB_PASSWORD="+canary) || !slices.Contains(check, "REGION=eu-central-1") {
		t.Errorf("the check was given %q", check)
	}
	const token = "first-canary-line\nsecond-canary-line"
	s.nowhere(canary, token)

	s.keep(s.password, "rotated-canary")
	s.try(os.Remove(filepath.Join(s.deployed, "unhealthy")))
	_, err = carol.Comment(project, number, "/retry dev")
	s.try(err)
	s.settle()
	if check := s.given("check", "dev", merge); !slices.Contains(check, "DB_PASSWORD=rotated-canary") {
		t.Errorf("after it was rotated the check was given %q", check)
	}
	s.now.goOn(24 * time.Hour)
	s.settle()
	if nightly := s.given("nightly", "dev", merge); !slices.Contains(nightly, "DB_PASSWORD=rotated-canary") {
		t.Errorf("the scheduled check was given %q", nightly)
	}
	for _, environment := range []string{"staging", "prod"} {
		_, err = carol.Comment(project, number, "/promote "+environment)
		s.try(err)
		s.settle()
	}
	if staging := s.given("apply", "staging", merge); staging == nil || has(staging, "DB_PASSWORD") {
		t.Errorf("staging, which has no secrets, was given %q", staging)
	}
	if prod := s.given("apply", "prod", merge); !slices.Contains(prod, "DB_PASSWORD=pr0d-canary-9") || has(prod, "TF_VAR_token") {
		t.Errorf("prod was given %q", prod)
	}
	if prod := s.given("plan", "prod", merge); !slices.Contains(prod, "DB_PASSWORD=pr0d-canary-9") {
		t.Errorf("the plan of prod was given %q", prod)
	}
	s.nowhere(canary, token, "rotated-canary", "pr0d-canary-9")
	s.mu.Lock()
	shown := strings.Contains(s.sent.String(), "password=[redacted] token=[redacted]")
	s.mu.Unlock()
	if !shown {
		t.Error("nothing of what the engine and the check say was shown, so the search proves nothing")
	}
	if cmdlines, err := s.read("cmdlines"); err != nil || !strings.Contains(cmdlines, "tell.sh") {
		t.Errorf("the process list was not looked at: %v", err)
	}
}

// TestSecretsAreForTrunk asks for what is checked out for a deployment, at commits that nobody merged.
func TestSecretsAreForTrunk(t *testing.T) {
	t.Parallel()
	s := newSecretly(t, executable(tattling))
	sha, err := s.gh.As("alice").Push(project, "change", "Change all", contents("2\n"))
	s.try(err)
	_, err = s.gh.As("alice").OpenPull(project, "change", "Change all", "", githubsim.OpenOptions{})
	s.try(err)
	s.settle()
	if target, err := s.bot.CheckOut(t.Context(), deploy.Wanted{Repository: s.repositoryID(), Environment: "dev", SHA: sha}); err == nil || !strings.Contains(err.Error(), "is not a commit of main, and the secrets of dev are given to nothing else") {
		t.Errorf("got %v, %v", target, err)
	}
	target, err := s.bot.CheckOut(t.Context(), deploy.Wanted{Repository: s.repositoryID(), Environment: "dev", SHA: s.newest().SHA})
	s.try(err)
	defer target.Release()
	if target.Planner.Env["DB_PASSWORD"] != canary {
		t.Errorf("the tip of trunk is given %v", slices.Sorted(maps.Keys(target.Planner.Env)))
	}
}

// TestSecretsOfARenamedRepository: whoever takes a repository's name does not take its secrets, and who loses the name
// loses them.
func TestSecretsOfARenamedRepository(t *testing.T) {
	t.Parallel()
	s := newSecretly(t, executable(tattling))
	tip := s.newest().SHA
	target, err := s.bot.CheckOut(t.Context(), deploy.Wanted{Repository: s.repositoryID(), Environment: "dev", SHA: tip})
	s.try(err)
	target.Release()
	other := store.Repository{ID: s.repositoryID() + 1, Owner: "acme", Name: "infrastructure", Trunk: "main"}
	s.try(s.store.Write(t.Context(), func(tx *store.Tx) error {
		return errors.Join(tx.SaveRepository(other), tx.Advance(store.Advance{Repository: other.ID, Tip: tip, Commits: []promote.Commit{{SHA: tip}}}))
	}))
	rules := config.Environment{Name: "dev", Secrets: []config.SecretName{{Name: "DB_PASSWORD", From: "DB_PASSWORD"}}}
	if _, err := s.bot.equip(t.Context(), other, rules, tip); err == nil || !strings.Contains(err.Error(), "when it was first given secrets") {
		t.Errorf("another repository of that name: %v", err)
	}
	other.ID, other.Name = s.repositoryID(), "renamed"
	if _, err := s.bot.equip(t.Context(), other, rules, tip); err == nil || !strings.Contains(err.Error(), "no secret DB_PASSWORD for acme/renamed") {
		t.Errorf("renamed: %v", err)
	}
}

// TestPreviewsHideSecrets: a preview is not given the secrets, but what runs holds one, and a plan shows what runs.
func TestPreviewsHideSecrets(t *testing.T) {
	t.Parallel()
	files := executable(tattling)
	files[".github/trunkline.yml"] = strings.ReplaceAll(files[".github/trunkline.yml"], "|| cat content", `|| { cat "$DEPLOYED-runs"; cat content; }`)
	s := newSecretly(t, files)
	s.try(os.WriteFile(s.deployed+"-runs", []byte("- "+canary+" pr0d-canary-9 and what is no secret\n"), 0o600))
	_, err := s.gh.As("alice").Push(project, "change", "Change all", contents("2\n"))
	s.try(err)
	number, err := s.gh.As("alice").OpenPull(project, "change", "Change all", "", githubsim.OpenOptions{})
	s.try(err)
	s.settle()
	if preview := s.preview(number); !strings.Contains(preview, "[redacted] [redacted] and what is no secret") {
		t.Errorf("the preview says\n%s", preview)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, value := range []string{canary, "pr0d-canary-9"} {
		if strings.Contains(s.sent.String(), value) || strings.Contains(s.logged.String(), value) {
			t.Errorf("%q was sent or logged", value)
		}
	}
}
