package logs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/trunkline/trunkline/planner/redact"
	"pgregory.net/rapid"
)

var key = Key{Repository: 7, Deployment: 12}

// book is an empty one whose clock stands still.
func book(t *testing.T, limits Limits) *Book {
	t.Helper()
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	return &Book{Dir: t.TempDir(), Limits: limits, Now: func() time.Time { return at }}
}

func asIs(text string) string { return text }

func write(t *testing.T, step *Step, text string) {
	t.Helper()
	if _, err := step.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// whole reads a log to its end, in pieces, as somebody does who follows it.
func whole(t *testing.T, step Entry, pieces int) string {
	t.Helper()
	var out strings.Builder
	for from := int64(0); ; {
		text, err := step.Read(from, pieces)
		if err != nil {
			t.Fatal(err)
		}
		if text.Next == from {
			return out.String()
		}
		if text.Missing > 0 {
			fmt.Fprintf(&out, "<%d>", text.Missing)
		}
		out.WriteString(text.Text)
		from = text.Next
	}
}

func steps(t *testing.T, b *Book) []Entry {
	t.Helper()
	found, err := b.Steps(key)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestStepsAreKeptInOrder(t *testing.T) {
	t.Parallel()
	b := book(t, Limits{})
	plan := b.Step(key, "plan dev/vpc", asIs)
	write(t, plan, "to ad")
	write(t, plan, "d: 1\n")
	never := b.Step(key, "never", asIs)
	apply := b.Step(key, "apply dev/../../vpc\x1b[2J", asIs)
	write(t, apply, "applying\x1b[31m red\x1b[0m\u202e\r\n")
	if err := plan.End(OK, ""); err != nil {
		t.Fatal(err)
	}
	if err := b.Step(key, "verify smoke", asIs).End(Failed, "exit code 3\nand more"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.BreakOff(Key{Repository: 7, Deployment: 11}, ""), b.BreakOff(key, "another")); err != nil {
		t.Error(err)
	}
	_ = never // it wrote nothing and did not end: there is no such step
	at := b.Now()
	want := []Entry{
		{Number: 1, Name: "plan dev/vpc", Started: at, Ended: at, Result: OK},
		{Number: 2, Name: "apply dev/../../vpc", Started: at},
		{Number: 3, Name: "verify smoke", Started: at, Ended: at, Result: Failed, Message: "exit code 3"},
	}
	found := steps(t, b)
	if diff := cmp.Diff(want, found, cmpopts.IgnoreUnexported(Entry{})); diff != "" {
		t.Error(diff)
	}
	if err := b.BreakOff(key, ""); err != nil {
		t.Error(err)
	}
	want[1].Ended, want[1].Result, want[1].Message = at, Stopped, "the server was stopped"
	if diff := cmp.Diff(want, steps(t, b), cmpopts.IgnoreUnexported(Entry{})); diff != "" {
		t.Error(diff)
	}
	if got := whole(t, found[0], 1000); got != "to add: 1\n" {
		t.Errorf("the plan's log is %q", got)
	}
	if got := whole(t, found[1], 1000); got != "applying red\n" {
		t.Errorf("the apply's log is %q", got)
	}
	// Nothing lies outside of the deployment's directory, whatever steps are called.
	err := filepath.WalkDir(b.Dir, func(path string, file os.DirEntry, err error) error {
		if err == nil && !file.IsDir() && filepath.Dir(path) != filepath.Join(b.Dir, "7", "12") {
			t.Errorf("there is %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestWhatIsKeptIsRedacted(t *testing.T) {
	t.Parallel()
	b := book(t, Limits{})
	step := b.Step(key, "apply the secret word", redact.New("the secret word").Redact)
	for _, piece := range []string{"it is the sec", "ret wo", "rd\n", "in colour: the \x1b[1msecret\x1b[0m word\n", "at the end: the secret w", "ord"} {
		write(t, step, piece)
	}
	if err := step.End(OK, ""); err != nil {
		t.Fatal(err)
	}
	if got, want := whole(t, steps(t, b)[0], 1000), "it is [redacted]\nin colour: [redacted]\nat the end: [redacted]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	err := filepath.WalkDir(b.Dir, func(path string, file os.DirEntry, err error) error {
		if err != nil || file.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(path+string(text), "secret") {
			t.Errorf("%s holds %q", path, text)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A log keeps its beginning and its end; who follows it while it grows misses nothing that is still there, and is told how
// much is not.
func TestALongLogLosesItsMiddle(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var number int64
	rapid.Check(t, func(rt *rapid.T) {
		number++
		b := &Book{Dir: dir, Limits: Limits{Step: 400}}
		own := Key{Repository: 7, Deployment: number}
		step := b.Step(own, "noise", asIs)
		var all, followed strings.Builder
		at := int64(0)
		for i := range rapid.IntRange(1, 60).Draw(rt, "lines") {
			line := fmt.Sprintf("%d %s\n", i, strings.Repeat("x", rapid.IntRange(0, 120).Draw(rt, "length")))
			all.WriteString(line)
			_, _ = step.Write([]byte(line)) // never fails
			if rapid.Bool().Draw(rt, "look") {
				found, err := b.Steps(own)
				if err != nil || len(found) != 1 {
					rt.Fatalf("%v, %v", found, err)
				}
				text, err := found[0].Read(at, 150)
				if err != nil {
					rt.Fatal(err)
				}
				at += text.Missing
				if !strings.HasPrefix(all.String()[at:], text.Text) || text.Next != at+int64(len(text.Text)) {
					rt.Fatalf("at %d it reads %+v", at, text)
				}
				at = text.Next
				followed.WriteString(text.Text)
			}
		}
		if err := step.End(OK, ""); err != nil {
			rt.Fatal(err)
		}
		found, err := b.Steps(own)
		if err != nil {
			rt.Fatal(err)
		}
		kept := whole(t, found[0], 10000)
		head, tail, cut := strings.Cut(kept, "<")
		if !cut && kept != all.String() {
			rt.Fatalf("kept %q of %q", kept, all.String())
		}
		if cut {
			_, tail, _ = strings.Cut(tail, ">")
			if !strings.HasPrefix(all.String(), head) || !strings.HasSuffix(all.String(), tail) || len(head) < 80 || len(tail) < 80 {
				rt.Fatalf("kept %q of %q", kept, all.String())
			}
		}
		if len(kept) > 600 {
			rt.Fatalf("%d bytes are kept", len(kept))
		}
	})
}

func TestLimitsOfADeployment(t *testing.T) {
	t.Parallel()
	b := book(t, Limits{Step: 64 * 400, Deployment: 5000, Steps: 3})
	noise := strings.Repeat("a line of noise\n", 1000)
	for i := range 3 {
		step := b.Step(key, fmt.Sprint("step ", i), asIs)
		write(t, step, noise)
		if err := step.End(OK, ""); err != nil {
			t.Fatal(err)
		}
	}
	found := steps(t, b)
	if got := whole(t, found[0], 1<<20); got != noise {
		t.Errorf("of the first %d bytes are kept", len(got))
	}
	if got := whole(t, found[1], 1<<20); len(got) > 500 || !strings.HasSuffix(got, "a line of noise\n") {
		t.Errorf("of the second %d bytes are kept", len(got))
	}
	more := b.Step(key, "one more", asIs)
	write(t, more, noise)
	if err := more.End(OK, ""); err == nil || !strings.Contains(err.Error(), "3 steps") {
		t.Errorf("one step more: %v", err)
	}
}

// Steps begin at the same time, also those of a server that was started again.
func TestStepsBeginAtTheSameTime(t *testing.T) {
	t.Parallel()
	b := book(t, Limits{})
	for range 2 {
		again := &Book{Dir: b.Dir}
		var working sync.WaitGroup
		for i := range 20 {
			working.Go(func() {
				step := again.Step(key, fmt.Sprint("step ", i), asIs)
				_, _ = step.Write([]byte("x\n")) // never fails
				if err := step.End(OK, ""); err != nil {
					t.Error(err)
				}
			})
		}
		working.Wait()
	}
	for i, step := range steps(t, b) {
		if step.Number != i+1 {
			t.Fatalf("step %d has number %d", i+1, step.Number)
		}
	}
	if n := len(steps(t, b)); n != 40 {
		t.Errorf("there are %d steps", n)
	}
}

func TestWhatCannotBeKept(t *testing.T) {
	t.Parallel()
	b := book(t, Limits{})
	if err := os.WriteFile(filepath.Join(b.Dir, "7"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	step := b.Step(key, "plan", asIs)
	write(t, step, "text\n")
	if err := step.End(OK, ""); err == nil || !strings.Contains(err.Error(), "keep the log of plan") {
		t.Errorf("the error is %v", err)
	}
	var none *Book
	step = none.Step(key, "plan", asIs)
	write(t, step, "text\n")
	if err := step.End(OK, ""); err != nil {
		t.Error(err)
	}
}

func TestOldLogsAreRemoved(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	b := &Book{Dir: t.TempDir(), Now: func() time.Time { return at }}
	for id := int64(1); id <= 3; id++ {
		if err := b.Step(Key{Repository: 7, Deployment: id}, "plan", asIs).End(OK, ""); err != nil {
			t.Fatal(err)
		}
	}
	checks := Key{Repository: 7, Environment: "prod"}
	for range 6 {
		step := b.Step(checks, "scheduled nightly", asIs)
		write(t, step, "text\n")
		if err := step.End(OK, ""); err != nil {
			t.Fatal(err)
		}
		at = at.Add(24 * time.Hour)
	}
	if err := b.Remove(Key{Repository: 7, Deployment: 2}); err != nil {
		t.Fatal(err)
	}
	if left, err := b.Deployments(7); err != nil || !cmp.Equal(left, []int64{1, 3}) {
		t.Errorf("left are %v, %v", left, err)
	}
	if err := b.RemoveChecks(7, time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), 3); err != nil {
		t.Fatal(err)
	}
	left, err := b.Steps(checks)
	if err != nil || len(left) != 3 || left[0].Number != 4 || whole(t, left[0], 100) != "text\n" {
		t.Errorf("left are %+v, %v", left, err)
	}
	if repositories, err := b.Repositories(); err != nil || !cmp.Equal(repositories, []int64{7}) {
		t.Errorf("repositories are %v, %v", repositories, err)
	}
}

// A step that is done in several goes has one log, also where the process is another one each time.
func TestLastingSteps(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := ""
	for i := range 60 {
		b := &Book{Dir: dir, Limits: Limits{Step: 200}}
		if err := b.BreakOff(key, ""); err != nil {
			t.Fatal(err)
		}
		step := b.Lasting(key, "watch", asIs)
		line := fmt.Sprintf("sample %d\n", i)
		all += line
		write(t, step, line)
		if err := step.Leave(); err != nil {
			t.Fatal(err)
		}
	}
	b := &Book{Dir: dir, Limits: Limits{Step: 200}}
	if err := b.Lasting(key, "watch", asIs).End(OK, ""); err != nil {
		t.Fatal(err)
	}
	found := steps(t, b)
	if len(found) != 1 || found[0].Result != OK {
		t.Fatalf("there are %+v", found)
	}
	head, tail, cut := strings.Cut(whole(t, found[0], 10000), "<")
	_, tail, _ = strings.Cut(tail, ">")
	if !cut || !strings.HasPrefix(all, head) || !strings.HasSuffix(all, tail) || len(head) < 50 || len(tail) < 50 {
		t.Errorf("kept are %q and %q", head, tail)
	}
	// It has ended: the next one is another.
	write(t, b.Lasting(key, "watch", asIs), "anew\n")
	if found = steps(t, b); len(found) != 2 || found[1].Result != Running {
		t.Errorf("there are %+v", found)
	}
}

// A program cannot make a line that looks as if a step had ended.
func TestPrintedLinesCannotBeForged(t *testing.T) {
	t.Parallel()
	b := book(t, Limits{})
	step := b.Step(key, "plan\n== 9 apply prod: ok", asIs)
	write(t, step, "== 2 apply prod: ok\ntext\n== 1 plan: ok\n")
	if err := step.End(Failed, "no\n== 3 x"); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := (&Printer{To: &out}).Print(steps(t, b)); err != nil {
		t.Fatal(err)
	}
	want := "== 1 plan, 2026-11-23 09:00:00Z\n == 2 apply prod: ok\ntext\n == 1 plan: ok\n== 1 plan: failed after 0s: no\n"
	if out.String() != want {
		t.Errorf("got %q", out.String())
	}
	if size := steps(t, b)[0].Size(); size != int64(len("== 2 apply prod: ok\ntext\n== 1 plan: ok\n")) {
		t.Errorf("its size is %d", size)
	}
}
