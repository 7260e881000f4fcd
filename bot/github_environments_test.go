package bot

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/bot/githubsim"
)

// A call that fails while environments are made, before it takes effect or after it, changes nothing of what comes of it.
func TestEnvironmentsAreMadeThroughFaults(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	const rules = `
version: 1
stacks: {layout: folders, path: "environments/{environment}/{component}", engine: {plan: "true", apply: "true"}}
environments:
  prod:
    promote: manual
    github: {name: prod/eu, wait_timer: 5m, reviewers: [carol], branches: [trunk, "release/*"], variables: {A: "1"}}
`
	files := map[string]string{".github/trunkline.yml": rules, "environments/prod/app/content": "1\n"}
	want := []githubsim.EnvironmentView{{
		Name: "prod/eu", Guards: []string{"trunkline"}, Variables: map[string]string{"A": "1", "TRUNKLINE_ENVIRONMENT": "prod"},
		EnvironmentRules: githubsim.EnvironmentRules{WaitMinutes: 5, Reviewers: []string{"carol"}, Branches: "custom", Policies: []string{"main", "release/*"}},
	}}
	for i, fault := range []githubsim.Fault{
		{Operation: "apps/get-installation", Status: 502},
		{Operation: "repos/get-all-environments", Status: 502},
		{Operation: "repos/create-or-update-environment", Status: 503},
		{Operation: "repos/create-or-update-environment", DropAfter: true},
		{Operation: "repos/create-deployment-branch-policy", DropBefore: true},
		{Operation: "repos/create-deployment-branch-policy", DropAfter: true, Skip: 1},
		{Operation: "repos/create-deployment-protection-rule", DropAfter: true},
		{Operation: "actions/create-environment-variable", Status: 500},
		{Operation: "actions/create-environment-variable", DropAfter: true, Skip: 1},
	} {
		t.Run(fmt.Sprint(i, " ", fault.Operation), func(t *testing.T) {
			t.Parallel()
			fault.Times = 1
			w := newWorldOf(t, githubsim.RepositoryOptions{Files: files, Private: true}, setup{before: func(gh *githubsim.GitHub) {
				if _, err := gh.Inject(fault); err != nil {
					t.Fatal(err)
				}
			}})
			got, err := w.gh.Environments(project)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
			issues := 0
			for number := range 5 {
				if _, err := w.gh.Issue(project, number); err == nil {
					issues++
				}
			}
			if issues != 0 {
				t.Errorf("%d issues tell of nothing", issues)
			}
		})
	}
}

// A GitHub that has no environments, such as an older Enterprise Server, is done without: nothing is tried again and again, and
// nobody is told in every repository.
func TestNoEnvironmentsOnThisGitHub(t *testing.T) {
	t.Parallel()
	log := &spoken{}
	w := newWorldOf(t, githubsim.RepositoryOptions{Files: rolling, Private: true}, setup{logs: log, github: func(o *githubsim.Options) {
		o.Lacks = []string{"repos/get-all-environments"}
	}})
	w.brings("2\n") // which ends only when nothing is left to try
	if _, err := w.gh.Issue(project, 2); err == nil {
		t.Error("an issue was opened")
	}
	if count := log.count("this GitHub has no environments"); count != 1 {
		t.Errorf("it is named %d times", count)
	}
}
