package engine

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/stack"
)

func newCommand(t *testing.T, plan, apply string) Engine {
	t.Helper()
	engine, err := New(config.Engine{Kind: config.Command, Plan: plan, Apply: apply}, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

func TestCommandPlansAndApplies(t *testing.T) {
	t.Parallel()
	engine := newCommand(t, `diff -uN "$TRUNKLINE_STATE/page" page; test $? -le 1`, `cp page "$TRUNKLINE_STATE/page"; cat "$TRUNKLINE_PLAN"`)
	repository := newRepository(t, "web/page", "hello\n")
	work := repository.work(stack.Instance{Environment: "dev", Path: "web"})
	plan := mustPlan(t, engine, work)
	want := []Change{{Address: "web", Action: Run}}
	if diff := cmp.Diff(want, plan.Changes, withoutDigests); diff != "" || plan.Text != "--- $TRUNKLINE_STATE/page\n+++ page\n@@ -0,0 +1 @@\n+hello" {
		t.Errorf("text %q\n%s", plan.Text, diff)
	}
	if again := mustPlan(t, engine, repository.anew("web/page", "hello\n").work(work.Instance)); again.Digest != plan.Digest {
		t.Error("the same plan has two digests")
	}
	var output strings.Builder
	work.Output = &output
	if err := engine.Apply(t.Context(), work, plan); err != nil {
		t.Fatal(err)
	}
	work.Output = nil
	if again := mustPlan(t, engine, work); !again.Empty() || again.Digest == plan.Digest {
		t.Errorf("after applying: %+v", again)
	}
	if said := output.String(); !strings.HasPrefix(said, "$ cp page") || !strings.HasSuffix(said, "+hello\n") {
		t.Errorf("it said %q", said)
	}
	if left, err := filepath.Glob(filepath.Join(work.Scratch, "logs", "*")); err != nil || len(left) > 0 {
		t.Errorf("what nobody redacted stays in %v, %v", left, err)
	}
}

func TestCommandEnvironment(t *testing.T) {
	t.Parallel()
	engine := newCommand(t, `env | grep ^TRUNKLINE_ | sort; pwd`, `true`)
	repository := newRepository(t, "a/web/page", "")
	work := repository.work(stack.Instance{Environment: "prod", Stack: "prod/eu", Component: "web", Path: "a/web", Workspace: "w",
		VariableFiles: []string{"x.tfvars", "y.tfvars"}})
	want := strings.Join([]string{
		"TRUNKLINE_COMMIT=" + work.Commit, "TRUNKLINE_COMPONENT=web", "TRUNKLINE_ENVIRONMENT=prod", "TRUNKLINE_ROOT=" + work.Root,
		"TRUNKLINE_STACK=prod/eu", "TRUNKLINE_STATE=" + work.State, "TRUNKLINE_VAR_FILES=" + work.Root + "/x.tfvars", "TRUNKLINE_WORKSPACE=w",
		work.Root + "/a/web",
	}, "\n")
	printed, err := os.ReadFile(mustPlan(t, engine, work).File)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want+"\n", string(printed)); diff != "" {
		t.Error(diff)
	}
}

func TestCommandFailures(t *testing.T) {
	t.Parallel()
	work := newRepository(t, "web/page", "").work(stack.Instance{Environment: "dev", Path: "web"})
	for name, test := range map[string]struct{ plan, want string }{
		"an exit code":    {`echo out; printf '\033[31mtoken ghs_16C7e42F292c6912E7710c838347Ae178B4a\033[0m\n' >&2; exit 4`, "plan: out\ntoken [redacted]\n(exit code 4)"},
		"nothing is said": {`exit 1`, "plan: the engine failed and said nothing\n(exit code 1)"},
		"no such command": {`no-such-command`, "not found\n(exit code 127)"},
	} {
		_, err := newCommand(t, test.plan, "true").Plan(t.Context(), work)
		var failure *Failure
		if !errors.As(err, &failure) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error is %q", name, err)
		}
	}
	work.Timeout = 50 * time.Millisecond
	_, err := newCommand(t, "echo waiting; sleep 600", "true").Plan(t.Context(), work)
	var failure *Failure
	if !errors.As(err, &failure) || !strings.Contains(failure.Message, "the time limit was reached after 50ms") {
		t.Errorf("a time limit: %v", err)
	}
}
