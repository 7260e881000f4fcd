package web_test

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-github/v60/github"
)

var screenshots = flag.String("screenshots", "", "a folder for screenshots of the pages")

// browser starts a real one, or skips the test.
func browser(t *testing.T, width, height int) context.Context {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		t.Skip("no chromium on the PATH: the page is not tried in a real browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.WindowSize(width, height), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

type step = chromedp.Action[chromedp.Void]

func click(selector string) step   { return chromedp.Click(chromedp.CSS(selector)) }
func visible(selector string) step { return chromedp.WaitVisible(chromedp.CSS(selector)) }

// holds waits until the expression is true.
func holds(expression string) step {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Poll[bool](expression)(ctx, target)
		return chromedp.Void{}, err
	}
}

// shows waits until what the selector finds contains the text.
func shows(selector, wanted string) step {
	return holds("!!document.querySelector(`" + selector + "`)?.innerText.includes(`" + wanted + "`)")
}

// picture takes a screenshot if the test is asked to.
func picture(name string) step {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		if *screenshots == "" {
			return chromedp.Void{}, nil
		}
		png, err := chromedp.FullScreenshot(100)(ctx, target)
		if err != nil {
			return chromedp.Void{}, err
		}
		return chromedp.Void{}, os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o644)
	}
}

// A reader reviews, merges and commands in a real browser, and sees what the App
// does without loading the page again.
func TestInBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := browser(t, 1200, 900)
	w.checks("success")
	comment := w.says(golden(t, "testdata/preview.md"))
	if err := chromedp.Do(ctx,
		chromedp.Navigate(w.URL()),
		visible(`#pulls a.strong`), picture("repository"),
		chromedp.Navigate(w.URL()+"/acme/infra/pull/1"),
		shows("#live-timeline", "trunkline[bot]"),
		// What is unfolded and typed stays while the page changes.
		click(`#live-timeline details summary`),
		chromedp.SendKeys(chromedp.CSS(`#comment`), "/promote staging"),
		picture("pull"),
		click(`#review summary`), click(`#review-form button`),
		shows("#live-timeline", "approved"),
		click(`#merge-form button`),
		shows("#live-merge", "Merged as"),
	); err != nil {
		t.Fatal(err)
	}
	merged, err := w.Pull(infra, 1)
	if err != nil {
		t.Fatal(err)
	}
	edited := "Now it is **edited**.\n\n<details>\n<summary>still open</summary>\n\ninside\n\n</details>"
	if _, _, err := w.client.Issues.EditComment(ctx, "acme", "infra", comment, &github.IssueComment{Body: &edited}); err != nil {
		t.Fatal(err)
	}
	w.deploys("dev", merged.MergeSHA, "success", "all of 2 applied")
	if err := chromedp.Do(ctx,
		shows("#live-timeline", "Now it is edited"),
		shows("#live-side", "success"),
		holds(`document.querySelector("#live-timeline details").open`),
		holds(`document.querySelector("#comment").value === "/promote staging"`),
		click(`#comment-form button`),
		shows("#live-timeline", "/promote staging"),
		holds(`document.querySelector("#comment").value === ""`),
		picture("merged"),
		chromedp.Navigate(w.URL()+"/acme/infra/pull/1/files"), visible(".diff"), picture("files"),
		chromedp.Navigate(w.URL()+"/acme/infra/new"), visible("#path-field"),
		chromedp.SetValue(chromedp.CSS("#path-field"), "environments/dev/network.json"),
		holds(`htmx.trigger("#path-field", "change") || true`),
		holds(`document.querySelector("#content-field").value.includes("zones")`),
		picture("new"),
	); err != nil {
		t.Fatal(err)
	}
	view, err := w.Pull(infra, 1)
	if err != nil {
		t.Fatal(err)
	}
	if said := view.Comments("carol"); len(said) != 1 || strings.TrimSpace(said[0].Body) != "/promote staging" {
		t.Errorf("carol's comments: %+v", said)
	}
}

// On a phone nothing is wider than the screen.
func TestOnPhone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.says(golden(t, "testdata/preview.md"))
	ctx := browser(t, 390, 844)
	for _, path := range []string{"/acme/infra", "/acme/infra/pull/1", "/acme/infra/pull/1/files", "/acme/infra/new"} {
		if err := chromedp.Do(ctx,
			chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile), chromedp.Navigate(w.URL()+path), visible("main"),
			picture("phone"+strings.ReplaceAll(path, "/", "-")),
		); err != nil {
			t.Fatal(err)
		}
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth`))
		if err != nil {
			t.Fatal(err)
		}
		if wide > 390 {
			t.Errorf("%s is %d pixels wide on a screen of 390", path, wide)
		}
	}
}
