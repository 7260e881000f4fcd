package bot

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// mostCalls is what a preview may cost, however many instances it has.
const mostCalls = 8

// manyInstances are a repository of so many, in three environments; each plan writes down that it was made.
func manyInstances(count int) map[string]string {
	files := map[string]string{".github/trunkline.yml": `
version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine:
    plan: touch "$DEPLOYED/$TRUNKLINE_ENVIRONMENT-$TRUNKLINE_COMPONENT"; cat content
    apply: "true"
environments:
  dev: {promote: manual}
  staging: {promote: manual}
  prod: {promote: manual}
`}
	for i := range count {
		files[fmt.Sprintf("environments/%s/component%d/content", []string{"dev", "staging", "prod"}[i%3], i/3)] = "first\n"
	}
	return files
}

// changeAll changes all instances of manyInstances.
func changeAll(count int, text string) map[string]*string {
	changes := map[string]*string{}
	for path := range manyInstances(count) {
		if strings.HasPrefix(path, "environments/") {
			changes[path] = &text
		}
	}
	return changes
}

// A preview costs so many calls of GitHub's API and no more, for one instance as for five hundred, by a server that has
// no token yet; nor does the next push, by somebody else, or a preview that was asked for.
func TestCallsOfAPreview(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	for _, count := range []int{1, 30, 500} {
		t.Run(fmt.Sprint(count), func(t *testing.T) {
			t.Parallel()
			c := counting{newWorld(t, githubsim.RepositoryOptions{Files: manyInstances(count), Private: true}), count}
			alice, bob := c.gh.As("alice"), c.gh.As("bob")
			if _, err := alice.Push(project, "change", "Change all", changeAll(count, "second\n")); err != nil {
				t.Fatal(err)
			}
			c.settle()
			c.atMost(cost{mostCalls, count}, "the first push", func() error {
				return second(alice.OpenPull(project, "change", "Change all", "", githubsim.OpenOptions{}))
			})
			c.atMost(cost{mostCalls, count}, "the next push", func() error {
				return second(bob.Push(project, "change", "Change all again", changeAll(count, "third\n")))
			})
			if err := c.gh.RequireMergeQueue(project, githubsim.MergeQueue{Required: []string{checkName, "ci"}}); err != nil {
				t.Fatal(err)
			}
			pull, err := c.gh.Pull(project, 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := bob.Status(project, pull.HeadSHA, "ci", "success"); err != nil {
				t.Fatal(err)
			}
			c.atMost(cost{4, 0}, "a group of the merge queue", func() error { return bob.Enqueue(project, 1) })
			if count > 100 {
				return // as much of this machine as it may have
			}
			// Besides, who asks is looked up and the comment gets its reaction.
			c.atMost(cost{mostCalls + 2, count}, "a preview that was asked for", func() error { return second(bob.Comment(project, 1, "/plan")) })
		})
	}
}

// counting is a world with so many instances and the pull request #1 that changes all of them.
type counting struct {
	*world
	count int
}

// cost is how many calls something may cost at most, and how many plans it makes.
type cost struct{ calls, plans int }

// atMost does something and counts the calls until all is shown.
func (c counting) atMost(most cost, what string, act func() error) {
	c.t.Helper()
	c.forgetPlans()
	c.bot.clients.mu.Lock()
	clear(c.bot.clients.tokens)
	c.bot.clients.mu.Unlock()
	before := len(c.gh.Calls())
	if err := act(); err != nil {
		c.t.Fatal(err)
	}
	c.settle()
	routes, all := map[string]int{}, 0
	for _, call := range c.gh.Calls()[before:] {
		// That missed deliveries are looked for now and then has nothing to do with previews.
		if call.Operation != "apps/list-webhook-deliveries" {
			routes[call.Method+" "+call.Operation]++
			all++
		}
	}
	if all > most.calls {
		c.t.Errorf("%s cost %d calls for %d instances; want %d at most:", what, all, c.count, most.calls)
		for _, route := range slices.Sorted(maps.Keys(routes)) {
			c.t.Errorf("  %3d %s", routes[route], route)
		}
	}
	if planned := c.planned(); planned != most.plans {
		c.t.Errorf("%s had %d instances planned; want %d", what, planned, most.plans)
	}
	pull, err := c.gh.Pull(project, 1)
	if err != nil {
		c.t.Fatal(err)
	}
	if check := pull.Checks[0]; check.Conclusion != "success" {
		c.t.Errorf("after %s the check run is %s %s: %s", what, check.Status, check.Conclusion, check.Title)
	}
}

// planned is how many instances were planned since forgetPlans.
func (c counting) planned() int {
	plans, err := filepath.Glob(filepath.Join(c.deployed, "*"))
	if err != nil {
		c.t.Fatal(err)
	}
	return len(plans)
}

func (c counting) forgetPlans() {
	plans, err := filepath.Glob(filepath.Join(c.deployed, "*"))
	for _, plan := range plans {
		err = errors.Join(err, os.Remove(plan))
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// No call is on the path of the planning workers: while GitHub answers nothing about comments and check runs, everything
// is planned all the same.
func TestNoCallOnThePathOfPlans(t *testing.T) {
	t.Parallel()
	const count = 30
	c := counting{newWorld(t, githubsim.RepositoryOptions{Files: manyInstances(count), Private: true}), count}
	answer := make(chan struct{})
	if _, err := c.gh.Inject(githubsim.Fault{Path: "/(check-runs|issues)", Until: answer}); err != nil {
		t.Fatal(err)
	}
	alice := c.gh.As("alice")
	if _, err := alice.Push(project, "change", "Change all", changeAll(count, "second\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.OpenPull(project, "change", "Change all", "", githubsim.OpenOptions{}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "all is planned", func() bool { return c.planned() == count })
	if pull, err := c.gh.Pull(project, 1); err != nil || len(pull.Checks) > 0 || len(pull.Comments(c.gh.BotLogin())) > 0 {
		t.Errorf("something is shown although GitHub has not answered: %+v, %v", pull, err)
	}
	close(answer)
	c.settle()
	if pull, err := c.gh.Pull(project, 1); err != nil || pull.Checks[0].Conclusion != "success" || len(pull.Comments(c.gh.BotLogin())) != 1 {
		t.Errorf("not everything is shown: %+v, %v", pull, err)
	}
}
