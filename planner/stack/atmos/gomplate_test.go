package atmos

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGomplate(t *testing.T) {
	t.Parallel()
	expressions := map[string]string{
		`coll.Has .m "k"`: "true", `coll.Has .l "q"`: "true", `coll.Has .l "z"`: "false",
		`coll.Keys .m | data.ToJSON`: `["k","n"]`, `coll.Values .m | data.ToJSON`: `["v",3]`,
		`coll.Dict "a" 1 "b" | data.ToJSON`: `{"a":1,"b":""}`, `coll.Append 3 (coll.Slice 1 2) | data.ToJSON`: `[1,2,3]`,
		`coll.Prepend 0 .l | data.ToJSON`: `[0,"p","q"]`, `coll.Merge (coll.Dict "a" 1) (coll.Dict "a" 2 "b" 2) | data.ToJSON`: `{"a":1,"b":2}`,
		`coll.Sort (coll.Slice 3 1 2) | data.ToJSON`: `[1,2,3]`, `coll.Reverse .l | data.ToJSON`: `["q","p"]`,
		`coll.Uniq (coll.Slice 1 1 2) | data.ToJSON`: `[1,2]`, `coll.Flatten (coll.Slice (coll.Slice 1) 2) | data.ToJSON`: `[1,2]`,
		`coll.Flatten 0 (coll.Slice (coll.Slice 1) 2) | data.ToJSON`: `[[1],2]`,
		`coll.Pick "k" .m | data.ToJSON`:                             `{"k":"v"}`, `coll.Omit "k" .m | data.ToJSON`: `{"n":3}`,
		`math.Add 1 2`: "3", `math.Add 1 2.5`: "3.5", `math.Sub 5 2`: "3", `math.Mul 2 3`: "6", `math.Div 7 2`: "3.5", `math.Rem 7 2`: "1",
		`math.Max 1 5 3`: "5", `math.Min 4 2`: "2", `math.Pow 2 3`: "8", `math.Seq 1 3 | data.ToJSON`: "[1,2,3]", `math.Seq 3 1 | data.ToJSON`: "[3,2,1]",
		`math.Ceil 1.2`: "2", `math.Floor 1.8`: "1", `math.Round 1.5`: "2", `math.Abs -3`: "3", `math.IsInt 3`: "true", `math.IsFloat 3.5`: "true", `math.IsNum "x"`: "false",
		`regexp.Replace "l+" "L" .s`: "heLo worLd", `regexp.Match "^h" .s`: "true", `regexp.Find "w.*" .s`: "world",
		`regexp.FindAll "o" 1 .s | data.ToJSON`: `["o"]`, `regexp.Split " " .s | data.ToJSON`: `["hello","world"]`,
		`regexp.QuoteMeta "a.b"`: `a\.b`, `regexp.ReplaceLiteral "o" "$1" "foo"`: "f$1$1",
		`base64.Encode "hello"`: "aGVsbG8=", `base64.Decode "aGVsbG8="`: "hello",
		`crypto.SHA1 "x"`:   "11f6ad8ec52a2984abaafd7c3b516503785c2072",
		`path.Base "a/b.c"`: "b.c", `path.Dir "a/b"`: "a", `filepath.Ext "x.txt"`: ".txt", `path.Join "a" "b"`: "a/b",
		`test.Kind .l`: "slice", `test.IsKind "map" .m`: "true", `test.IsKind "number" 3`: "true", `test.Ternary "a" "b" false`: "b", `test.Required "x"`: "x",
		`conv.ToInt "5"`: "5", `conv.ToBool "true"`: "true", `conv.ToFloat64 "1.5"`: "1.5", `conv.ToInts "1" "2" | data.ToJSON`: "[1,2]",
		`conv.URL "https://a.b/c?d=e"`: "https://a.b/c?d=e", `conv.Default "x" ""`: "x", `conv.Join .l "-"`: "p-q",
		`strings.Indent 2 "x"`: "  x", `strings.CamelCase "foo bar"`: "fooBar", `strings.SnakeCase "foo bar"`: "foo_bar", `strings.KebabCase "foo bar"`: "foo-bar",
		`strings.Repeat 2 "ab"`: "abab", `strings.SplitN "," 2 "a,b,c" | data.ToJSON`: `["a","b,c"]`, `strings.RuneCount "ü"`: "1",
		`strings.Sort .l | data.ToJSON`: `["p","q"]`, `strings.ShellQuote "a'b"`: `'a'"'"'b'`, `toUpper "x"`: "X", `data.JSON "{\"a\":1}" | data.ToJSON`: `{"a":1}`,
	}
	data := map[string]any{"m": map[string]any{"k": "v", "n": 3}, "l": []any{"p", "q"}, "s": "hello world"}
	templates := newTemplates(templateSettings{left: "{{", right: "}}"}, nil)
	for expression, want := range expressions {
		found, err := templates.file("test", "{{ "+expression+" }}", data, false)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("%s: %s", expression, diff)
		}
	}
}

func TestTemplatesEndWhateverTheyCall(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{{ $l := coll.Slice }}{{ range until 100000 }}{{ $l = coll.Append . $l }}{{ end }}`,
		`{{ $l := list }}{{ range until 100000 }}{{ $l = append $l . }}{{ end }}`,
		`{{ range until 100000 }}{{ $x := strings.Repeat 100000 "abcdefgh" }}{{ end }}`,
		`{{ math.Seq 1 1000000000 }}`, `{{ strings.Indent 1000000000 "x" }}`, `{{ test.Required "" }}`, `{{ math.Div 1 0 }}`, `{{ math.Rem 1 0 }}`,
		`{{ regexp.Find "(" "x" }}`, `{{ coll.Sort 1 }}`, `{{ coll.Pick 1 }}`,
	} {
		templates := newTemplates(templateSettings{left: "{{", right: "}}"}, nil)
		if _, err := templates.file("test", text, map[string]any{}, false); err == nil || strings.Contains(err.Error(), "outside") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
