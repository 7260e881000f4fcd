package jsontext

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

type inner struct {
	Stack string `json:"stack,omitempty"`
	Size  int    `json:"size,omitempty"`
}

// standard is what encoding/json writes.
func standard(t interface{ Fatal(...any) }, value any, indented bool) string {
	if !indented {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}

func TestAsEncodingJSON(t *testing.T) {
	t.Parallel()
	values := []any{
		nil, "", "plain", "ü <a & b> \u2028 \x00 \xff \"\\", true, 0, -5, math.MaxInt, uint64(math.MaxUint64), int64(3), 1.5, 1e21, 1e-7, 0.0, -2.0,
		map[string]any{}, map[string]any(nil), []any{}, []any(nil), []string{"a"}, []string(nil), map[string]int{"b": 1, "a": 2},
		map[string]any{"b": []any{1, map[string]any{"<": nil}}, "a": []any{[]any{}}, "ä": map[string]any{}},
		time.Unix(0, 0).UTC(), []inner{{}, {"a", 1}}, []inner(nil), []inner{},
		map[any]any(nil), json.Number("1.50"),
	}
	for _, value := range values {
		if _, err := json.Marshal(value); err != nil {
			continue
		}
		for _, indented := range []bool{false, true} {
			found, err := Text(value)
			if indented {
				var text []byte
				text, err = AppendIndented(nil, value, 0)
				found = string(text)
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(standard(t, value, indented), found); diff != "" {
				t.Errorf("%#v: encoding/json (-) and we (+):\n%s", value, diff)
			}
		}
	}
}

func TestRandomValues(t *testing.T) {
	t.Parallel()
	var values func(depth int) *rapid.Generator[any]
	values = func(depth int) *rapid.Generator[any] {
		plain := []*rapid.Generator[any]{
			rapid.String().AsAny(), rapid.Int().AsAny(), rapid.Bool().AsAny(), rapid.Float64Range(-1e30, 1e30).AsAny(), rapid.Just[any](nil),
		}
		if depth == 0 {
			return rapid.OneOf(plain...)
		}
		deeper := rapid.Deferred(func() *rapid.Generator[any] { return values(depth - 1) })
		return rapid.OneOf(append(plain, rapid.MapOfN(rapid.String(), deeper, 0, 4).AsAny(), rapid.SliceOfN(deeper, 0, 4).AsAny())...)
	}
	rapid.Check(t, func(t *rapid.T) {
		value := any(map[string]any{"outer": values(3).Draw(t, "value")})
		indented := rapid.Bool().Draw(t, "indented")
		found, err := Text(value)
		if indented {
			var text []byte
			text, err = AppendIndented([]byte("x"), value, 0)
			found = strings.TrimPrefix(string(text), "x")
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(standard(t, value, indented), found); diff != "" {
			t.Fatalf("encoding/json (-) and we (+):\n%s", diff)
		}
	})
}

func TestStructs(t *testing.T) {
	t.Parallel()
	type tagged struct {
		Name   string         `json:"name"`
		Values map[string]any `json:"values"`
		Inner  []inner        `json:"inner"`
		Texts  []string       `json:"texts,omitempty"`
		Left   string         `json:"-"`
	}
	value := []tagged{{Name: "<a>", Values: map[string]any{"x": []any{1, "y"}}, Inner: []inner{{"s", 0}}}, {Texts: []string{"a", "b"}, Left: "x"}}
	found, err := AppendIndented(nil, value, 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(standard(t, value, true), string(found)); diff != "" {
		t.Error(diff)
	}
	if _, err := Text(struct{ Name string }{"x"}); err == nil {
		t.Error("a field without a tag is written")
	}
	if _, err := Text(math.NaN()); err == nil {
		t.Error("NaN is written")
	}
}
