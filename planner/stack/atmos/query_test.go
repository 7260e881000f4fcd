package atmos

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestQueries(t *testing.T) {
	t.Parallel()
	value := map[string]any{
		"a": map[string]any{"b": []any{1, map[string]any{"c": "x"}, 3}, "no": false, "a.b": "dotted", "a b": "spaced"}, "list": []any{"p", "q"}, "text": "ab",
	}
	for asked, want := range map[string]any{
		"": value, ".": value, ".a.b[0]": 1, ".a.b[1].c": "x", ".a.b[-1]": 3, ".a.b.[1].c": "x", ".a.b[9]": nil, ".none.at.all": nil,
		`.a["a.b"]`: "dotted", `.a."a.b"`: "dotted", `.a["a b"]`: "spaced", ".list[0:1]": []any{"p"}, ".list[1:]": []any{"q"}, ".list[5:]": []any{},
		`.none // "default"`: "default", `.a.no // true`: true, ".list[0] // 5": "p", ".none // [1, 2]": []any{1, 2}, ".none // .text": "ab", ".none // null": nil,
		".a | .b | .[0]": 1, ".list | length": 2, ".text | length": 2, ".none | length": 0, `.none // "a|b"`: "a|b",
	} {
		found, known := query(value, asked)
		if !known {
			t.Errorf("%s: not known", asked)
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("%s: %s", asked, diff)
		}
	}
	for _, asked := range []string{".a.b[]", ".a | keys", ".list[] | select(. == \"p\")", ".text.deeper", ".a[", ".list.x", "map(.)", `."a`, ".a | "} {
		if found, known := query(value, asked); known && asked != ".a | " {
			t.Errorf("%s: %v", asked, found)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`a b`: {"a", "b"}, `"a b" c`: {"a b", "c"}, `x ".a // ""d"""`: {"x", `.a // "d"`}, `'it''s' y`: {"it's", "y"}, `"open`: {`"open`}, ``: nil,
	} {
		if diff := cmp.Diff(want, splitWords(text)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}
