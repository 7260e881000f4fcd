package bot

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// BenchmarkPreview measures a preview from the moment a pull request is opened, or pushed to, until its check run and
// its comment are done, beside the floor: bare init, plan and show of the same stacks, two at a time. Only the ratios
// mean something; they are of the same minute on the same machine.
//
//	first-ratio, next-ratio   the first push and the next one, by the floor
//	sign-ms                   from the push to the check in progress
//	calls                     to GitHub, for the first preview
func BenchmarkPreview(b *testing.B) {
	if _, err := exec.LookPath("terraform"); err != nil {
		b.Skip("terraform is not on the PATH; this needs the real one")
	}
	for _, stacks := range []int{12, 30} {
		b.Run(fmt.Sprint(stacks), func(b *testing.B) {
			var floors, firsts, nexts, signs, calls []float64
			for range b.N {
				m := measurePreview(b, stacks)
				floors, firsts, nexts = append(floors, m.floor), append(firsts, m.first/m.floor), append(nexts, m.next/m.floor)
				signs, calls = append(signs, m.sign*1000), append(calls, m.calls)
			}
			b.ReportMetric(median(floors), "floor-s")
			b.ReportMetric(median(firsts), "first-ratio")
			b.ReportMetric(median(nexts), "next-ratio")
			b.ReportMetric(median(signs), "sign-ms")
			b.ReportMetric(slices.Max(calls), "calls")
		})
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// measured are the seconds of one measurement, and the number of calls.
type measured struct{ floor, first, next, sign, calls float64 }

// stacksOf are so many instances in three environments, each a folder of its own that uses one module.
func stacksOf(count int, size string) map[string]string {
	files := map[string]string{
		".github/trunkline.yml": "version: 1\nstacks:\n  layout: folders\n  path: environments/{environment}/{component}\n  engine: terraform\n" +
			"environments:\n  dev: {promote: manual}\n  staging: {promote: manual}\n  prod: {promote: manual}\n",
		"modules/service/main.tf": "variable \"name\" {\n  type = string\n}\nresource \"terraform_data\" \"this\" {\n  count = 5\n  input = \"${var.name}-" +
			size + "-${count.index}\"\n}\n",
	}
	for i := range count {
		environment := []string{"dev", "staging", "prod"}[i%3]
		files[fmt.Sprintf("environments/%s/service%d/main.tf", environment, i/3)] = fmt.Sprintf(
			"module \"service\" {\n  source = \"../../../modules/service\"\n  name = \"service%d\"\n}\n", i/3)
	}
	return files
}

func measurePreview(b *testing.B, stacks int) (m measured) {
	b.StopTimer()
	w := newWorld(b, githubsim.RepositoryOptions{Files: stacksOf(stacks, "small"), Private: true})
	m.floor = floorOf(b, stacksOf(stacks, "medium"))
	alice := w.gh.As("alice")
	if _, err := alice.Push(project, "resize", "Resize", changeTo("medium")); err != nil {
		b.Fatal(err)
	}
	w.settle()
	before := len(w.gh.Calls())
	b.StartTimer()
	began := time.Now()
	number, err := alice.OpenPull(project, "resize", "Resize", "", githubsim.OpenOptions{})
	if err != nil {
		b.Fatal(err)
	}
	w.until(number, func(check githubsim.CheckView) bool { return check.Status != "" })
	m.sign = time.Since(began).Seconds()
	w.untilPreviewed(number, stacks)
	m.first = time.Since(began).Seconds()
	b.StopTimer()
	w.settle()
	for _, call := range w.gh.Calls()[before:] {
		if call.Operation != "apps/list-webhook-deliveries" { // made by the clock, whether there is a preview or not
			m.calls++
		}
	}
	floor := floorOf(b, stacksOf(stacks, "large"))
	b.StartTimer()
	began = time.Now()
	if _, err := alice.Push(project, "resize", "Resize more", changeTo("large")); err != nil {
		b.Fatal(err)
	}
	w.untilPreviewed(number, stacks)
	m.next = time.Since(began).Seconds() * m.floor / floor
	return m
}

func changeTo(size string) map[string]*string {
	text := stacksOf(0, size)["modules/service/main.tf"]
	return map[string]*string{"modules/service/main.tf": &text}
}

// until waits for the check run of the pull request's head.
func (w *world) until(number int, is func(githubsim.CheckView) bool) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := w.gh.Wait(ctx, func() bool {
		pull, err := w.gh.Pull(project, number)
		if err != nil {
			w.t.Fatal(err)
		}
		return slices.ContainsFunc(pull.Checks, is)
	})
	if err != nil {
		w.t.Fatalf("the check run does not come: %v", err)
	}
}

// untilPreviewed waits for the check run of the pull request's head and the comment to be done.
func (w *world) untilPreviewed(number, stacks int) {
	w.until(number, func(check githubsim.CheckView) bool {
		if check.Conclusion != "" && check.Conclusion != "success" {
			w.t.Fatalf("the preview is no success: %s\n%s", check.Title, check.Summary)
		}
		return check.Conclusion == "success" && w.commented(number)
	})
}

func (w *world) commented(number int) bool {
	pull, err := w.gh.Pull(project, number)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, entry := range pull.Timeline {
		if entry.Actor == w.gh.BotLogin() && strings.Contains(entry.Body, "<!-- trunkline: preview") {
			return !strings.Contains(entry.Body, "⏳") && strings.Contains(entry.Body, pull.HeadSHA[:7])
		}
	}
	return false
}

// floorOf is how long bare terraform takes for the same stacks, two at a time, in seconds.
func floorOf(b *testing.B, files map[string]string) float64 {
	root := b.TempDir()
	var directories []string
	for path, text := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
		if strings.Contains(path, "environments") {
			directories = append(directories, filepath.Dir(path))
		}
	}
	began := time.Now()
	todo := make(chan string)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for directory := range todo {
				for _, arguments := range [][]string{{"init", "-input=false"}, {"plan", "-input=false", "-out=plan"}, {"show", "-json", "plan"}} {
					command := exec.Command("terraform", arguments...)
					command.Dir, command.Env = directory, append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
					if out, err := command.CombinedOutput(); err != nil {
						b.Errorf("%v: %s", err, out)
					}
				}
			}
		})
	}
	for _, directory := range directories {
		todo <- directory
	}
	close(todo)
	workers.Wait()
	return time.Since(began).Seconds()
}
