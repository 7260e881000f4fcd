package bot

import (
	"net/http"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// An installation that has not accepted a permission yet is deployed to all the same. The permission is named once and not asked
// for at every turn, and what could not be shown without it is shown when it is accepted.
func TestPermissionNotAcceptedYet(t *testing.T) {
	t.Parallel()
	log := &spoken{}
	w := newWorldOf(t, githubsim.RepositoryOptions{Files: oneEnvironment(), Private: true}, setup{logs: log})
	must(t, w.gh.Withhold("acme", "deployments"))
	before := len(w.gh.Calls())
	for _, text := range []string{"second", "third"} {
		w.pushes(project, text, text)
		number, err := w.gh.As("alice").OpenPull(project, text, "Change to "+text, "", githubsim.OpenOptions{})
		must(t, err)
		w.settle()
		must(t, second(w.gh.As("bob").Merge(project, number, "squash")))
		w.settle()
		w.runsIn("dev", text)
		if said := w.saidIn(project, number); !strings.Contains(said, "runs in dev") {
			t.Errorf("#%d says:\n%s", number, said)
		}
	}
	refused := 0
	for _, call := range w.gh.Calls()[before:] {
		if call.Operation == "apps/create-installation-access-token" && call.Status == http.StatusUnprocessableEntity {
			refused++
		}
	}
	if refused != 1 || log.count("has not given the App permissions") != 1 {
		t.Errorf("the permission was asked for %d times and named %d times; want once each", refused, log.count("has not given the App permissions"))
	}
	must(t, w.gh.Accept("acme"))
	w.settle()
	if made := w.deploymentsIn("dev"); len(made) != 2 || made[1].State != "success" || made[0].State != "inactive" {
		t.Errorf("when it is accepted GitHub shows %+v", made)
	}
}
