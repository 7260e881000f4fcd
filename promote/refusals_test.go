package promote

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/refusaltest"
)

// example is a way to be refused.
type example struct {
	asked  string
	refuse func(w *world) *Refusal
}

func (w *world) override(e Emergency) *Refusal {
	_, _, refusal := Overriding(w.state, e)
	return refusal
}

func (w *world) lift(actor Actor, reason string) *Refusal {
	_, refusal := Lift(w.state, actor, "prod", reason)
	return refusal
}

func (w *world) says(c Consent) *Refusal {
	_, refusal := Approve(w.state, c)
	return refusal
}

// waits merges a commit and brings it as far as to wait for prod, planned.
func (w *world) waits() Commit {
	commit := w.merge(people[0], people[1])
	w.end("dev", Succeeded)
	w.plan()
	return commit
}

func (w *world) heldBy(h Hold) {
	w.change("prod", func(e *Environment) { h.ID, h.From = w.id(), w.state.Now; e.Holds = append(e.Holds, h) })
}

const refusing = `
version: 1
stacks: {layout: folders, path: "environments/{environment}/{component}"}
environments:
  dev: {promote: auto}
  prod:
    after: [dev]
    approve: [{team: acme/product}, {team: acme/platform}]
    allow: {promote: [ann, acme/platform], hold: acme/platform}
  free: {after: [dev], allow: {override: acme/platform}}
  single: {after: [], one_by_one: true}
migrations:
  - {name: schema, expand: "db/*_expand.sql", contract: "db/*_contract.sql"}
`

func actor(p Person, write, admin bool) Actor { return Actor{Person: p, Write: write, Admin: admin} }

var (
	ann, bob, cho, dan, eve = people[0], people[1], people[2], people[3], people[4]
	gil                     = people[6]
)

var examples = []example{
	{"/promote moon", func(w *world) *Refusal { return w.ask("moon", "", ann, false) }},
	{"/promote dev, with an error on trunk", func(w *world) *Refusal {
		w.state.Problems = config.Problems{{File: config.Path, At: config.Position{Line: 3, Column: 1}, Message: `unknown key "x"`}}
		return w.ask("dev", "", ann, false)
	}},
	{"/promote dev, which runs what is not on trunk any more", func(w *world) *Refusal {
		w.state.Trunk = w.state.Trunk[1:]
		w.merge(ann, bob)
		return w.ask("dev", "", ann, false)
	}},
	{"/promote dev to fffffff", func(w *world) *Refusal { w.merge(ann, bob); return w.ask("dev", "fffffff", ann, true) }},
	{"/promote dev, which is being deployed", func(w *world) *Refusal { w.merge(ann, bob); return w.ask("dev", "", ann, false) }},
	{"/promote single to the second before the first", func(w *world) *Refusal {
		w.merge(ann, bob)
		return w.ask("single", w.merge(ann, bob).SHA, ann, true)
	}},
	{"/promote dev to what it runs, while there is something newer", func(w *world) *Refusal {
		w.waits()
		w.change("dev", func(e *Environment) { e.Last = nil; e.Runs = w.state.Trunk[0].SHA })
		return w.ask("dev", w.state.Trunk[0].SHA, ann, true)
	}},
	{"/promote dev, which runs everything", func(w *world) *Refusal { return w.ask("dev", "", ann, false) }},
	{"/promote dev to a contract step, too early", func(w *world) *Refusal {
		w.merge(ann, bob, "db/1_expand.sql")
		w.end("dev", Succeeded)
		return w.ask("dev", w.merge(ann, bob, "db/1_contract.sql").SHA, ann, true)
	}},
	{"/promote prod, which formerly came after dev", func(w *world) *Refusal {
		w.rule(rulesText(strings.Replace(refusing, "after: [dev]", "after: []", 1)), "")
		return w.ask("prod", w.state.Trunk[1].SHA, ann, true)
	}},
	{"/promote prod, which dev has not proven", func(w *world) *Refusal { return w.ask("prod", w.merge(ann, bob).SHA, ann, true) }},

	{"/approve moon", func(w *world) *Refusal { return w.approve("moon", dan, "") }},
	{"/approve prod, where nothing waits", func(w *world) *Refusal { return w.approve("prod", dan, "") }},
	{"/approve prod, of what was shown before", func(w *world) *Refusal { w.waits(); return w.approve("prod", dan, w.state.Trunk[0].SHA) }},
	{"/approve free", func(w *world) *Refusal { w.waits(); return w.approve("free", dan, "") }},
	{"/approve prod, approved by all", func(w *world) *Refusal {
		w.waits()
		w.approve("prod", dan, "")
		w.approve("prod", eve, "")
		return w.approve("prod", gil, "")
	}},
	{"/approve prod, by cho", func(w *world) *Refusal { w.waits(); return w.approve("prod", cho, "") }},
	{"/approve prod, by the author", func(w *world) *Refusal {
		w.merge(dan, bob)
		w.end("dev", Succeeded)
		w.plan()
		return w.approve("prod", dan, "")
	}},
	{"/approve prod, by a co-author", func(w *world) *Refusal {
		w.waits()
		w.state.Trunk[len(w.state.Trunk)-1].CoAuthors = []Person{dan}
		return w.approve("prod", dan, "")
	}},
	{"/approve prod, by who merged it", func(w *world) *Refusal {
		w.merge(ann, dan)
		w.end("dev", Succeeded)
		w.plan()
		return w.approve("prod", dan, "")
	}},
	{"/approve prod, by who asked for it", func(w *world) *Refusal { w.waits(); w.ask("prod", "", eve, false); return w.approve("prod", eve, "") }},
	{"/approve prod, by an App", func(w *world) *Refusal { w.waits(); return w.says(Consent{Environment: "prod", By: dan, App: true}) }},
	{"/approve prod, again", func(w *world) *Refusal { w.waits(); w.approve("prod", dan, ""); return w.approve("prod", dan, "") }},
	{"/approve prod, before it is planned", func(w *world) *Refusal { w.merge(ann, bob); w.end("dev", Succeeded); return w.approve("prod", dan, "") }},
	{"/approve prod, which cannot be planned", func(w *world) *Refusal {
		w.waits()
		w.change("prod", func(e *Environment) { e.Plan.Instances[0].Failed = true })
		return w.approve("prod", dan, "")
	}},

	{"anything on moon", func(w *world) *Refusal { return May(w.state, actor(ann, true, true), ActPromote, "moon") }},
	{"/approve free, by dan, who may not write", func(w *world) *Refusal { return May(w.state, actor(dan, false, false), ActApprove, "free") }},
	{"/approve prod, by cho, who may write", func(w *world) *Refusal { return May(w.state, actor(cho, true, false), ActApprove, "prod") }},
	{"/hold prod, by cho", func(w *world) *Refusal { return May(w.state, actor(cho, true, false), ActHold, "prod") }},
	{"/override prod, by ann, who may write", func(w *world) *Refusal { return May(w.state, actor(ann, true, false), ActOverride, "prod") }},
	{"/override free, by ann, who administers the repository", func(w *world) *Refusal { return May(w.state, actor(ann, true, true), ActOverride, "free") }},
	{"/promote prod, by cho", func(w *world) *Refusal { return May(w.state, actor(cho, true, false), ActPromote, "prod") }},
	{"/promote dev, by dan, who may not write", func(w *world) *Refusal { return May(w.state, actor(dan, false, false), ActPromote, "dev") }},
	{"something that no rule is about", func(w *world) *Refusal { return May(w.state, actor(ann, true, true), "dance", "prod") }},

	{"/hold prod", func(w *world) *Refusal { return PutOn(w.state, actor(eve, true, false), "prod", Hold{}) }},
	{"/hold prod until yesterday because x", func(w *world) *Refusal {
		return PutOn(w.state, actor(eve, true, false), "prod", Hold{Reason: "x", Until: w.state.Now.Add(-24 * time.Hour)})
	}},
	{"/unhold prod, which is not held", func(w *world) *Refusal { return w.lift(actor(ann, true, false), "") }},
	{"/unhold prod, held by bob", func(w *world) *Refusal {
		w.heldBy(Hold{Owner: bob, Reason: "a demo", Until: w.state.Now.Add(time.Hour)})
		return w.lift(actor(ann, true, false), "")
	}},
	{"/unhold prod because x, held by bob, by cho", func(w *world) *Refusal {
		w.heldBy(Hold{Owner: bob, Reason: "a demo"})
		return w.lift(actor(cho, true, false), "x")
	}},
	{"/unhold prod, in a freeze", func(w *world) *Refusal {
		w.state.Rules = rulesText(refusing + "freezes: [{from: 2026-11-20, to: 2026-11-30, reason: holidays}]\n")
		return w.lift(actor(ann, true, false), "")
	}},
	{"/unhold prod, which diverges as declared", func(w *world) *Refusal {
		w.state.Rules = rulesText(refusing + "diverge: [{components: [db], environments: [prod], reason: PostgreSQL 13 to 15, owner: acme/data, until: 2026-12-15}]\n")
		return w.lift(actor(ann, true, false), "")
	}},

	{"/override dev", func(w *world) *Refusal { return w.override(Emergency{Environment: "dev", By: actor(ann, true, true)}) }},
	{"/override dev because x, which is being deployed", func(w *world) *Refusal {
		w.merge(ann, bob)
		return w.override(Emergency{Environment: "dev", By: actor(ann, true, true), Reason: "x"})
	}},
	{"/override prod to fffffff because x", func(w *world) *Refusal {
		w.waits()
		return w.override(Emergency{Environment: "prod", By: actor(ann, true, true), Reason: "x", To: "fffffff"})
	}},
	{"/override dev because x, where nothing waits", func(w *world) *Refusal {
		return w.override(Emergency{Environment: "dev", By: actor(ann, true, true), Reason: "x"})
	}},
	{"/override single because x, with open gates", func(w *world) *Refusal {
		w.merge(ann, bob)
		return w.override(Emergency{Environment: "single", By: actor(ann, true, true), Reason: "x"})
	}},

	{"/retry prod, where nothing was deployed", func(w *world) *Refusal { _, refusal := Retried(w.state, "prod"); return refusal }},
	{"/retry dev, which is being deployed", func(w *world) *Refusal { w.merge(ann, bob); _, refusal := Retried(w.state, "dev"); return refusal }},
	{"/retry dev, which succeeded", func(w *world) *Refusal { w.waits(); _, refusal := Retried(w.state, "dev"); return refusal }},
	{"/abort dev, where nothing is under way", func(w *world) *Refusal { _, _, refusal := Stoppable(w.state, "dev"); return refusal }},
}

func rulesText(text string) config.Repository {
	rules, err := config.Parse(config.Path, []byte(text))
	if err != nil {
		panic(fmt.Sprint("the rules of an example: ", err))
	}
	return rules
}

// Every refusal of the rules, to be read by a person: what was asked, and the answer.
func TestEveryRefusal(t *testing.T) {
	t.Parallel()
	book := refusaltest.Book{File: "../testdata/refusals/rules.txt", Source: ".", Update: *update}
	for _, example := range slices.Concat(examples, backExamples, releaseExamples) {
		w := newWorld(rulesText(refusing))
		w.state.People.Users["ann"] = ann.ID
		refusal := example.refuse(w)
		if refusal == nil {
			t.Errorf("%s: it was taken", example.asked)
			continue
		}
		book.Add(example.asked, refusal.Text())
	}
	book.Check(t)
}
