package mirror

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func TestRevert(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t)
	base := origin.commit("Base", "a", "1\n", "b", "1\n")
	first := origin.commit("First", "a", "2\n", "c", "new\n")
	second := origin.commit("Second", "b", "2\n")
	tip := origin.commit("Later", "d", "1\n")
	clash := origin.commit("Clash", "a", "3\n")
	mirror, ctx := origin.mirror(), t.Context()
	revert := Reverting{Tip: tip, From: base, To: second, Message: "Take it back\n\nCo-authored-by: Carol <c@example.com>", At: time.Unix(1_800_000_000, 0)}

	made, err := mirror.Revert(ctx, revert)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "1\n", "b": "1\n", "d": "1\n"} {
		if content, err := mirror.ReadFile(ctx, made, name); err != nil || string(content) != want {
			t.Errorf("%s is %q, %v", name, content, err)
		}
	}
	if content, err := mirror.ReadFile(ctx, made, "c"); err == nil {
		t.Errorf("c came with the range, and is %q", content)
	}
	if commits, err := mirror.FirstParents(ctx, tip, made); err != nil || len(commits) != 1 || commits[0].Subject != "Take it back" {
		t.Errorf("what leads there is %+v, %v", commits, err)
	}
	if again, err := origin.mirror().Revert(ctx, revert); err != nil || again != made {
		t.Errorf("another mirror made %s, %v; want %s", again, err, made)
	}

	var conflict *Conflict
	if _, err := mirror.Revert(ctx, Reverting{Tip: clash, From: base, To: first}); !errors.As(err, &conflict) || !slices.Equal(conflict.Files, []string{"a"}) {
		t.Errorf("the conflict is %v", err)
	}
	if nothing, err := mirror.Revert(ctx, Reverting{Tip: made, From: base, To: second}); err != nil || nothing != made {
		t.Errorf("what is taken back already gives %s, %v", nothing, err)
	}

	if err := mirror.Push(ctx, made, "trunkline/revert-1", nil); err != nil {
		t.Fatal(err)
	}
	if err := mirror.Push(ctx, made, "trunkline/revert-1", nil); err != nil {
		t.Errorf("pushing it again: %v", err)
	}
	if there := origin.git("rev-parse", "refs/heads/trunkline/revert-1"); there != made {
		t.Errorf("the branch is at %s", there)
	}
	origin.git("config", "receive.denyNonFastForwards", "true")
	if err := mirror.Push(ctx, base, "trunkline/revert-1", nil); !errors.As(err, new(*Rejected)) {
		t.Errorf("a push that is not taken: %v", err)
	}
}
