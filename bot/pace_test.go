package bot

import (
	"testing"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// While plans come in there are two edits, however long that takes: at once, and when most of the plans are there.
func TestPace(t *testing.T) {
	t.Parallel()
	alice, bob := promote.Person{ID: 1, Login: "alice"}, promote.Person{ID: 2, Login: "bob"}
	var p pace
	pull := store.PullRequest{Repository: 7, Number: 1, Author: alice, Pusher: alice, PreviewPhase: store.PreviewPlanning,
		PreviewHead: "a", Preview: planner.Preview{Instances: make([]planner.InstancePreview, 4)}}
	done := func(n int) {
		for i := range pull.Preview.Instances {
			pull.Preview.Instances[i].Outcome = planner.Waiting
			if i < n {
				pull.Preview.Instances[i].Outcome = planner.Planned
			}
		}
	}
	later := func() {
		last := p.edits[7][1]
		last.at = last.at.Add(-secondEdit)
		p.edits[7][1] = last
	}
	due := func(what string, want bool) {
		t.Helper()
		if got := p.due(pull); got != want {
			t.Errorf("%s: due %v, want %v", what, got, want)
		}
	}
	done(0)
	due("at once", true)
	done(3)
	due("most, but just after the first", false)
	later()
	done(2)
	due("half", false)
	done(3)
	due("most", true)
	later()
	due("still most", false)
	pull.PreviewHead = "b"
	pull.Pusher = bob
	due("another head", true)
	later()
	due("most, of what somebody else pushed", false)
	pull.PreviewPhase = store.PreviewDone
	due("the result", true)
	due("the result again", true)
}
