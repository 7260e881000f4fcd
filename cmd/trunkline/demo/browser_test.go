package demo

import (
	"context"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

var pictures = flag.String("pictures", "", "a folder for pictures of the preview and of the rollout, such as ../../../docs/images")

// program builds trunkline, which the demo starts as its bot.
func program(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "trunkline")
	if output, err := exec.Command("go", "build", "-o", file, "..").CombinedOutput(); err != nil {
		t.Fatalf("build trunkline: %v\n%s", err, output)
	}
	return file
}

// browser starts a real one, or skips the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium on the PATH: the demo is not tried in a real browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.WindowSize(1200, 900), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

type step = chromedp.Action[chromedp.Void]

func holds(expression string) step {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Poll[bool](expression)(ctx, target)
		return chromedp.Void{}, err
	}
}

func shows(selector, wanted string) step {
	return holds("!!document.querySelector(`" + selector + "`)?.innerText.includes(`" + wanted + "`)")
}

func says(body string) step {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		if _, err := chromedp.SendKeys(chromedp.CSS("#comment"), body)(ctx, target); err != nil {
			return chromedp.Void{}, err
		}
		return chromedp.Click(chromedp.CSS("#comment-form button"))(ctx, target)
	}
}

// unfold opens the first folded part of the bot's last comment.
func unfold(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
	const folded = `[...document.querySelectorAll("#live-timeline li.app")].pop()?.querySelector("details")`
	if _, err := holds("!!"+folded)(ctx, target); err != nil {
		return chromedp.Void{}, err
	}
	_, err := chromedp.Evaluate[bool](`(`+folded+`).setAttribute("open", "") === undefined`)(ctx, target)
	return chromedp.Void{}, err
}

// picture takes one of the bot's last comment, if the test is asked to.
func picture(name string) step {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		if *pictures == "" {
			return chromedp.Void{}, nil
		}
		id, err := chromedp.Evaluate[string](`[...document.querySelectorAll("#live-timeline li.app")].pop().id`)(ctx, target)
		if err != nil {
			return chromedp.Void{}, err
		}
		png, err := chromedp.Screenshot(chromedp.CSS("#"+id))(ctx, target)
		if err != nil {
			return chromedp.Void{}, err
		}
		return chromedp.Void{}, os.WriteFile(filepath.Join(*pictures, name+".png"), png, 0o644)
	}
}

// A newcomer merges, commands and watches, in a real browser, until everything has converged.
func TestNewcomer(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	s, err := open(ctx, Options{Listen: "127.0.0.1:0", Data: t.TempDir(), Program: program(t), Out: io.Discard})
	t.Cleanup(func() {
		if err := s.end(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	number, err := s.propose()
	if err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx,
		chromedp.Navigate(s.gh.URL()),
		shows("main", "Double the subnets"),
		chromedp.Navigate(s.gh.URL()+"/"+repository+"/pull/1"),
		shows("#live-timeline", "Merging changes dev, staging and prod"),
		shows("#live-side", "success"), unfold, picture("preview"),
		chromedp.Click(chromedp.CSS("#merge-form button")),
		shows("#live-timeline", "staging is ready"), shows("#live-timeline", "What it would change"),
		unfold, picture("rollout"),
		says("/promote staging\n"),
		shows("#live-timeline", "prod is ready"),
		says("/promote prod\n"),
		shows("#live-timeline", "Converged: all environments run"),
		picture("converged"),
	); err != nil {
		t.Fatal(err)
	}
	pull, err := s.gh.Pull(repository, number)
	if err != nil {
		t.Fatal(err)
	}
	for _, environment := range environments {
		for _, component := range components {
			wanted, err := s.gh.File(repository, pull.MergeSHA, s.example.path(environment, component))
			if err != nil {
				t.Fatal(err)
			}
			if differs := s.example.differs(environment, component, wanted); differs != "" {
				t.Error(differs)
			}
		}
	}
}

// The manifest of the demo is the project's.
func TestManifest(t *testing.T) {
	t.Parallel()
	project, err := os.ReadFile("../../../app.yml")
	if err != nil {
		t.Fatal(err)
	}
	if string(project) != string(manifest) {
		t.Error("cmd/trunkline/demo/app.yml is not app.yml any more; copy it")
	}
}

// What is deployed is looked at, not believed.
func TestDiffers(t *testing.T) {
	t.Parallel()
	e, err := newExample("", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	wanted := e.files["environments/prod/network/settings"]
	if got := e.differs("prod", "network", wanted); got == "" {
		t.Error("nothing is deployed, and it is taken for converged")
	}
	if err := e.deploy(context.Background(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if got := e.differs("prod", "network", wanted); got != "" {
		t.Error(got)
	}
	changed := *e.resize()["environments/prod/network/settings"]
	if got := e.differs("prod", "network", changed); !strings.Contains(got, "subnet_size of network in prod is 256, and 512 is wanted") {
		t.Errorf("got %q", got)
	}
}
