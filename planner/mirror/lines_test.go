package mirror

import (
	"bufio"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChangedLines(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t)
	before := origin.commit("Before", "a.tf", "1\n2\n3\n4\n5\n6\n", "gone.tf", "x\n", "same.tf", "x\n", "with space.tf", "1\n", "ü\t.tf", "1\n")
	origin.git("rm", "--quiet", "gone.tf")
	after := origin.commit("After", "a.tf", "0\n1\n3\nfour\nfour and a half\n5\n6", "new.tf", "--- a/x\n+++ b/y\n@@ -1 +1 @@\n", "with space.tf", "2\n",
		"ü\t.tf", "2\n", "binary", "\x00\x01")
	lines, err := origin.mirror().ChangedLines(t.Context(), before, after)
	if err != nil {
		t.Fatal(err)
	}
	want := Lines{
		"a.tf":          {{0, 0, 1, 1}, {2, 1, 2, 0}, {4, 1, 4, 2}, {6, 1, 7, 1}},
		"new.tf":        {{0, 0, 1, 3}},
		"with space.tf": {{1, 1, 1, 1}},
		"ü\t.tf":        {{1, 1, 1, 1}},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	for _, test := range []struct{ first, last, want int }{{1, 1, 1}, {2, 3, 0}, {2, 9, 4}, {5, 5, 5}, {6, 6, 0}, {1, 100, 1}} {
		if got := lines.FirstIn("a.tf", test.first, test.last); got != test.want {
			t.Errorf("the first of lines %d to %d is %d, want %d", test.first, test.last, got, test.want)
		}
	}
	for line, want := range map[int]int{1: 0, 2: 1, 3: 3, 4: 0, 5: 0, 6: 5, 7: 0} {
		if got := lines.Before("a.tf", line); got != want {
			t.Errorf("line %d was %d, want %d", line, got, want)
		}
	}
	if lines.FirstIn("same.tf", 1, 9) != 0 || lines.Before("same.tf", 7) != 7 {
		t.Error("a file that is the same differs")
	}
}

func FuzzPatch(f *testing.F) {
	f.Add("+++ b/a\n@@ -1 +1,2 @@\n-x\n+y\n+z\n\\ No newline at end of file\n")
	f.Add("+++ \"b/\\303\\274\"\n@@ -0,0 +1 @@\n+x")
	f.Fuzz(func(t *testing.T, patch string) {
		lines := Lines{}
		if lines.parse(bufio.NewReader(strings.NewReader(patch))) != nil {
			return
		}
		for file := range lines {
			lines.FirstIn(file, 1, 10)
			lines.Before(file, 5)
		}
	})
}
