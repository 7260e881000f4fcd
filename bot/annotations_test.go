package bot

import (
	"fmt"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// A scanner that finds more than GitHub takes at a time.
const manyFindings = `
version: 1
stacks: {layout: folders, path: "environments/{environment}/{component}", engine: {plan: "true", apply: "true"}}
environments: {dev: }
checks:
  - name: scanner
    sarif: true
    run: |
      printf '{"version": "2.1.0", "runs": [{"results": ['
      awk '{ printf "%s{\"message\": {\"text\": \"%s\"}, \"locations\": [{\"physicalLocation\": {\"artifactLocation\": {\"uri\": \"list\"}, \"region\": {\"startLine\": %d}}}]}", (NR > 1 ? "," : ""), $0, NR }' list
      printf ']}]}'
`

func TestManyAnnotations(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	for name, fault := range map[string]githubsim.Fault{
		"undisturbed":                  {Operation: "checks/update", Delay: 1, Times: 1},
		"one update fails":             {Operation: "checks/update", Skip: 1, Times: 1, Status: 502},
		"the answer to one is lost":    {Operation: "checks/update", Skip: 1, Times: 1, DropAfter: true},
		"the answer to all is lost":    {Operation: "checks/update", Times: 3, DropAfter: true},
		"the answer to a look is lost": {Operation: "checks/get", Times: 1, DropAfter: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			annotatesOnce(t, fault)
		})
	}
}

// annotatesOnce opens a pull request with 120 findings while something goes wrong.
func annotatesOnce(t *testing.T, fault githubsim.Fault) {
	w := newWorld(t, githubsim.RepositoryOptions{Files: map[string]string{
		".github/trunkline.yml": manyFindings, "environments/dev/app/content": "x", "list": "old\n"}})
	var list strings.Builder
	list.WriteString("old\n")
	for i := range 120 {
		fmt.Fprintf(&list, "line %d\n", i)
	}
	text := list.String()
	if _, err := w.gh.Inject(fault); err != nil {
		t.Fatal(err)
	}
	alice := w.gh.As("alice")
	if _, err := alice.Push(project, "many", "Many lines", map[string]*string{"list": &text}); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.OpenPull(project, "many", "Many lines", "", githubsim.OpenOptions{}); err != nil {
		t.Fatal(err)
	}
	w.settle()
	pull, err := w.gh.Pull(project, 1)
	if err != nil || len(pull.Checks) != 1 {
		t.Fatalf("%+v, %v", pull.Checks, err)
	}
	run := pull.Checks[0]
	if run.Conclusion != "success" || len(run.Annotations) != 120 {
		t.Fatalf("%s with %d annotations", run.Conclusion, len(run.Annotations))
	}
	seen := map[int]bool{}
	for _, one := range run.Annotations {
		seen[one.Start] = true
	}
	if len(seen) != 120 || seen[1] {
		t.Errorf("lines are %v", seen)
	}
}

// All errors of a configuration are annotations, not only the first.
func TestAllProblemsAreAnnotated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Files: map[string]string{
		".github/trunkline.yml": manyFindings, "environments/dev/app/content": "x"}})
	text := strings.Replace(manyFindings, "environments: {dev: }", "environments: {dev: {promot: auto, verfy: []}}\nhoks: []", 1)
	alice := w.gh.As("alice")
	if _, err := alice.Push(project, "wrong", "Wrong", map[string]*string{".github/trunkline.yml": &text}); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.OpenPull(project, "wrong", "Wrong", "", githubsim.OpenOptions{}); err != nil {
		t.Fatal(err)
	}
	w.settle()
	pull, err := w.gh.Pull(project, 1)
	if err != nil || len(pull.Checks) != 1 || pull.Checks[0].Conclusion != "failure" {
		t.Fatalf("%+v, %v", pull.Checks, err)
	}
	var said []string
	for _, one := range pull.Checks[0].Annotations {
		said = append(said, fmt.Sprintf("%s:%d %s", one.Path, one.Start, one.Message))
	}
	for _, want := range []string{"did you mean promote?", "did you mean verify?", "did you mean hooks?"} {
		if !strings.Contains(strings.Join(said, "\n"), want) {
			t.Errorf("no annotation with %q in %q", want, said)
		}
	}
}
