package promote

import "testing"

// tookBack has dev go back from a commit to the one before, and its hold be lifted.
func (w *world) tookBack(failed bool) (bad Commit) {
	w.merge(ann, bob)
	w.end("dev", Succeeded)
	bad = w.merge(ann, bob)
	if failed {
		w.end("dev", Failed)
	} else {
		w.end("dev", Succeeded)
	}
	w.change("dev", func(e *Environment) {
		undone := *e.Last
		e.Runs = w.state.Trunk[1].SHA
		e.Last = &Deployment{ID: w.id(), Environment: "dev", Rollback: true, From: bad.SHA, To: e.Runs, Phase: Succeeded, Started: w.state.Now, Finished: w.state.Now}
		if failed {
			e.Undone = &undone
		}
	})
	return bad
}

// What failed and was taken back does not come again by itself, only because its hold is lifted; what was good does.
func TestWhatWasTakenBackDoesNotComeAgain(t *testing.T) {
	t.Parallel()
	starts := func(w *world) string {
		if d := Decide(w.state)[0]; d.Start != nil {
			return d.Start.To.SHA
		}
		return ""
	}
	for _, failed := range []bool{true, false} {
		w := newWorld(parsed(t, "environments:\n  dev: {promote: auto}\n"))
		bad := w.tookBack(failed)
		switch got := starts(w); {
		case failed && got != "":
			t.Errorf("%s comes again by itself", got)
		case failed:
			if gate := w.gate("dev", GateFailed); gate.Open || gate.Text != "the deployment of "+Short(bad.SHA)+" failed, and was taken back" || gate.Command != "/promote dev" {
				t.Errorf("got %+v", gate)
			}
		case got != bad.SHA:
			t.Errorf("%q comes, want %s, which had succeeded", got, bad.SHA)
		}
		w.change("dev", func(e *Environment) { e.Request = &Request{Environment: "dev", To: bad.SHA, By: ann} })
		if got := starts(w); got != bad.SHA {
			t.Errorf("where somebody asks comes %q, want %s", got, bad.SHA)
		}
		w.change("dev", func(e *Environment) { e.Request = nil })
		remedy := Commit{SHA: "remedy", Position: bad.Position + 1, Merged: w.state.Now}
		w.state.Trunk = append(w.state.Trunk, remedy)
		if got := starts(w); got != remedy.SHA {
			t.Errorf("with its remedy comes %q, want that", got)
		}
	}
}

// One by one, what was taken back goes along with what comes next: by itself it would only be taken back again.
func TestOneByOneAfterARollback(t *testing.T) {
	t.Parallel()
	for _, failed := range []bool{true, false} {
		w := newWorld(parsed(t, "environments:\n  dev: {promote: auto, one_by_one: true}\n"))
		bad := w.tookBack(failed)
		remedy := Commit{SHA: "remedy", Position: bad.Position + 1, Merged: w.state.Now}
		w.state.Trunk = append(w.state.Trunk, remedy, Commit{SHA: "later", Position: bad.Position + 2, Merged: w.state.Now})
		decision := Decide(w.state)[0]
		if decision.Promotion == nil || decision.Promotion.To.SHA != remedy.SHA || len(decision.Promotion.Commits) != 2 {
			t.Errorf("the next step is %+v, want %s with its remedy", decision.Promotion, Short(bad.SHA))
		}
	}
}
