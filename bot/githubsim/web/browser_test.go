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

// picture takes a screenshot if the test is asked to.
func picture(name string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		if *screenshots == "" {
			return nil
		}
		var png []byte
		if err := chromedp.FullScreenshot(&png, 100).Do(ctx); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o644)
	})
}

// A reader reviews, merges and commands in a real browser, and sees what the App
// does without loading the page again.
func TestInBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := browser(t, 1200, 900)
	w.checks("success")
	comment := w.says(golden(t, "testdata/preview.md"))
	text := func(selector, wanted string) chromedp.Action {
		return chromedp.Poll(`(document.querySelector(`+"`"+selector+"`"+`)||{}).innerText?.includes(`+"`"+wanted+"`"+`)`, nil)
	}
	if err := chromedp.Run(ctx,
		chromedp.Navigate(w.URL()),
		chromedp.WaitVisible(`#pulls a.strong`), picture("repository"),
		chromedp.Click(`#pulls a.strong`),
		text("#live-timeline", "trunkline[bot]"),
		// What is unfolded and typed stays while the page changes.
		chromedp.Click(`#live-timeline details summary`),
		chromedp.SendKeys(`#comment`, "/promote staging"),
		picture("pull"),
		chromedp.Click(`#review summary`), chromedp.Click(`#review-form button`),
		text("#live-timeline", "approved"),
		chromedp.Click(`#merge-form button`),
		text("#live-merge", "Merged as"),
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
	var open bool
	var typed string
	if err := chromedp.Run(ctx,
		text("#live-timeline", "Now it is edited"),
		text("#live-side", "success"),
		chromedp.Evaluate(`document.querySelector("#live-timeline details").open`, &open),
		chromedp.Value(`#comment`, &typed),
		chromedp.Click(`#comment-form button`),
		text("#live-timeline", "/promote staging"),
		chromedp.Poll(`document.querySelector("#comment").value === ""`, nil),
		picture("merged"),
		chromedp.Navigate(w.URL()+"/acme/infra/pull/1/files"), chromedp.WaitVisible(".diff"), picture("files"),
		chromedp.Navigate(w.URL()+"/acme/infra/new"), chromedp.WaitVisible("#path-field"),
		chromedp.SetValue("#path-field", "environments/dev/network.json"),
		chromedp.Evaluate(`htmx.trigger("#path-field", "change")`, nil),
		chromedp.Poll(`document.querySelector("#content-field").value.includes("zones")`, nil),
		picture("new"),
	); err != nil {
		t.Fatal(err)
	}
	if !open || typed != "/promote staging" {
		t.Errorf("unfolded: %v, typed: %q", open, typed)
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
	var wide, screen int
	for _, path := range []string{"/acme/infra", "/acme/infra/pull/1", "/acme/infra/pull/1/files", "/acme/infra/new"} {
		if err := chromedp.Run(ctx,
			chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile), chromedp.Navigate(w.URL()+path), chromedp.WaitVisible("main"),
			chromedp.Evaluate(`document.documentElement.scrollWidth`, &wide), chromedp.Evaluate(`window.innerWidth`, &screen),
			picture("phone"+strings.ReplaceAll(path, "/", "-")),
		); err != nil {
			t.Fatal(err)
		}
		if wide > screen {
			t.Errorf("%s is %d pixels wide on a screen of %d", path, wide, screen)
		}
	}
}

