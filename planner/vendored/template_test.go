package vendored

import (
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	t.Parallel()
	data := map[string]string{"Component": "vpc", "Version": "v1.2.3", "Source": "github.com/acme/vpc"}
	for text, want := range map[string]string{
		"plain":                                    "plain",
		"a/{{.Component}}/{{ .Version }}":          "a/vpc/v1.2.3",
		"{{- .Version -}}":                         "v1.2.3",
		`{{ .Version | trimPrefix "v" }}`:          "1.2.3",
		`{{trimPrefix "v" .Version}}`:              "1.2.3",
		`{{ .Version | replace "." "-" | upper }}`: "V1-2-3",
		"{{ .Component | default `none` }}":        "vpc",
		`{{ "\"|}" }}`:                             `"|}`,
		// Nothing else is read.
		"{{ .Verson }}":                  "!there is no field .Verson",
		"{{ range 99999999999 }}{{end}}": "!is more than a field with functions",
		`{{ printf "%999999d" 1 }}`:      "!is more than a field",
		"{{ $x := .Version }}":           "!is more than a field",
		"{{ exec .Version }}":            "!the function exec with 1 arguments is not known",
		"{{ .Version .Component }}":      "!.Version is no function",
		"{{ }}":                          "!is empty",
		"{{ .Version":                    "!its braces do not belong together",
		"{{ .Version | replace `` `" + strings.Repeat("x", 5000) + "` | replace `x` `" + strings.Repeat("y", 5000) + "` }}": "!more than 8192 bytes",
	} {
		got, err := expand(text, data)
		if problem, wanted := strings.CutPrefix(want, "!"); wanted {
			if err == nil || !strings.Contains(err.Error(), problem) {
				t.Errorf("%.60s: %q, %v; want %q", text, got, err, problem)
			}
		} else if err != nil || got != want {
			t.Errorf("%.60s: %q, %v; want %q", text, got, err, want)
		}
	}
}

func FuzzExpand(f *testing.F) {
	f.Add(`{{ .Version | trimPrefix "v" }}`)
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := expand(text, map[string]string{"Version": "v1"}); err == nil && len(got) > maxExpanded {
			t.Errorf("%d bytes", len(got))
		}
	})
}
