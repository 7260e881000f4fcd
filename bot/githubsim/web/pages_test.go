package web_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pull, err := w.Pull(infra, w.number)
	if err != nil {
		t.Fatal(err)
	}
	run := w.checks("success")
	w.says("**Merging changes dev.**\n\n| component | dev |\n|:--|:--|\n| `network` | `~1` |\n\n<details>\n<summary>`network`</summary>\n\n```diff\n- a <b>\n+ c\n```\n\n</details>\n")
	w.deploys("dev", pull.HeadSHA, "in_progress", "1 of 2 applied")

	w.shows("/", "acme/infra", "The engine is terraform.")
	w.shows("/acme/infra", "Add a zone", "environments/dev/network.json", "in progress", "1 of 2 applied", "zones", "mallory", "{&#34;zones&#34;: 1}")
	w.shows("/acme/infra/pull/1",
		"For the <em>new</em> load", `<a href="/acme/infra/pull/1">#1</a>`, `<span class="mention">@bob</span>`,
		"<strong>Merging changes dev.</strong>", `<th align="left">component</th>`, "<details>", "trunkline[bot]",
		`<span class="removed">- a &lt;b&gt;`, `<span class="added">+ c`, "3 to change", "no conflict", "Merge</button>",
		"Push a commit to <code>zones</code>", "{&#34;zones&#34;: 3}")
	w.shows("/acme/infra/pull/1/files", "environments/dev/network.json", `<span class="added">&#43;{&#34;zones&#34;: 3}`)
	w.shows("/acme/infra/deployments", "dev", "1 of 2 applied")
	w.shows("/acme/infra/blob/main/environments/dev/network.json", "{&#34;zones&#34;: 2}")
	w.shows("/acme/infra/commit/"+pull.HeadSHA, "Add a zone", `<span class="removed">-{&#34;zones&#34;: 2}`)
	w.shows("/acme/infra/compare/"+pull.BaseSHA+"..."+pull.HeadSHA, `<span class="added">&#43;{&#34;zones&#34;: 3}`)
	w.shows(fmt.Sprintf("/acme/infra/runs/%d", run), "All <em>well</em>.", "Run again")
	w.shows("/acme/infra/new?path=environments/dev/network.json", "{&#34;zones&#34;: 2}", "Open the pull request")
	w.shows("/acme/infra/editor?ref=zones&path=README.md", "# Acme")
	for _, asset := range []string{"style.css", "page.js", "htmx.min.js", "sse.min.js", "idiomorph-ext.min.js"} {
		if status, _ := w.get("/assets/" + asset); status != http.StatusOK {
			t.Errorf("asset %s: %d", asset, status)
		}
	}
	for _, path := range []string{"/acme/nothing", "/acme/infra/pull/9", "/acme/infra/pull/x", "/acme/infra/runs/1", "/acme/infra/commit/ffff", "/acme/infra/blob/main/no"} {
		if status, _ := w.get(path); status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, status)
		}
	}
}

func TestPeopleAct(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	done := func(path string, fields map[string]string) {
		t.Helper()
		if status, text := w.post(path, fields); status != http.StatusNoContent {
			t.Fatalf("%s %v: %d %s", path, fields, status, text)
		}
	}
	refused := func(path string, fields map[string]string, reason string) {
		t.Helper()
		if status, text := w.post(path, fields); status != http.StatusUnprocessableEntity || !strings.Contains(text, reason) {
			t.Fatalf("%s %v: %d %q, want a refusal with %q", path, fields, status, text, reason)
		}
	}
	const pull = "/acme/infra/pull/1"
	done(pull+"/comment", map[string]string{"as": "mallory", "body": "/promote\r\nprod"})
	refused(pull+"/comment", map[string]string{"as": "mallory", "body": " "}, "Write something first")
	refused(pull+"/comment", map[string]string{"as": "nobody", "body": "hello"}, "as whom")
	refused(pull+"/merge", map[string]string{"as": "mallory", "method": "merge"}, "Must have write access")
	refused(pull+"/review", map[string]string{"as": "alice", "verdict": "approve"}, "your own pull request")
	refused(pull+"/review", map[string]string{"as": "bob", "verdict": "comment"}, "needs a text")
	done(pull+"/review", map[string]string{"as": "bob", "verdict": "approve"})
	done(pull+"/state", map[string]string{"as": "alice", "state": "draft"})
	done(pull+"/state", map[string]string{"as": "alice", "state": "ready"})
	done(pull+"/state", map[string]string{"as": "alice", "state": "close"})
	done(pull+"/state", map[string]string{"as": "alice", "state": "reopen"})
	refused(pull+"/state", map[string]string{"as": "alice", "state": "eat"}, "can be closed")
	refused(pull+"/push", map[string]string{"as": "alice", "path": "environments/dev/network.json", "content": "{\"zones\": 3}\n"}, "Nothing has changed")
	refused(pull+"/push", map[string]string{"as": "mallory", "path": "<b>", "content": "x"}, "Must have write access")
	done(pull+"/push", map[string]string{"as": "alice", "path": "environments/dev/network.json", "content": "{\"zones\": 4}\n"})
	done(pull+"/merge", map[string]string{"as": "bob", "method": "squash"})
	refused(pull+"/push", map[string]string{"as": "alice", "path": "README.md", "content": "x"}, "is merged")

	view, err := w.Pull(infra, 1)
	if err != nil {
		t.Fatal(err)
	}
	if view.State != "merged" || view.Comments("mallory")[0].Body != "/promote\nprod" {
		t.Errorf("after all: %+v", view)
	}
	if text, err := w.File(infra, view.MergeSHA, "environments/dev/network.json"); err != nil || text != "{\"zones\": 4}\n" {
		t.Errorf("merged file: %q %v", text, err)
	}
}

func TestProposal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fields := map[string]string{"as": "alice", "title": "Say hello, Acme!", "path": "README.md", "content": "# Hello\n", "body": "why"}
	for want := 2; want <= 3; want++ {
		if status, text := w.post("/acme/infra/pulls", fields); status != http.StatusNoContent {
			t.Fatalf("%d %s", status, text)
		}
		view, err := w.Pull(infra, want)
		if err != nil {
			t.Fatal(err)
		}
		branch := map[int]string{2: "say-hello-acme", 3: "say-hello-acme-2"}[want]
		if view.HeadBranch != branch || view.Title != "Say hello, Acme!" || view.Body != "why" {
			t.Errorf("pull request: %+v", view)
		}
	}
}

// The page is told of what happens, whoever does it.
func TestLive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	response, err := http.Get(w.URL() + "/acme/infra/live")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	next := func() {
		t.Helper()
		for lines.Scan() {
			if lines.Text() == "event: changed" {
				return
			}
		}
		t.Fatal("the stream has ended")
	}
	next() // the greeting
	next() // what happened before
	w.says("hello")
	next()
}

// Pages of other sites can neither read nor act.
func TestOnlyLocal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, change := range map[string]func(*http.Request){
		"another name":   func(r *http.Request) { r.Host = "evil.example" },
		"another origin": func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
		"another site":   func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
	} {
		request, err := http.NewRequest(http.MethodPost, w.URL()+"/acme/infra/pull/1/comment", strings.NewReader("as=alice&body=hello"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		change(request)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode/100 != 4 {
			t.Errorf("%s: %d", name, response.StatusCode)
		}
	}
	if view, _ := w.Pull(infra, 1); len(view.Comments("")) != 0 {
		t.Error("a foreign page has commented")
	}
}

// What people write cannot become a script or a form.
func TestHostileText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.As("mallory").Comment(infra, 1, `<script>alert(1)</script><a href="javascript:alert(1)">x</a>`+
		"\n[y](javascript:alert(1)) <img src=x onerror=alert(1)> <details open hx-get=\"/evil\" onclick=\"x()\"><summary>s</summary>t</details>"+
		"\n```\"><script>alert(2)</script>\nz\n```\n<form action=\"/evil\"><button>b</button></form> <span class=\"badge\">q</span>"); err != nil {
		t.Fatal(err)
	}
	_, text := w.get("/acme/infra/pull/1")
	for _, bad := range []string{"alert(1)</script>", "javascript:", "onerror", "/evil", "onclick", "<img", `<span class="badge">q`} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if !strings.Contains(text, "<summary>s</summary>") {
		t.Error("the page has lost what is harmless")
	}
}
