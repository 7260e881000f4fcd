package bot

import (
	"encoding/json"
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/bot/githubsim/contract"
	"gopkg.in/yaml.v3"
)

// operations are the GitHub operations behind the methods of go-github that this package may call.
var operations = map[string]string{
	"Actions.CancelWorkflowRunByID":           "actions/cancel-workflow-run",
	"Actions.GetWorkflowRunByID":              "actions/get-workflow-run",
	"Actions.ListWorkflowJobs":                "actions/list-jobs-for-workflow-run",
	"Actions.ListWorkflowRunsByFileName":      "actions/list-workflow-runs",
	"Checks.ListCheckRunAnnotations":          "checks/list-annotations",
	"Apps.CreateInstallationToken":            "apps/create-installation-access-token",
	"Apps.GetInstallation":                    "apps/get-installation",
	"Apps.ListRepos":                          "apps/list-repos-accessible-to-installation",
	"Apps.ListHookDeliveries":                 "apps/list-webhook-deliveries",
	"Apps.RedeliverHookDelivery":              "apps/redeliver-webhook-delivery",
	"Checks.CreateCheckRun":                   "checks/create",
	"Checks.GetCheckRun":                      "checks/get",
	"Checks.ListCheckRunsForRef":              "checks/list-for-ref",
	"Checks.UpdateCheckRun":                   "checks/update",
	"Issues.Create":                           "issues/create",
	"Issues.CreateComment":                    "issues/create-comment",
	"Issues.Edit":                             "issues/update",
	"Issues.ListByRepo":                       "issues/list-for-repo",
	"Issues.EditComment":                      "issues/update-comment",
	"Issues.ListComments":                     "issues/list-comments",
	"PullRequests.Create":                     "pulls/create",
	"PullRequests.List":                       "pulls/list",
	"PullRequests.Get":                        "pulls/get",
	"PullRequests.ListCommits":                "pulls/list-commits",
	"PullRequests.ListPullRequestsWithCommit": "repos/list-pull-requests-associated-with-commit",
	"Reactions.CreateIssueCommentReaction":    "reactions/create-for-issue-comment",
	"Repositories.CreateDeployment":           "repos/create-deployment",
	"Repositories.CreateDeploymentStatus":     "repos/create-deployment-status",
	"Repositories.Get":                        "repos/get",
	"Repositories.GetCombinedStatus":          "repos/get-combined-status-for-ref",
	"Repositories.GetCommit":                  "repos/get-commit",
	"Repositories.GetPermissionLevel":         "repos/get-collaborator-permission-level",
	"Repositories.ListDeploymentStatuses":     "repos/list-deployment-statuses",
	"Repositories.ListDeployments":            "repos/list-deployments",
	"Teams.GetTeamBySlug":                     "teams/get-by-name",
	"Teams.ListTeamMembersBySlug":             "teams/list-members-in-org",
	"Users.Get":                               "users/get-by-username",
}

// manifest is app.yml, as far as GitHub reads it.
type manifest struct {
	Permissions map[string]string `yaml:"default_permissions"`
	Events      []string          `yaml:"default_events"`
}

func readManifest() (m manifest, err error) { return readManifestOf("../app.yml") }

func readManifestOf(path string) (m manifest, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return m, err
	}
	return m, yaml.Unmarshal(text, &m)
}

// granted are the permissions of a purpose, by their names in the manifest.
func granted(t *testing.T, p purpose) (names map[string]string) {
	t.Helper()
	text, err := json.Marshal(permissions[p])
	if err == nil {
		err = json.Unmarshal(text, &names)
	}
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// needs notes what is needed, with the most access that anything needs.
type needs map[string]string

func (n needs) use(permission, access string) {
	if permission != "-" && !contract.Allows(n[permission], access) {
		n[permission] = access
	}
}

// Every call of the code is one that the token of its purpose may make, and no purpose has more than its calls need.
func TestTokensCoverTheCallsAndNoMore(t *testing.T) {
	t.Parallel()
	described, err := contract.Load()
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]contract.Operation{}
	for _, operation := range described.Operations() {
		byID[operation.ID] = operation
	}
	// Git is no call of the API. Metadata comes with every permission, asked for or not.
	needed := map[purpose]needs{}
	for purpose := range permissions {
		needed[purpose] = needs{"metadata": "read"}
	}
	needed[fetching].use("contents", "read")
	needed[reversing].use("contents", "write")
	needed[looking].use("contents", "read")
	needed[looking].use("pull_requests", "read")
	called := map[string]bool{}
	for _, operation := range described.Operations() {
		byID[operation.Method+" "+operation.Path] = operation
	}
	source := readSource(t)
	for _, call := range append(source.calls(), source.asks()...) {
		called[call.method] = true
		operation, known := byID[firstOf(operations[call.method], call.method)]
		if !known {
			t.Errorf("%s: %s is in no table of operations; add it to this test, and what it needs to app.yml", call.at, call.method)
			continue
		}
		wants := described.Permissions(operation)
		if call.purpose == asApp {
			if wants[0].Permission != "-" || wants[0].Access != "jwt" {
				t.Errorf("%s: %s is not for the App itself; it needs %v", call.at, operation.ID, wants)
			}
			continue
		}
		if wants[0].Permission == "-" && wants[0].Access != "jwt" { // any token will do, or none
			continue
		}
		for _, want := range enough(wants, granted(t, call.purpose)) {
			if !contract.Allows(granted(t, call.purpose)[want.Permission], want.Access) {
				t.Errorf("%s: %s needs %s: %s, which a token for %s has not", call.at, operation.ID, want.Permission, want.Access, call.purpose)
			}
			needed[call.purpose].use(want.Permission, want.Access)
		}
	}
	for method := range operations {
		if !called[method] {
			t.Errorf("%s is in the table of operations and nothing calls it", method)
		}
	}
	for purpose := range permissions {
		if got, want := granted(t, purpose), map[string]string(needed[purpose]); !maps.Equal(got, want) {
			t.Errorf("a token for %s has %v; its calls need %v", purpose, got, want)
		}
	}
}

// enough are the needs that must be met. Where one of several suffices on a pull request, where all our
// conversations are, it is one that is granted.
func enough(wants []contract.Need, granted map[string]string) []contract.Need {
	for _, want := range wants {
		if want.Combine == contract.OrOnPull && contract.Allows(granted[want.Permission], want.Access) {
			return []contract.Need{want}
		}
	}
	if wants[0].Combine == contract.OrOnPull {
		return wants[:1]
	}
	return wants
}

// The manifest asks for what the tokens and the events need, and for no more; and every event has a handler.
func TestManifestAsksForWhatIsUsedAndNoMore(t *testing.T) {
	t.Parallel()
	described, err := contract.Load()
	if err != nil {
		t.Fatal(err)
	}
	app, err := readManifest()
	if err != nil {
		t.Fatal(err)
	}
	needed := needs{}
	for purpose := range permissions {
		for permission, access := range granted(t, purpose) {
			needed.use(permission, access)
		}
	}
	for _, event := range app.Events {
		need, known := described.EventPermission(event)
		if !known || need.Access == "default" {
			t.Errorf("app.yml subscribes to %s, which is nothing that an App can subscribe to", event)
		}
		needed.use(need.Permission, need.Access)
	}
	if !maps.Equal(app.Permissions, map[string]string(needed)) {
		t.Errorf("app.yml asks for %v; calls, Git and events need %v", app.Permissions, needed)
	}
	var handled []string
	for event := range (&Bot{}).events() {
		// These are sent to every App without being asked for.
		if !strings.HasPrefix(event, "installation") {
			handled = append(handled, event)
		}
	}
	if slices.Sort(handled); !slices.Equal(handled, slices.Sorted(slices.Values(app.Events))) {
		t.Errorf("app.yml subscribes to %v; webhooks.go handles %v", app.Events, handled)
	}
}

// leastHead is the beginning of the manifest for those who let no App administer.
const leastHead = `# The GitHub App's manifest for those who give no App the right to administer: app.yml without ` + "`administration`" + `, and with
# ` + "`environments: read` instead of `write`" + `, which would be the right to set secrets too. Everything works but that GitHub's
# environments are kept: how they differ is told instead. A test makes it from app.yml (bot/permissions_test.go, -update).
`

// The manifest for those who let no App administer is the other one but for that, and for what only goes with it.
func TestLeastPrivilegeLacksAdministrationAndNothingElse(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile("../app.yml")
	if err != nil {
		t.Fatal(err)
	}
	want := leastHead
	for line := range strings.Lines(string(whole)) {
		switch key, _, _ := strings.Cut(strings.TrimSpace(line), ":"); {
		case strings.HasPrefix(line, "#") || key == "administration":
		case key == "environments":
			want += "  environments: read    # see variables of GitHub's environments, to tell how they differ\n"
		default:
			want += line
		}
	}
	const path = "../app.least-privilege.yml"
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what app.yml makes it (%v); run this test with -update:\n%s", path, err, cmp.Diff(want, string(got)))
	}
	asks, err := readManifestOf(path)
	if err != nil || asks.Permissions["administration"] != "" || asks.Permissions["environments"] != "read" {
		t.Errorf("it asks for %v (%v)", asks.Permissions, err)
	}
	for purpose := range permissions {
		if access := granted(t, purpose)["administration"]; access != "" && purpose != protecting {
			t.Errorf("a token for %s can administer", purpose)
		}
	}
}

// Only this package talks to GitHub, and only by way of [clients], so that the tests above see every call.
func TestOnlyClientsMakeClients(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported := strings.Trim(spec.Path.Value, `"`)
			talks := strings.Contains(imported, "/go-github/") || strings.HasSuffix(imported, "/go-githubapp/githubapp")
			if talks && filepath.Dir(path) != filepath.Join("..", "bot") {
				t.Errorf("%s imports %s", path, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for at, used := range readSource(t).makers() {
		if !strings.HasPrefix(filepath.Base(at), "clients") {
			t.Errorf("%s: %s is for clients*.go alone", at, used)
		}
	}
}

// A token that is not narrowed has all that the App has.
func TestEveryPurposeHasPermissions(t *testing.T) {
	t.Parallel()
	for purpose, granted := range permissions {
		if granted == nil || reflect.ValueOf(*granted).IsZero() {
			t.Errorf("a token for %s is not narrowed", purpose)
		}
	}
}
