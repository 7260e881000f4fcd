package bot

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim"
	"go.uber.org/goleak"
)

// suite gathers what all tests of this package did to GitHub.
var suite struct {
	sync.Mutex
	calls       map[string]int
	undescribed map[string]bool
	permissions needs
	// never are the operations of the simulator that were not called.
	never []string
}

// note adds what was done to one GitHub.
func note(gh *githubsim.GitHub) {
	suite.Lock()
	defer suite.Unlock()
	if suite.calls == nil {
		suite.calls, suite.undescribed, suite.permissions = map[string]int{}, map[string]bool{}, needs{}
		suite.never = gh.Unexercised()
	}
	unused := gh.Unexercised()
	suite.never = slices.DeleteFunc(suite.never, func(id string) bool { return !slices.Contains(unused, id) })
	for _, call := range gh.Calls() {
		if call.Operation == "" {
			suite.undescribed[call.Method+" "+call.Path] = true
		}
		suite.calls[call.Operation]++
	}
	for permission, access := range gh.UsedPermissions() {
		suite.permissions.use(permission, access)
	}
}

// TestMain holds the whole suite against GitHub's description: nothing was called that is not in it, and when all
// tests ran, each operation of the table in permissions_test.go was called and each permission of app.yml was used.
// With -v it lists the operations that the bot never called.
func TestMain(m *testing.M) {
	flag.Parse()
	// Tests here wait for processes and for second tries more than they compute.
	if err := flag.Set("test.parallel", fmt.Sprint(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	code := m.Run()
	for call := range suite.undescribed {
		fmt.Println("GitHub's description has no", call)
		code = 1
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	// The limiter does not close the answer that told of a secondary limit; its timer ends after half a minute.
	if err := goleak.Find(goleak.IgnoreTopFunction("net/http.setRequestCancel.func4")); code == 0 && err != nil {
		fmt.Println("after all tests:", err)
		code = 1
	}
	selected := flag.Lookup("test.run").Value.String() + flag.Lookup("test.skip").Value.String() + flag.Lookup("test.list").Value.String()
	if code == 0 && selected == "" && !testing.Short() && !lived() {
		code = 1
	}
	os.Exit(code)
}

// lived tells whether the tests used all that the bot asks for, and prints what they did not.
func lived() bool {
	ok := true
	for _, id := range slices.Sorted(maps.Values(operations)) {
		if suite.calls[id] == 0 {
			fmt.Println("no test has the bot call", id)
			ok = false
		}
	}
	app, err := readManifest()
	if err != nil || !maps.Equal(app.Permissions, map[string]string(suite.permissions)) {
		fmt.Println("app.yml asks for", app.Permissions, "and the tests used", suite.permissions, err)
		ok = false
	}
	if testing.Verbose() {
		fmt.Println("operations of the simulator that the bot never calls:", strings.Join(suite.never, ", "))
	}
	return ok
}

// withoutRace leaves a test to the suite that is run without the race detector, which is the whole: what it looks at is what is
// said and done in many variations, and other tests go the same ways.
func withoutRace(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("the suite without the race detector has this")
	}
}
