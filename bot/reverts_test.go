package bot

import (
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// rolling is a repository with one environment that moves by itself.
var rolling = map[string]string{
	".github/trunkline.yml": `
version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine: {plan: cat content, apply: "true"}
environments:
  dev: {promote: auto}
`,
	"environments/dev/app/content": "1\n",
}

// brings merges a pull request that changes what dev runs, and waits until it runs that.
func (w *world) brings(content string) (number int) {
	w.t.Helper()
	alice := w.gh.As("alice")
	branch := "change-" + content[:1]
	_, err := alice.Push(project, branch, "Change", map[string]*string{"environments/dev/app/content": &content})
	if err == nil {
		number, err = alice.OpenPull(project, branch, "Change", "", githubsim.OpenOptions{})
	}
	if err == nil {
		_, err = w.gh.As("bob").Merge(project, number, "merge")
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.settle()
	return number
}

// A pull request that takes commits back is opened once, whatever goes wrong on the way.
func TestRevertIsOpenedOnce(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	for name, fault := range map[string]githubsim.Fault{
		"looking fails":                         {Operation: "pulls/list", Status: 502, Times: 1},
		"opening fails":                         {Operation: "pulls/create", Status: 502, Times: 1},
		"the connection breaks before it opens": {Operation: "pulls/create", DropBefore: true, Times: 1},
		"the connection breaks after it opened": {Operation: "pulls/create", DropAfter: true, Times: 1},
		"no token for a while":                  {Operation: "apps/create-installation-access-token", Status: 502, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubsim.RepositoryOptions{Files: rolling, Private: true})
			first := w.brings("2\n")
			last := w.brings("3\n")
			if _, err := w.gh.Inject(fault); err != nil {
				t.Fatal(err)
			}
			if _, err := w.gh.As("carol").Comment(project, last, "/rollback dev with revert"); err != nil {
				t.Fatal(err)
			}
			w.settle()
			opened := 0
			for number := first; number < last+5; number++ {
				pull, err := w.gh.Pull(project, number)
				if err != nil || pull.Author != w.gh.BotLogin() {
					continue
				}
				opened++
				content, err := w.gh.File(project, pull.HeadSHA, "environments/dev/app/content")
				if err != nil || content != "2\n" {
					t.Errorf("#%d holds %q, %v", number, content, err)
				}
			}
			if opened != 1 {
				t.Errorf("%d pull requests take it back", opened)
			}
		})
	}
}
