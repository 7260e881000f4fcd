package bot

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// noticed is a repository in which there is something to tell of everything: prod is late after a day, the database
// diverges, and only carol lets anything into prod.
var noticed = withRules(`
  dev:
    promote: auto
  prod:
    promote: auto
    approve: [{user: carol}]
    converge_within: 1d
diverge:
  - {components: [app], environments: [prod], reason: an upgrade, owner: acme/data, until: 2026-11-25}
`)

// emergency has carol pass all gates of prod.
func (w *world) emergency(reason string) {
	w.t.Helper()
	w.try(w.store.Write(context.Background(), func(tx *store.Tx) error {
		state, err := tx.State(w.repositoryID())
		if err != nil {
			return err
		}
		override, passed, refusal := promote.Overriding(state, promote.Emergency{Environment: "prod", Reason: reason,
			By: promote.Actor{Person: w.person("carol"), Write: true, Admin: true}})
		if refusal != nil || len(passed) == 0 {
			return fmt.Errorf("the override is refused: %v", refusal)
		}
		if err := tx.Override(w.repositoryID(), "prod", override); err != nil {
			return err
		}
		return tx.Step(w.repositoryID())
	}))
	w.settle()
}

// everywhere are the files of [copying] with another content.
func everywhere(text string) map[string]string {
	return map[string]string{"environments/dev/app/content": text, "environments/staging/app/content": text, "environments/prod/app/content": text}
}

// issues are those of Trunkline's, by their titles.
func (w *world) issues() map[string]githubsim.IssueView {
	found := map[string]githubsim.IssueView{}
	for number := range 50 {
		if issue, err := w.gh.Issue(project, number); err == nil && issue.Author == w.gh.BotLogin() {
			if _, twice := found[issue.Title]; twice {
				w.t.Errorf("there are two issues %q", issue.Title)
			}
			found[issue.Title] = issue
		}
	}
	return found
}

// notices are the comments on a pull request that tell of something once.
func (w *world) notices(number int) (texts []string) {
	w.t.Helper()
	pull, err := w.gh.Pull(project, number)
	w.try(err)
	for _, entry := range pull.Comments(w.gh.BotLogin()) {
		if text, _, is := strings.Cut(entry.Body, "\n\n<!-- trunkline: notice"); is {
			texts = append(texts, text)
		}
	}
	return texts
}

// Whatever goes wrong with the calls, people are told everything once.
func TestNoticesAreShownOnce(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	for name, fault := range map[string]githubsim.Fault{
		"nothing":                           {Operation: "meta/get"},
		"bad gateway":                       {Status: 502, Times: 1},
		"connection lost before the effect": {DropBefore: true, Times: 1},
		"connection lost after the effect":  {DropAfter: true, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, githubsim.RepositoryOptions{Private: true, Files: noticed}, setup{before: func(gh *githubsim.GitHub) {
				for _, operation := range []string{"issues/create", "issues/update", "issues/create-comment", "issues/list-for-repo"} {
					for _, path := range []string{"issues$", "issues/1/comments", "issues/[2-9]/comments", "issues/1$"} {
						one := fault
						if one.Path = path; one.Operation == "" {
							one.Operation = operation
						}
						if _, err := gh.Inject(one); err != nil {
							t.Error(err)
						}
					}
				}
			}})
			number := w.merged(everywhere("2\n"))
			w.passes(25 * time.Hour)
			w.emergency("the certificate runs out")
			w.passes(48 * time.Hour)
			w.toldAll(number)
			w.restart()
			w.settle()
			w.toldAll(number)
		})
	}
}

// toldAll checks what people were told by the story of [TestNoticesAreShownOnce].
func (w *world) toldAll(number int) {
	w.t.Helper()
	issues := w.issues()
	diverging, followed := issues["Planned divergence of app in prod: an upgrade"], issues["Follow up: carol passed gates of prod"]
	if said := diverging.Comments(""); len(issues) != 2 || !strings.HasPrefix(diverging.Body, "@acme/data: Planned divergence of app in prod (an upgrade) ends Thu") ||
		diverging.State != "open" || len(said) != 2 || !strings.Contains(said[1].Body, "is overdue") {
		w.t.Errorf("the issues are %+v", issues)
	}
	if len(followed.Comments("")) != 0 || !strings.Contains(followed.Body, "- [ ] `approve`: needs 1 approval of carol") {
		w.t.Errorf("the emergency is followed up by %+v", followed)
	}
	said := w.notices(number)
	if len(said) != 2 || !strings.HasPrefix(said[0], "⏰ **prod is overdue: it lacks 1 commit") ||
		!strings.Contains(said[1], fmt.Sprintf("carol passed 1 closed gate of prod** to bring `%.7s` there: the certificate runs out. #%d follows it up.", w.newest().SHA, followed.Number)) {
		w.t.Errorf("the pull request was told %q", said)
	}
}

// Secrets that somebody puts into a reason are not shown.
func TestNoticesAreRedacted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Private: true, Files: noticed})
	number := w.merged(everywhere("2\n"))
	w.emergency("the token ghp_" + strings.Repeat("x1Y2", 9) + " and " + w.gh.WebhookSecret() + " do not work")
	text := strings.Join(w.notices(number), "\n")
	for _, issue := range w.issues() {
		text += issue.Body
	}
	if !strings.Contains(text, "do not work") || strings.Contains(text, "x1Y2x1Y2") || strings.Contains(text, w.gh.WebhookSecret()) {
		t.Errorf("it says\n%s", text)
	}
}

// A repository that has no issues is told on the pull request.
func TestEmergencyWithoutIssues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Private: true, Files: noticed})
	if _, err := w.gh.Inject(githubsim.Fault{Operation: "issues/create", Status: 410}); err != nil {
		t.Fatal(err)
	}
	number := w.merged(everywhere("2\n"))
	w.emergency("the certificate runs out")
	if said := w.notices(number); len(said) != 1 || !strings.Contains(said[0], "**To make up for**") {
		t.Errorf("the pull request was told %q", said)
	}
	if calls := w.made("issues/create"); calls != 2 {
		t.Errorf("it was tried %d times to make an issue; want once each for the divergence and the emergency", calls)
	}
}

// made counts the calls of an operation.
func (w *world) made(operation string) (count int) {
	for _, call := range w.gh.Calls() {
		if call.Operation == operation {
			count++
		}
	}
	return count
}

// Where no pull request is late, an issue tells that an environment is.
func TestOverdueWithoutPullRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Private: true, Files: withRules("\n  dev:\n  prod:\n    converge_within: 1d\n")})
	_, err := w.gh.As("bob").Push(project, "main", "Change", contents("2\n"))
	w.try(err)
	w.settle()
	w.passes(3 * 24 * time.Hour)
	if issues := w.issues(); len(issues) != 1 || !strings.Contains(issues["prod is overdue"].Body, "dev has not proven") {
		t.Errorf("the issues are %+v", issues)
	}
}

// The owner of a hold hears on the pull request where it was put on that somebody lifted it, and why.
func TestLiftedHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Private: true, Files: copying})
	number := w.merged(everywhere("2\n"))
	bob := w.person("bob")
	w.try(w.store.Write(context.Background(), func(tx *store.Tx) error {
		id := w.repositoryID()
		if err := tx.Hold(id, "prod", promote.Hold{Kind: promote.Held, Owner: bob, Reason: "we look"}, number); err != nil {
			return err
		}
		state, err := tx.State(id)
		if err != nil {
			return err
		}
		hold := state.Environments["prod"].Holds[0]
		return tx.Notice(id, promote.Notice{Kind: promote.NoticeLifted, Environment: "prod", Subject: fmt.Sprint(hold.ID), Owner: "bob",
			Text: "alice lifted the hold of bob, because it is over"})
	}))
	w.settle()
	if said := w.notices(number); len(said) != 1 || said[0] != "@bob: alice lifted the hold of bob, because it is over.\n" {
		t.Errorf("the pull request was told %q", said)
	}
}
