package bot

import (
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/command"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/refusaltest"
	"github.com/trunkline/trunkline/promote/store"
)

// typed is a command as Alice types it on #42, which is open.
func typed(text string) asked {
	return asked{Parsed: command.Parse(text)[0], repository: store.Repository{Trunk: "main"}, pull: 42, actor: promote.Actor{Person: promote.Person{ID: 1, Login: "alice"}, Write: true}}
}

// Every refusal that comes before the rules, or after them, to be read by a person. Those of the grammar and of the rules are
// in files of their own.
func TestEveryRefusal(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	open := store.PullRequest{Number: 42, Phase: store.PullOpen, Base: "main", Head: "4d03e7700000000000000000000000000000beef"}
	merged, other := open, open
	merged.Phase, other.Base = store.PullMerged, "release"
	approval := promote.Approval{Environment: "prod", To: open.Head, PlanDigest: "another"}
	old := typed("/trunkline promote prod")
	old.at = now.Add(-150 * time.Minute)
	hold := typed("/hold prod cache databse until 2h because of a migration")
	hold.components = []string{"cache", "database"}
	lost := typed("/hold prod moon because of a migration")
	lost.components = hold.components
	reader, app := typed("/status").actor, typed("/status").actor
	reader.Write, app.App = false, true
	rules := promote.State{}
	text := func(refusal *promote.Refusal) string {
		if refusal == nil {
			t.Error("it was taken")
			return ""
		}
		return refusal.Text()
	}

	book := refusaltest.Book{File: "../testdata/refusals/commands.txt", Source: ".", Update: *update}
	book.Add("anything, where there is no configuration", typed("/status").refuse(rules, open, true, false))
	book.Add("/promote dev, on an open pull request", typed("/promote dev").refuse(withProd(now), open, true, true))
	book.Add("/plan, on a merged pull request", text(plannable(typed("/plan"), merged, true)))
	book.Add("/plan, on a pull request into another branch", text(plannable(typed("/plan"), other, true)))
	book.Add("/plan at 1234567", text(plannable(typed("/plan at 1234567"), open, true)))
	previewed, broken, untrusted := withProd(now), promote.State{Problems: config.Problems{{Message: "x"}}}, typed("/preview")
	previewed.Rules.Preview = config.Preview{From: "dev", Limit: 2}
	trusted := untrusted
	trusted.trusted = open.Head
	book.Add("/preview, where the configuration has none", text(trusted.previewable(withProd(now), open, true)))
	book.Add("/preview, where the configuration has an error", text(trusted.previewable(broken, open, true)))
	book.Add("/preview, on a merged pull request", text(trusted.previewable(previewed, merged, true)))
	book.Add("/preview, on a pull request into another branch", text(trusted.previewable(previewed, other, true)))
	book.Add("/preview at 1234567", text(typed("/preview at 1234567").previewable(previewed, open, true)))
	book.Add("/preview, of what a stranger wrote", text(untrusted.previewable(previewed, open, true)))
	book.Add("/preview, where there are two already", tooMany([]int{7, 12}, 2).Text())
	book.Add("/preview off, where there is nothing", nothingToEnd().Text())
	book.Add("/preview, while the one before is destroyed", stillThere().Text())
	book.Add("/preview, by who may only read", text(authorise(rules, reader, actPreview, "")))
	book.Add("/trunkline promote prod, read 2½ hours later", text(old.tooOld(now)))
	book.Add("/approve prod, of a pull request that is everywhere", text(typed("/approve prod").nothingShown()))
	book.Add("/approve prod, whose plan is another one than was shown", text(notShown(shown{}, 42, approval)))
	book.Add("/hold prod cache databse until 2h because of a migration", text(hold.unknownComponent()))
	book.Add("/hold prod moon because of a migration", text(lost.unknownComponent()))
	book.Add("anything, by an App", text(authorise(rules, app, actPlan, "")))
	book.Add("/plan, by who may only read", text(authorise(rules, reader, actPlan, "")))
	book.Add("/promote prod, by who may only read", text(authorise(rules, reader, actPromote, "prod")))
	book.Add("/unhold prod, by who may only read", text(authorise(rules, reader, actUnhold, "prod")))
	book.Add("/status, by who may only read and is named nowhere", text(authorise(rules, reader, actTell, "")))
	book.Add("something that nobody may do", text(authorise(rules, typed("/status").actor, "dance", "")))
	book.Check(t)
}
