package githubsim_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/bot/githubsim/contract"
)

// exercised gathers the operations that the tests of this package called.
var exercised struct {
	sync.Mutex
	never map[string]bool // what the simulator has, minus what was called
}

// note adds what was called on one GitHub to the sum.
func note(gh *githubsim.GitHub) {
	exercised.Lock()
	defer exercised.Unlock()
	unused := map[string]bool{}
	for _, id := range gh.Unexercised() {
		if exercised.never == nil || exercised.never[id] {
			unused[id] = true
		}
	}
	exercised.never = unused
}

// TestMain reports the operations that no test called, and fails for them when
// all tests ran.
func TestMain(m *testing.M) {
	code := m.Run()
	selected := flag.Lookup("test.run").Value.String() + flag.Lookup("test.skip").Value.String() + flag.Lookup("test.list").Value.String()
	if code == 0 && selected == "" && len(exercised.never) > 0 {
		var names []string
		for id := range exercised.never {
			names = append(names, id)
		}
		slices.Sort(names)
		fmt.Println("operations that no test calls:", strings.Join(names, ", "))
		code = 1
	}
	os.Exit(code)
}

// Every operation that the simulator serves is in the trimmed description, with
// a permission, and the other way round.
func TestDescriptionHoldsEveryOperation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	described, err := contract.Load()
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{}
	for _, id := range w.Unexercised() {
		served[id] = true
	}
	for _, operation := range described.Operations() {
		if !served[operation.ID] {
			t.Errorf("%s is described but not served", operation.ID)
		}
		if len(described.Permissions(operation)) == 0 {
			t.Errorf("%s has no row in permissions.tsv", operation.ID)
		}
		delete(served, operation.ID)
	}
	for id := range served {
		t.Errorf("%s is served but not described", id)
	}
}

// What does not exist answers 501 and is a violation.
func TestUnknownOperationIsAViolation(t *testing.T) {
	t.Parallel()
	gh, err := githubsim.New(githubsim.Options{Dir: t.TempDir(), Manifest: []byte(everything)})
	if err != nil {
		t.Fatal(err)
	}
	if err := gh.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer gh.Close()
	w := &world{GitHub: gh, t: t}
	if got, _ := w.get(t, "repos/acme/infra/pages", ""); got != 501 {
		t.Errorf("status %d, want 501", got)
	}
	found := gh.Violations()
	if len(found) != 1 || found[0].Path != "/repos/acme/infra/pages" {
		t.Errorf("violations %v", found)
	}
}

// A request that GitHub would not understand is a violation even where the
// simulator does not look at what is wrong with it.
func TestRequestThatDoesNotFit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	number := w.pullRequest("topic", map[string]string{"a": "1"})
	made, _, err := w.asApp().Apps.CreateInstallationToken(context.Background(), w.installation, nil)
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("repos/acme/infra/issues/%d/comments?per_page=many", number)
	if got, body := w.send(t, "GET", path, made.GetToken(), ""); got != 200 {
		t.Fatalf("status %d %s", got, body)
	}
	found := w.TakeViolations()
	if len(found) != 1 || !strings.Contains(found[0].What, "per_page") {
		t.Errorf("violations %v", found)
	}
}
