package atmos

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
)

// FuzzResolve: whatever manifests say, resolving ends, with instances or with problems that name a file.
func FuzzResolve(f *testing.F) {
	f.Add("import: [b]\nvars: { stage: d }\ncomponents: { terraform: { c: { vars: { a: !append [1] } } } }", "vars: { a: [0] }")
	f.Add("import: [{ path: b, context: { x: 1 } }]\nvars: { stage: d, a: &a [*a] }", "locals: { a: '{{ .locals.b }}', b: '{{ .locals.a }}' }")
	f.Add("import: ['*', '../b', './**/*']\nvars: { stage: d, a: !unset }\noverrides: { vars: { x: !template '{{ . }}' } }", "import: [deploy/d]")
	f.Add("vars: { stage: d }\ncomponents: { terraform: { c: { component: d }, d: { component: c, metadata: { inherits: [c] } } } }", "terraform: 1")
	f.Fuzz(func(t *testing.T, stack, imported string) {
		files := repository("templates: { settings: { enabled: true } }", map[string]string{"deploy/d.yaml": stack, "b.yaml": imported})
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		result, err := Resolve(ctx, files, Options{})
		if ctx.Err() != nil {
			t.Fatal("it does not end")
		}
		var problems config.Problems
		if err != nil && !errors.As(err, &problems) {
			t.Fatalf("%v is no problem of a file", err)
		}
		for _, problem := range problems {
			if problem.File == "" || problem.Message == "" {
				t.Errorf("the problem %q tells too little", problem)
			}
		}
		for i := range result.Instances {
			if instance := &result.Instances[i]; instance.Stack == "" || instance.Component == "" {
				t.Errorf("instance without a name: %+v", instance)
			}
		}
	})
}

// FuzzMerge: merging changes nothing of what is merged, and what is merged into an empty map is what it was.
func FuzzMerge(f *testing.F) {
	f.Add(`{"a":{"b":[1,{"c":2}]},"d":1}`, `{"a":{"b":[{"c":3}],"e":null},"d":{"f":1}}`)
	f.Add(`{"a":[1]}`, `{"a":null}`)
	f.Fuzz(func(t *testing.T, one, other string) {
		var first, second map[string]any
		if json.Unmarshal([]byte(one), &first) != nil || json.Unmarshal([]byte(other), &second) != nil {
			t.Skip()
		}
		for _, strategy := range []lists{replaceLists, appendLists, mergeLists} {
			merged := merge(strategy, first, second)
			before, after := parsedJSON(one), parsedJSON(other)
			if diff := cmp.Diff(numbersOf(before), numbersOf(any(first))); diff != "" && first != nil {
				t.Fatalf("the first was changed:\n%s", diff)
			}
			if diff := cmp.Diff(numbersOf(after), numbersOf(any(second))); diff != "" && second != nil {
				t.Fatalf("the second was changed:\n%s", diff)
			}
			if again := merge(strategy, map[string]any{}, merged); !cmp.Equal(merged, again) {
				t.Fatalf("merged again: %v", again)
			}
		}
	})
}

// numbersOf makes numbers comparable.
func numbersOf(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	var plain any
	_ = json.Unmarshal(text, &plain)
	text, _ = json.Marshal(plain)
	return string(text)
}
