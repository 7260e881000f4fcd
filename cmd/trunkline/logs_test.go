package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/logs"
	"github.com/trunkline/trunkline/promote/store"
)

// deploying is the directory of a server that deploys to dev.
type deploying struct {
	t     *testing.T
	dir   string
	store *store.Store
	book  *logs.Book
	id    int64
}

func newDeploying(t *testing.T) *deploying {
	t.Helper()
	d := &deploying{t: t, dir: t.TempDir()}
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	now := func() time.Time { return at }
	d.book = &logs.Book{Dir: filepath.Join(d.dir, "logs"), Now: now}
	var err error
	if d.store, err = store.Open(t.Context(), filepath.Join(d.dir, "trunkline.db"), now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.store.Close(); err != nil {
			t.Error(err)
		}
	})
	const rules = `version: 1
stacks: {layout: folders, path: "environments/{environment}/{component}", engine: {plan: "true", apply: "true"}}
environments:
  dev: {promote: auto}
`
	d.write(func(tx *store.Tx) error {
		err := errors.Join(tx.SaveRepository(store.Repository{ID: 7, Owner: "acme", Name: "infrastructure", Trunk: "main"}),
			tx.Advance(store.Advance{Repository: 7, Tip: strings.Repeat("b", 40), Configured: true, Configuration: rules,
				Commits:   []promote.Commit{{SHA: strings.Repeat("a", 40)}, {SHA: strings.Repeat("b", 40), Pull: 1}},
				Baselines: []store.Baseline{{Environment: "dev", SHA: strings.Repeat("a", 40)}}}),
			tx.Step(7))
		if err != nil {
			return err
		}
		state, err := tx.State(7)
		d.id = state.Environments["dev"].Last.ID
		return err
	})
	return d
}

func (d *deploying) write(change func(*store.Tx) error) {
	d.t.Helper()
	if err := d.store.Write(d.t.Context(), change); err != nil {
		d.t.Fatal(err)
	}
}

func (d *deploying) step(name string) *logs.Step {
	return d.book.Step(logs.Key{Repository: 7, Deployment: d.id}, name, func(text string) string { return text })
}

func (d *deploying) say(step *logs.Step, text string) {
	d.t.Helper()
	if _, err := step.Write([]byte(text)); err != nil {
		d.t.Fatal(err)
	}
}

func (d *deploying) end(step *logs.Step, result logs.Result, message string) {
	d.t.Helper()
	if err := step.End(result, message); err != nil {
		d.t.Fatal(err)
	}
}

// logs runs the command and returns what it prints.
func (d *deploying) logs(arguments ...string) (string, error) {
	var out strings.Builder
	command := logsCommand()
	command.SilenceErrors, command.SilenceUsage = true, true
	command.SetOut(&out)
	command.SetArgs(append(arguments, "--data", d.dir))
	err := command.ExecuteContext(d.t.Context())
	return out.String(), err
}

func TestLogs(t *testing.T) {
	t.Parallel()
	d := newDeploying(t)
	plan := d.step("plan dev/vpc")
	d.say(plan, "to add: 1\x1b[2J\n")
	d.end(plan, logs.OK, "")
	apply := d.step("apply dev/vpc")
	d.say(apply, "making it\n")
	const head = "deployment 1: dev from aaaaaaa to bbbbbbb, by trunkline, 2026-11-20 09:00:00Z\n"
	const first = "== 1 plan dev/vpc, 2026-11-20 09:00:00Z\nto add: 1\n== 1 plan dev/vpc: ok after 0s\n"
	const second = "== 2 apply dev/vpc, 2026-11-20 09:00:00Z\nmaking it\n"
	got, err := d.logs("1")
	if diff := cmp.Diff(head+first+"\n"+second, got); diff != "" || err != nil {
		t.Errorf("while it runs: %v\n%s", err, diff)
	}
	d.end(apply, logs.Failed, "exit code 3")
	d.write(func(tx *store.Tx) error {
		return tx.Fail(1, promote.Failure{Step: "apply", Subject: "dev/vpc", Message: "no such subnet\nmore"})
	})
	got, err = d.logs("1", "--step", "apply dev/vpc")
	if diff := cmp.Diff(head+second+"== 2 apply dev/vpc: failed after 0s: exit code 3\n", got); diff != "" {
		t.Errorf("one step:\n%s", diff)
	}
	if err == nil || err.Error() != "deployment 1 failed: apply dev/vpc: no such subnet" || errors.As(err, new(wrongSetting)) {
		t.Errorf("the error is %v", err)
	}
	if got, err = d.logs(); err != nil || !strings.Contains(got, "1           dev          bbbbbbb  failed  2026-11-20 09:00:00Z  0s") {
		t.Errorf("the list is %v\n%s", err, got)
	}
	check := d.book.Step(logs.Key{Repository: 7, Environment: "dev"}, "nightly", func(text string) string { return text })
	d.say(check, "all is well\n")
	d.end(check, logs.OK, "")
	if got, err = d.logs("--environment", "dev"); err != nil || !strings.Contains(got, "nightly, 2026-11-20 09:00:00Z\nall is well\n") {
		t.Errorf("of scheduled checks: %v\n%s", err, got)
	}
}

func TestLogsOfASuccess(t *testing.T) {
	t.Parallel()
	d := newDeploying(t)
	d.write(func(tx *store.Tx) error {
		return errors.Join(tx.Apply(1), tx.Verify(1), tx.Succeed(1, store.Left{}))
	})
	if _, err := d.logs("1", "--follow"); err != nil {
		t.Error(err)
	}
}

func TestLogsOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	d := newDeploying(t)
	for _, test := range []struct{ want, arguments string }{
		{"there is no deployment 9", "9"}, {`"dev" is no deployment`, "dev"}, {`there is no step "x"; there are: –`, "1 --step x"}, {"--follow needs a deployment", "--follow"},
		{"the server does not know acme/other", "--repo acme/other"},
	} {
		if _, err := d.logs(strings.Fields(test.arguments)...); err == nil || !strings.Contains(err.Error(), test.want) || !errors.As(err, new(wrongSetting)) {
			t.Errorf("%s: %v", test.arguments, err)
		}
	}
}

// heard gets what is printed, and closes a channel when it holds a text.
type heard struct {
	mu     sync.Mutex
	all    strings.Builder
	wanted map[string]chan struct{}
}

func (h *heard) Write(text []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all.Write(text)
	for want, said := range h.wanted {
		if strings.Contains(h.all.String(), want) {
			close(said)
			delete(h.wanted, want)
		}
	}
	return len(text), nil
}

// text is closed when it was printed.
func (h *heard) text(want string) <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	said := make(chan struct{})
	if h.wanted == nil {
		h.wanted = map[string]chan struct{}{}
	}
	h.wanted[want] = said
	return said
}

// Two steps run at the same time; what they say is printed while they run, until the deployment has failed.
func TestLogsAreFollowed(t *testing.T) {
	t.Parallel()
	d := newDeploying(t)
	var out heard
	one, two := d.step("apply dev/app"), d.step("apply dev/vpc")
	begun := out.text("of two\n")
	d.say(one, "of one\n")
	d.say(two, "of two\n")
	followed := make(chan error)
	go func() {
		command := logsCommand()
		command.SilenceErrors, command.SilenceUsage = true, true
		command.SetOut(&out)
		command.SetArgs([]string{"1", "-f", "--data", d.dir})
		followed <- command.ExecuteContext(t.Context())
	}()
	<-begun
	more := out.text("more of one\n")
	d.say(one, "more of one\n")
	<-more
	d.end(one, logs.OK, "")
	d.end(two, logs.Failed, "exit code 1")
	d.write(func(tx *store.Tx) error {
		return tx.Fail(1, promote.Failure{Step: "apply", Subject: "dev/vpc", Message: "it broke"})
	})
	if err := <-followed; err == nil || err.Error() != "deployment 1 failed: apply dev/vpc: it broke" {
		t.Errorf("the error is %v", err)
	}
	_, got, _ := strings.Cut(out.all.String(), "\n")
	for _, want := range []string{"== 1 apply dev/app, 2026-11-20 09:00:00Z\nof one\n", "\n== 2 apply dev/vpc, 2026-11-20 09:00:00Z\nof two\n",
		"\n== 1 apply dev/app, goes on\nmore of one\n", "== 1 apply dev/app: ok after 0s\n", "\n== 2 apply dev/vpc: failed after 0s: exit code 1\n"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("it does not say once %q:\n%s", want, got)
		}
	}
}

// The log is followed beside a server at work, which is killed meanwhile; the engine goes on, and so does the log.
func TestLogsBesideAServer(t *testing.T) {
	t.Parallel()
	s := newStage(t, commands, nil)
	slow := filepath.Join(s.deployed, "slow")
	if err := os.WriteFile(slow, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	number := s.open(changed())
	if _, err := s.gh.As("bob").Merge(project, number, "merge"); err != nil {
		t.Fatal(err)
	}
	s.wait("an apply is under way", func() bool {
		_, err := os.Stat(filepath.Join(s.deployed, "applying-dev"))
		return err == nil
	})
	var out heard
	applying, stopped := out.text("apply dev/network, "), out.text(": stopped after ")
	followed := make(chan error)
	go func() {
		command := logsCommand()
		command.SilenceErrors, command.SilenceUsage = true, true
		command.SetOut(&out)
		command.SetArgs([]string{"1", "--follow", "--data", s.data})
		followed <- command.ExecuteContext(t.Context())
	}()
	<-applying
	s.kill()
	s.ready()
	<-stopped
	if err := os.Remove(slow); err != nil {
		t.Fatal(err)
	}
	if err := <-followed; err != nil {
		t.Errorf("%v\n%s", err, out.all.String())
	}
	if got := out.all.String(); !strings.Contains(got, "the server was stopped") || strings.Count(got, "deployment 1: dev from") != 1 {
		t.Errorf("it says\n%s", got)
	}
}
