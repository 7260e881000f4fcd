package bot

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// pagesOfThree are environments with a page each; the last is in production, though its name does not say so.
const pagesOfThree = `
environments:
  dev: {promote: auto, url: "https://{environment}.example.com/?v={commit}"}
  staging: {promote: auto, url: "https://${HOST}", variables: {HOST: staging.example.com}}
  blue: {promote: auto, production: true, stacks: [prod]}
`

// deploymentsIn are the GitHub deployments of an environment, oldest first.
func (w *world) deploymentsIn(environment string) (found []githubsim.DeploymentView) {
	w.t.Helper()
	all, err := w.gh.Deployments(project)
	must(w.t, err)
	for _, one := range slices.Backward(all) {
		if one.Environment == environment {
			found = append(found, one)
		}
	}
	return found
}

// Each environment has one deployment for each commit that it got. The newest is what runs there, the others are not active
// any more, also in production and where the environment is gone from the configuration.
func TestDeploymentsOnGitHub(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	files := threeEnvironments(pagesOfThree)
	w := newWorld(t, githubsim.RepositoryOptions{Files: files, Private: true})
	first, last := w.rolloutCommits(1), ""
	for number := 2; number <= 3; number++ {
		last = w.rolloutCommits(number)
	}
	for _, environment := range []string{"dev", "staging", "blue"} {
		made := w.deploymentsIn(environment)
		if len(made) != 3 || made[0].SHA != first || made[2].SHA != last {
			t.Fatalf("%s has the deployments %+v; want one for each of three commits", environment, made)
		}
		for i, one := range made {
			want := []string{"in_progress", "success", "inactive"}
			if i == 2 {
				want = want[:2]
			}
			if states := statesOf(one); !slices.Equal(states, want) {
				t.Errorf("deployment %d of %s went through %v; want %v", i+1, environment, states, want)
			}
			if one.Production != (environment == "blue") {
				t.Errorf("deployment %d of %s is in production: %v", i+1, environment, one.Production)
			}
		}
		page := map[string]string{"dev": "https://dev.example.com/?v=" + last, "staging": "https://staging.example.com", "blue": ""}[environment]
		if status := made[2].Statuses[len(made[2].Statuses)-1]; status.EnvironmentURL != page {
			t.Errorf("%s is found at %q; want %q", environment, status.EnvironmentURL, page)
		}
	}
	rules := strings.ReplaceAll(files[".github/trunkline.yml"], "$DEPLOYED", w.deployed)
	_, after, _ := strings.Cut(rules, "  staging:")
	_, after, _ = strings.Cut(after, "\n")
	before, _, _ := strings.Cut(rules, "  staging:")
	rules = before + after
	must(t, second(w.gh.As("carol").Push(project, "main", "No staging", map[string]*string{".github/trunkline.yml": &rules})))
	w.settle()
	for environment, want := range map[string]string{"dev": "success", "staging": "inactive", "blue": "success"} {
		if made := w.deploymentsIn(environment); made[len(made)-1].State != want {
			t.Errorf("without staging in the configuration the newest deployment of %s is %s; want %s", environment, made[len(made)-1].State, want)
		}
	}
}

// rolloutCommits rolls a pull request out and returns its commit on trunk.
func (w *world) rolloutCommits(number int) string {
	w.t.Helper()
	w.rolloutCalls(number, false)
	repository, err := w.gh.Repository(project)
	must(w.t, err)
	return repository.Branches["main"]
}

func statesOf(d githubsim.DeploymentView) (states []string) {
	for _, status := range d.Statuses {
		states = append(states, status.State)
	}
	return states
}

// A deployment whose success GitHub hears of late, after that of the next one, does not come back to life; one that somebody
// deleted does not keep others from being shown.
func TestLateAndDeletedDeployments(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]githubsim.Fault{
		"late":    {Operation: "repos/create-deployment-status", Status: 502, Times: 1},
		"deleted": {Operation: "repos/create-deployment-status", Status: 404, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubsim.RepositoryOptions{Files: threeEnvironments("environments:\n  dev: {promote: auto}\n"), Private: true})
			answer := make(chan struct{})
			must(t, second(w.gh.Inject(githubsim.Fault{Operation: "repos/create-deployment", Until: answer})))
			for number := 1; number <= 2; number++ {
				text := fmt.Sprintf("number %d\n", number)
				must(t, second(w.gh.As("alice").Push(project, "main", "Change", map[string]*string{"environments/dev/component0/content": &text})))
				waitFor(t, "dev runs "+text, func() bool { runs, err := w.read("dev-component0"); return err == nil && runs == text })
			}
			must(t, second(w.gh.Inject(fault)))
			close(answer)
			w.settle()
			made := w.deploymentsIn("dev")
			if len(made) != 2 || made[1].State != "success" || slices.Contains(statesOf(made[1]), "inactive") {
				t.Fatalf("dev has the deployments %+v", made)
			}
			if made[0].State != "inactive" {
				t.Errorf("the first deployment is %q; want it inactive", made[0].State)
			}
		})
	}
}
