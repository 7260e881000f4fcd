package bot

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/logs"
	"github.com/trunkline/trunkline/promote/store"
)

// talkative plans what it is told to.
const talkative = `version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine: {plan: cat content, apply: "cat content"}
environments:
  dev: {promote: auto}
`

// deployedWith is a world at a public address in which a commit with this content was deployed to dev.
func deployedWith(t *testing.T, content string, private bool) (w *world, link string) {
	t.Helper()
	w = newWorldOf(t, githubsim.RepositoryOptions{Private: private, Files: map[string]string{
		".github/trunkline.yml": talkative, "environments/dev/app/content": "before\n"}}, setup{public: "https://trunkline.example/"})
	if _, err := w.gh.As("alice").Push(project, "main", "change", map[string]*string{"environments/dev/app/content": &content}); err != nil {
		t.Fatal(err)
	}
	w.settle()
	return w, w.logLinkOf("dev")
}

// The page shows what was said as text, whatever it looks like, and neither loads nor tells anything.
func TestLogPage(t *testing.T) {
	t.Parallel()
	w, link := deployedWith(t, "<script>alert(1)</script>\x1b[2J ghs_16C7e42F292c6912E7710c838347Ae178B4a\n"+strings.Repeat("a long line of noise\n", 4000)+"</pre><b>end\n", true)
	answer, err := http.Get(strings.Replace(link, w.public, w.server.URL+"/", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	page := string(body)
	for _, want := range []string{"acme/infrastructure: dev", "plan dev/app", "apply dev/app", "&lt;/pre&gt;&lt;b&gt;end", `<a href="?step=2">The whole step</a>`, "succeeded"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	for _, never := range []string{"<script", "</pre><b>", "ghs_16C7", "\x1b", `http-equiv="refresh"`, w.data} {
		if strings.Contains(page, never) {
			t.Errorf("the page holds %q", never)
		}
	}
	_, style, _ := strings.Cut(page, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	digest := sha256.Sum256([]byte(style))
	if allowed := "'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'"; !strings.Contains(answer.Header.Get("Content-Security-Policy"), allowed) {
		t.Error("the page's own style is not allowed")
	}
	if len(page) > 3*pageOfStep {
		t.Errorf("the page has %d bytes", len(page))
	}
	for name, want := range map[string]string{"Content-Security-Policy": "default-src 'none'; style-src 'sha256-", "Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex", "Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8"} {
		if got := answer.Header.Get(name); !strings.HasPrefix(got, want) {
			t.Errorf("%s is %q", name, got)
		}
	}
	if _, one := w.get(link + "?step=2"); !strings.Contains(one, "&lt;script&gt;alert(1)&lt;/script&gt; [redacted]") || strings.Contains(one, "plan dev/app") {
		t.Errorf("the step's page is %.2000s", one)
	}
	if _, raw := w.get(link + "?raw&step=2"); !strings.Contains(raw, "\n<script>alert(1)</script> [redacted]\na long line") || !strings.Contains(raw, "</pre><b>end\n") {
		t.Errorf("the step's text is %.2000s", raw)
	}
}

// Everything that is not the link leads nowhere, and tells nothing.
func TestLogsAreForThoseWithALink(t *testing.T) {
	t.Parallel()
	w, link := deployedWith(t, "x\n", true)
	missing, _ := w.get(w.public + "logs/999/AAAA")
	token := link[strings.LastIndexByte(link, '/')+1:]
	otherToken := strings.Map(func(r rune) rune {
		if r == 'A' {
			return 'B'
		}
		return 'A'
	}, token)
	for _, address := range []string{"logs/1/" + otherToken, "logs/1/" + token[:42], "logs/1/" + token + "A", "logs/2/" + token, "logs/01/" + otherToken, "logs/x/" + token,
		"logs/1/", "logs/1", "logs/", "logs/1/" + token + "?step=99", "logs/9223372036854775808/" + token} {
		if status, text := w.get(w.public + address); status != missing || status != http.StatusNotFound || text != "404 page not found\n" {
			t.Errorf("%s: %d %q", address, status, text)
		}
	}
	if status, _ := w.get(link); status != http.StatusOK {
		t.Errorf("the link itself: %d", status)
	}
	answer, err := http.Post(strings.Replace(link, w.public, w.server.URL+"/", 1), "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", answer.Status)
	}
}

// On a public repository everybody could read the log of production.
func TestPublicRepositoriesHaveNoLinks(t *testing.T) {
	t.Parallel()
	w, link := deployedWith(t, "x\n", false)
	if link != "" {
		t.Errorf("there is a link: %s", link)
	}
	if steps, err := w.bot.logs.Steps(logs.Key{Repository: w.id(), Deployment: 1}); err != nil || len(steps) == 0 {
		t.Errorf("the log itself is %v, %v", steps, err)
	}
}

// id of the repository.
func (w *world) id() (id int64) {
	w.t.Helper()
	err := w.store.Read(w.t.Context(), func(tx *store.Tx) error {
		found, err := tx.FindRepository("")
		id = found.ID
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// Logs go when they are as old as the operator said, and so does what a killed Trunkline left without redacting it. Those of
// a deployment that is under way stay.
func TestOldLogsGo(t *testing.T) {
	t.Parallel()
	w, link := deployedWith(t, "x\n", true)
	left := filepath.Join(w.data, "scratch", "7", "deployments", "dev-app", "logs", "apply.log")
	plan := filepath.Join(filepath.Dir(filepath.Dir(left)), "plan.txt")
	for _, file := range []string{left, plan} {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("token"), 0o600); err != nil {
			t.Fatal(err)
		}
		long := time.Now().Add(-unreadFor - time.Hour)
		if err := os.Chtimes(file, long, long); err != nil {
			t.Fatal(err)
		}
	}
	w.now.goOn(89 * 24 * time.Hour)
	w.bot.tidyLogs(t.Context())
	if status, text := w.get(link); status != http.StatusOK || !strings.Contains(text, "apply dev/app") {
		t.Errorf("before its time: %d %s", status, text)
	}
	w.now.goOn(48 * time.Hour)
	w.bot.tidyLogs(t.Context())
	if status, text := w.get(link); status != http.StatusOK || !strings.Contains(text, "Nothing is kept of it") {
		t.Errorf("after its time: %d %s", status, text)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what was left behind stays: %v", err)
	}
	if _, err := os.Stat(plan); err != nil {
		t.Errorf("a plan is gone: %v", err)
	}
}

// The newest deployments of each environment are kept.
func TestPastDeployments(t *testing.T) {
	t.Parallel()
	w, _ := deployedWith(t, "x\n", true)
	for _, content := range []string{"y\n", "z\n"} {
		if _, err := w.gh.As("alice").Push(project, "main", "change", map[string]*string{"environments/dev/app/content": &content}); err != nil {
			t.Fatal(err)
		}
		w.settle()
	}
	id := w.id()
	err := w.store.Read(t.Context(), func(tx *store.Tx) error {
		past, err := tx.PastDeployments(id, time.Time{}, 2)
		if err == nil && (len(past) != 1 || past[0] != 1) {
			t.Errorf("past are %v", past)
		}
		last, err := tx.LastDeployments(id, 2)
		if err == nil && (len(last) != 2 || last[0].ID != 3 || last[0].Phase != promote.Succeeded) {
			t.Errorf("the last are %+v", last)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
