package promote

import "github.com/trunkline/trunkline/config"

// twice merges and deploys to dev, two times.
func (w *world) deployed(paths ...string) (first, second Commit) {
	first = w.merge(ann, bob)
	w.end("dev", Succeeded)
	second = w.merge(ann, bob, paths...)
	w.end("dev", Succeeded)
	return first, second
}

// failed has a third commit fail in dev.
func (w *world) failed(touched bool) Commit {
	commit := w.merge(ann, bob)
	w.end("dev", Failed)
	w.change("dev", func(e *Environment) {
		e.Last.Touched, e.History[len(e.History)-1].Touched = touched, touched
	})
	return commit
}

var backExamples = []example{
	{"/rollback moon", func(w *world) *Refusal { return w.back("moon", "", ann) }},
	{"/rollback dev, with an error on trunk", func(w *world) *Refusal {
		w.state.Problems = config.Problems{{File: config.Path, At: config.Position{Line: 3, Column: 1}, Message: `unknown key "x"`}}
		return w.back("dev", "", ann)
	}},
	{"/rollback dev, which is being deployed", func(w *world) *Refusal { w.merge(ann, bob); return w.back("dev", "", ann) }},
	{"/rollback dev, which is going back", func(w *world) *Refusal { w.deployed(); w.back("dev", "", ann); return w.back("dev", "", ann) }},
	{"/rollback dev, which runs what is not on trunk any more", func(w *world) *Refusal {
		w.state.Trunk = w.state.Trunk[1:]
		w.merge(ann, bob)
		return w.back("dev", "", ann)
	}},
	{"/rollback dev to fffffff", func(w *world) *Refusal { w.deployed(); return w.back("dev", "fffffff", ann) }},
	{"/rollback dev to what ran before Trunkline", func(w *world) *Refusal { w.deployed(); return w.back("dev", w.state.Trunk[0].SHA, ann) }},
	{"/rollback dev to what it runs", func(w *world) *Refusal { _, second := w.deployed(); return w.back("dev", second.SHA, ann) }},
	{"/rollback dev to what it went back from", func(w *world) *Refusal {
		_, second := w.deployed()
		w.back("dev", "", ann)
		w.end("dev", Succeeded)
		return w.back("dev", second.SHA, ann)
	}},
	{"/rollback dev, which went back", func(w *world) *Refusal {
		w.deployed()
		w.back("dev", "", ann)
		w.end("dev", Succeeded)
		return w.back("dev", "", ann)
	}},
	{"/rollback dev, which could not go back", func(w *world) *Refusal {
		w.deployed()
		w.failed(true)
		w.back("dev", "", ann)
		w.end("dev", Failed)
		return w.back("dev", "", ann)
	}},
	{"/rollback dev, where a deployment failed before anything was applied", func(w *world) *Refusal {
		w.deployed()
		w.failed(false)
		return w.back("dev", "", ann)
	}},
	{"/rollback dev, where nothing has ever succeeded", func(w *world) *Refusal { w.failed(true); return w.back("dev", "", ann) }},
	{"/rollback dev, where nothing came before", func(w *world) *Refusal {
		w.merge(ann, bob)
		w.end("dev", Succeeded)
		return w.back("dev", "", ann)
	}},
	{"/rollback dev, over what is declared irreversible", func(w *world) *Refusal {
		w.state.Rules.Environments[0].Rollback.Irreversible = []string{"data/**"}
		w.deployed("data/2026/purge.sql")
		return w.back("dev", "", ann)
	}},
	{"/rollback dev, over a contract step", func(w *world) *Refusal { w.deployed("db/1_contract.sql"); return w.back("dev", "", ann) }},
	{"/promote dev, which is to go back", func(w *world) *Refusal {
		w.state.Rules.Environments[0].Rollback.Approve = []config.ApproveRule{{Who: config.Who{Teams: []string{"acme/product"}}, Count: 1}}
		w.deployed()
		w.back("dev", "", ann)
		return w.ask("dev", "", ann, false)
	}},
	{"/retry dev, which is to go back", func(w *world) *Refusal {
		w.state.Rules.Environments[0].Rollback.Approve = []config.ApproveRule{{Who: config.Who{Teams: []string{"acme/product"}}, Count: 1}}
		w.deployed()
		w.failed(true)
		w.back("dev", "", ann)
		_, refusal := Retried(w.state, "dev")
		return refusal
	}},
}
