package mirror

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChangedPaths(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t)
	first := origin.commit("First", "db/a b.sql", "1", "moved", "the same text in both\n", "gone", "1", "same", "1")
	origin.git("mv", "moved", "ü\n\"new\"")
	origin.git("rm", "--quiet", "gone")
	second := origin.commit("Second", "db/a b.sql", "2", "deep/er/new", "1")
	mirror := origin.mirror()
	paths, err := mirror.ChangedPaths(t.Context(), first, second)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"db/a b.sql", "deep/er/new", "gone", "moved", "ü\n\"new\""}, paths); diff != "" {
		t.Error(diff)
	}
	if paths, err = mirror.ChangedPaths(t.Context(), "", first); err != nil || !cmp.Equal(paths, []string{"db/a b.sql", "gone", "moved", "same"}) {
		t.Errorf("the first commit brings %q, %v", paths, err)
	}
	if paths, err = mirror.ChangedPaths(t.Context(), first, first); err != nil || len(paths) != 0 {
		t.Errorf("between a commit and itself are %q, %v", paths, err)
	}
	if _, err = mirror.ChangedPaths(t.Context(), "--output=x", first); err == nil {
		t.Error("an option is taken for a commit")
	}
}

func TestBrought(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t)
	first := origin.commit("First", "a", "1")
	origin.git("checkout", "--quiet", "-b", "topic")
	origin.git("commit", "--quiet", "--allow-empty", "--author=Bob <bob@example.com>", "-m", "Topic\n\nCo-authored-by: Carol <carol@example.com>")
	origin.git("checkout", "--quiet", "main")
	origin.git("merge", "--quiet", "--no-ff", "-m", "Merge", "topic")
	merge := origin.git("rev-parse", "HEAD")
	brought, err := origin.mirror().Brought(t.Context(), first, merge)
	if err != nil {
		t.Fatal(err)
	}
	alice, bob := Identity{"Alice", "alice@example.com"}, Identity{"Bob", "bob@example.com"}
	want := []Written{
		{SHA: merge, Author: alice, Committer: alice, Message: "Merge\n"},
		{SHA: origin.git("rev-parse", "topic"), Author: bob, Committer: alice, Message: "Topic\n\nCo-authored-by: Carol <carol@example.com>\n"},
	}
	if diff := cmp.Diff(want, brought); diff != "" {
		t.Error(diff)
	}
	alone, err := origin.mirror().Brought(t.Context(), "", first)
	if err != nil || len(alone) != 1 || alone[0].SHA != first {
		t.Errorf("the first commit alone is %v, %v", alone, err)
	}
	if parents, err := origin.mirror().Parents(t.Context(), merge); err != nil || !cmp.Equal(parents, []string{first, want[1].SHA}) {
		t.Errorf("the parents are %v, %v", parents, err)
	}
	if parents, err := origin.mirror().Parents(t.Context(), first); err != nil || len(parents) != 0 {
		t.Errorf("the first commit has the parents %v, %v", parents, err)
	}
}
