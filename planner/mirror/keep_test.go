package mirror

import "testing"

// A commit that nothing names any more stays as long as it is kept.
func TestKeep(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	o.commit("First", "a", "1")
	o.git("checkout", "--quiet", "-b", "change")
	sha := o.commit("Change", "a", "2")
	mirror := o.mirror()
	const ref = "refs/trunkline/ephemeral/7/1"
	for range 2 {
		if err := mirror.Keep(t.Context(), ref, sha); err != nil {
			t.Fatal(err)
		}
	}
	o.git("checkout", "--quiet", "main")
	o.git("branch", "-D", "change")
	if _, err := mirror.Follow(t.Context(), "refs/heads/"); err != nil {
		t.Fatal(err)
	}
	prune := func() {
		t.Helper()
		if _, err := mirror.run(t.Context(), invocation{args: []string{"prune", "--expire=now"}}); err != nil {
			t.Fatal(err)
		}
		mirror.has.Clear()
	}
	prune()
	if have, err := mirror.Has(t.Context(), sha); err != nil || !have {
		t.Errorf("it is there: %t (%v)", have, err)
	}
	for range 2 { // the second time there is nothing
		if err := mirror.LetGo(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
	}
	// A fetch packs what it gets, and a pack is not pruned; the ref alone is what was to go.
	if tip, err := mirror.Tip(t.Context(), ref); err != nil || tip != "" {
		t.Errorf("the ref is %q (%v)", tip, err)
	}
	for _, wrong := range []string{"main", "refs/../x", "-d"} {
		if mirror.Keep(t.Context(), wrong, sha) == nil || mirror.LetGo(t.Context(), wrong) == nil {
			t.Errorf("%q was taken for a ref", wrong)
		}
	}
	if mirror.Keep(t.Context(), ref, "HEAD") == nil {
		t.Error("HEAD was taken for a commit")
	}
}
