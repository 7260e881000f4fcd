package mirror

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFollow(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	o.commit("Begin", "a", "0\n")
	o.git("branch", "queue/other")
	o.git("switch", "--quiet", "-c", "queue/main/one")
	first := o.commit("First", "a", "1\n")
	o.git("switch", "--quiet", "main")
	mirror := Open(filepath.Join(t.TempDir(), "mirror"), o.dir, nil)
	follow := func(want map[string]string) {
		t.Helper()
		got, err := mirror.Follow(t.Context(), "refs/heads/queue/main/", "+refs/heads/main:refs/heads/main")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("followed refs (-want +got):\n%s", diff)
		}
	}
	follow(map[string]string{"refs/heads/queue/main/one": first})

	second := o.commit("Second", "a", "2\n")
	o.git("branch", "-D", "queue/main/one")
	o.git("branch", "queue/main/one/more") // where a ref was there is a folder now
	follow(map[string]string{"refs/heads/queue/main/one/more": second})
	if tip, err := mirror.Tip(t.Context(), "refs/heads/main"); err != nil || tip != second {
		t.Errorf("main is at %s, want %s: %v", tip, second, err)
	}
	// What was fetched stays to be used, though no ref names it.
	if have, err := mirror.Has(t.Context(), first); err != nil || !have {
		t.Errorf("the mirror has the first commit: %v, %v", have, err)
	}
	o.git("branch", "-D", "queue/main/one/more")
	follow(map[string]string{})
	for _, prefix := range []string{"heads/", "refs/heads/../", "--upload-pack=x", "refs/heads/*"} {
		if _, err := mirror.Follow(t.Context(), prefix); err == nil {
			t.Errorf("%q was taken for the beginning of a ref", prefix)
		}
	}
}
