package comment

import (
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/environments"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
)

func emergency() Overridden {
	return Overridden{Environment: "prod", By: promote.Person{ID: 3, Login: "carol"}, At: time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC),
		From: promote.Commit{SHA: "9f1c2ab000000000000000000000000000000000"}, To: promote.Commit{SHA: "4d03e77000000000000000000000000000000000", Pull: 42},
		Reason: "the certificate runs out at noon", Gates: []promote.Gate{
			{Name: promote.GateApprove, Text: "needs 1 approval of acme/platform"},
			{Name: promote.GateFreeze, Text: "frozen until Fri 2027-01-01 00:00 CET: holidays"}}}
}

func divergence() config.Divergence {
	return config.Divergence{Components: []string{"database", "cache-*"}, Environments: []string{"prod"}, Reason: "PostgreSQL 13 to 15",
		Owner: "acme/data", At: config.Position{Line: 31, Column: 5}}
}

func TestNotices(t *testing.T) {
	t.Parallel()
	late := "prod is overdue: it lacks 3 commits, the oldest for 5d2h; needs 1 approval of acme/platform, since Mon 2026-11-23 09:00 CET; it is for acme/platform"
	golden(t, "notice-overdue.md", Overdue(late, Options{}))
	golden(t, "notice-lifted.md", Lifted("bob", "alice lifted the hold of bob (prod is held by bob: we look at the errors), because they are gone", Options{}))
	issue := OverrideIssue(emergency(), Options{})
	golden(t, "issue-override.md", issue.Title+"\n\n"+issue.Body)
	golden(t, "notice-override.md", OverrideFollowed(emergency(), 51, Options{}))
	issue = DivergenceIssue(divergence(), "planned divergence of database, cache-* in prod (PostgreSQL 13 to 15) ends Wed 2026-12-16 00:00 CET", Options{})
	golden(t, "issue-divergence.md", issue.Title+"\n\n"+issue.Body)
	golden(t, "notice-divergence.md", Divergence("acme/data", "planned divergence of database in prod (PostgreSQL 13 to 15) was to end Wed 2026-12-16 00:00 CET, "+
		"and is overdue: `/promote prod` brings the components up, or declare a later end", Options{}))
	golden(t, "notice-divergence-gone.md", DivergenceGone(Options{}))
}

// notices are all of them with the words in every field. Their owners are nobody: to call somebody is what they are for.
func (w words) notices(o Options) map[string]string {
	nobody := " " + w.n(1)
	e := Overridden{Environment: w.n(1), By: promote.Person{Login: nobody}, At: noon, From: promote.Commit{SHA: w.n(2)},
		To: promote.Commit{SHA: w.n(3), Title: w.n(4), Pull: 9002}, Reason: w.n(5), Gates: []promote.Gate{{Name: w.n(6), Text: w.n(7)}}}
	d := config.Divergence{Components: []string{w.n(1)}, Environments: []string{w.n(2)}, Reason: w.n(3), Owner: nobody}
	return map[string]string{
		"environments": EnvironmentsIssue(w.environments(), o).Body, "blind": EnvironmentsIssue(environments.Report{Blind: w.n(1)}, o).Body,
		"put back": PutBackIssue(PutBack{Environment: w.n(1), What: []string{w.n(2), w.n(3)}}, o).Body, "put back too": PutBackToo(PutBack{Environment: w.n(1), What: []string{w.n(2)}}, o),
		"overdue": Overdue(w.n(1), o), "lifted": Lifted(nobody, w.n(2), o), "override": OverrideIssue(e, o).Body,
		"followed": OverrideFollowed(e, 9001, o), "divergence": DivergenceIssue(d, w.n(1), o).Body, "diverges": Divergence(nobody, w.n(2), o),
	}
}

func TestMentions(t *testing.T) {
	t.Parallel()
	for owner, want := range map[string]string{
		"bob": "@bob", "acme/data_team.2": "@acme/data_team.2", "a-b-c": "@a-b-c",
		"": "(none)", "bob ": "bob", "-bob": "\\-bob", "bob @all": "bob @" + breaker + "all", "acme/": "acme/", "a/b/c": "a/b/c", "bob\n# x": "bob #" + breaker + " x",
	} {
		if got := mention(owner).markdown(false); got != want {
			t.Errorf("%q is mentioned as %q, want %q", owner, got, want)
		}
	}
}

func TestTitlesAreOneLine(t *testing.T) {
	t.Parallel()
	e, d := emergency(), divergence()
	e.By.Login, d.Reason = strings.Repeat("carol\n", 100), strings.Repeat("long\r\n", 100)
	for _, title := range []string{OverrideIssue(e, Options{}).Title, DivergenceIssue(d, "x", Options{}).Title} {
		if strings.ContainsAny(title, "\r\n") || len([]rune(title)) > 250 {
			t.Errorf("the title is %q", title)
		}
	}
}

func TestNoticesFit(t *testing.T) {
	t.Parallel()
	e := emergency()
	for range 500 {
		e.Gates = append(e.Gates, promote.Gate{Name: promote.GateHold, Text: strings.Repeat("held ", 1000)})
	}
	issue := OverrideIssue(e, Options{})
	if len(issue.Body) > DefaultLimit || !strings.Contains(issue.Body, "452 more gates") {
		t.Errorf("%d bytes that begin with %.100s", len(issue.Body), issue.Body)
	}
}
