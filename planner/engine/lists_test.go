package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What differs between two lists is said of the elements that differ, wherever they stand.
func TestLists(t *testing.T) {
	t.Parallel()
	const web, ssh, dns = `{"from":80,"to":80,"cidr":["10.0.0.0/8"],"note":null}`, `{"from":22,"to":22,"cidr":["10.9.0.0/16"],"note":null}`,
		`{"from":53,"to":53,"cidr":["10.0.0.0/8"],"note":null}`
	for name, test := range map[string]struct {
		before, after, rest string
		want                []Attribute
	}{
		"one more at the front": {`[` + web + `,` + ssh + `]`, `[` + dns + `,` + web + `,` + ssh + `]`, "", []Attribute{
			{Path: "rules[0]", After: `{"cidr":["10.0.0.0/8"],"from":53,"note":null,"to":53}`}}},
		"one less in the middle": {`[` + web + `,` + dns + `,` + ssh + `]`, `[` + web + `,` + ssh + `]`, "", []Attribute{
			{Path: "rules[1]", Before: `{"cidr":["10.0.0.0/8"],"from":53,"note":null,"to":53}`}}},
		"one that changes and moves": {`[` + web + `,` + ssh + `,` + dns + `]`, `[` + ssh + `,` + dns + `,{"from":80,"to":80,"cidr":["0.0.0.0/0"],"note":null}]`, "", []Attribute{
			{Path: "rules[0]", Before: `{"cidr":["10.0.0.0/8"],"from":80,"note":null,"to":80}`},
			{Path: "rules[2]", After: `{"cidr":["0.0.0.0/0"],"from":80,"note":null,"to":80}`}}},
		"one that changes where it stands": {`[` + web + `,` + ssh + `]`, `[` + web + `,{"from":22,"to":22,"cidr":["10.8.0.0/16"],"note":null}]`, "", []Attribute{
			{Path: "rules[1].cidr", Before: `["10.9.0.0/16"]`, After: `["10.8.0.0/16"]`}}},
		"another, and one more": {`[` + web + `]`, `[` + ssh + `,{"from":80,"to":81,"cidr":["10.0.0.0/8"],"note":null}]`, "", []Attribute{
			{Path: "rules[0]", After: `{"cidr":["10.9.0.0/16"],"from":22,"note":null,"to":22}`},
			{Path: "rules[1].to", Before: "80", After: "81"}}},
		"plain values":   {`["a","b"]`, `["x","a","b"]`, "", []Attribute{{Path: "rules", Before: `["a","b"]`, After: `["x","a","b"]`}}},
		"lists of lists": {`[["a"],["b"]]`, `[["a"],["b","c"]]`, "", []Attribute{{Path: "rules[1]", Before: `["b"]`, After: `["b","c"]`}}},
		"marks go by place": {`[{"k":"1","v":"a"},{"k":"2","v":"b"}]`, `[{"k":"0","v":"z"},{"k":"1","v":"a"}]`, `, "after_sensitive": {"rules": [{"v": true}, {}]}, "before_sensitive": {}`, []Attribute{
			{Path: "rules[0].k", Before: `"1"`, After: `"0"`}, {Path: "rules[0].v", Sensitive: true},
			{Path: "rules[1].k", Before: `"2"`, After: `"1"`}, {Path: "rules[1].v", Before: `"b"`, After: `"a"`}}},
		"so do paths that force": {`["a","b"]`, `["x","b"]`, `, "replace_paths": [["rules", 0]]`, []Attribute{
			{Path: "rules[0]", Before: `"a"`, After: `"x"`, ForcesReplacement: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, err := decodeText(Settings{}, resource(`{"actions": ["update"], "before": {"rules": `+test.before+`}, "after": {"rules": `+test.after+`}`+test.rest+`}`))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, plan.Changes[0].Attributes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Each element stands in exactly one pair, equal ones never as a change, and in order.
func TestPaired(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		element := rapid.Custom(func(t *rapid.T) any {
			if rapid.Bool().Draw(t, "plain") {
				return rapid.SampledFrom([]any{"a", "b", json.Number("1"), nil}).Draw(t, "value")
			}
			return map[string]any{"k": rapid.IntRange(0, 3).Draw(t, "k"), "l": rapid.IntRange(0, 1).Draw(t, "l")}
		})
		before := rapid.SliceOfN(element, 0, 8).Draw(t, "before")
		after := rapid.SliceOfN(element, 0, 8).Draw(t, "after")
		seenB, seenA := make([]int, len(before)), make([]int, len(after))
		for _, pair := range paired(before, after) {
			if pair.before >= 0 {
				seenB[pair.before]++
			}
			if pair.after >= 0 {
				seenA[pair.after]++
			}
		}
		if slices.ContainsFunc(append(seenB, seenA...), func(n int) bool { return n != 1 }) {
			t.Fatalf("%v and %v: %v", before, after, paired(before, after))
		}
		for _, pair := range paired(before, before) {
			if pair.before != pair.after {
				t.Fatalf("%v differs from itself: %v", before, paired(before, before))
			}
		}
	})
}

// Long values keep what differs, and what lies around it, and nothing that nobody could read anyway.
func TestFolded(t *testing.T) {
	t.Parallel()
	long := func(at int, word string) string {
		var b strings.Builder
		for i := range 20000 {
			if i == at {
				b.WriteString(word + "\n")
			}
			fmt.Fprintf(&b, "line %d\n", i)
		}
		return b.String()
	}
	for name, test := range map[string]struct {
		before, after any
		holds         []string
	}{
		"a line in a text":      {long(7000, "old"), long(7000, "new"), []string{"… 6997 lines that stay", "line 6999\\n", "old", "new", "line 7002\\n"}},
		"a line more":           {long(-1, ""), long(7000, "new"), []string{"new"}},
		"everything":            {long(-1, ""), strings.ReplaceAll(long(-1, ""), "line", "row"), []string{"more lines, sha256"}},
		"created":               {nil, long(-1, ""), []string{"line 3", "more lines, sha256"}},
		"one endless line":      {strings.Repeat("a", 50000) + "old" + strings.Repeat("b", 9000), strings.Repeat("a", 50000) + "new" + strings.Repeat("b", 9000), []string{"aaaold", "aaanew", "59003 bytes"}},
		"a document in a text":  {`{"rules": [` + strings.Repeat(`"x",`, 9000) + `"old"]}`, `{"rules": [` + strings.Repeat(`"x",`, 9000) + `"new"]}`, []string{`\"old\"`, `\"new\"`}},
		"objects":               {map[string]any{"a": long(-1, ""), "b": "old"}, map[string]any{"a": long(-1, ""), "b": "new"}, []string{`\"old\"`, `\"new\"`}},
		"far along a long line": {map[string]any{"a": long(15000, "old")}, map[string]any{"a": long(15000, "new")}, []string{"sha256"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := difference{path: []any{"x"}, before: test.before, after: test.after}
			got := d.attribute(func(text string) string { return text })
			if got.Folded == "" || len(got.Before)+len(got.After) > 32<<10 {
				t.Errorf("%d bytes", len(got.Before)+len(got.After))
			}
			if got.Before == got.After {
				t.Error("both sides are the same")
			}
			for _, wanted := range test.holds {
				if !strings.Contains(got.Before+got.After, wanted) {
					t.Errorf("%q is not in\n%s\n%s", wanted, got.Before, got.After)
				}
			}
		})
	}
}
