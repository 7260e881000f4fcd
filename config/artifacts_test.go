package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseArtifacts(t *testing.T) {
	t.Parallel()
	got, err := Parse(Path, []byte(smallest+`environments: {dev: }
artifacts:
  - {name: api, run: ./digest.sh, variable: TF_VAR_api_digest}
  - {name: web.ui, run: ./digest.sh web, variable: WEB, paths: ["web/**", Dockerfile], recheck: true, timeout: 5m}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Artifact{
		{Name: "api", Run: "./digest.sh", Variable: "TF_VAR_api_digest", At: Position{5, 5}},
		{Name: "web.ui", Run: "./digest.sh web", Variable: "WEB", Paths: []string{"web/**", "Dockerfile"}, Recheck: true, Timeout: 5 * time.Minute, At: Position{6, 5}},
	}
	if diff := cmp.Diff(want, got.Artifacts); diff != "" {
		t.Error(diff)
	}
}

func TestProblemsOfArtifacts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"artifacts: {name: a}":                                                                              "c.yml:4:12: artifacts is a mapping; expected a list",
		"artifacts: [{name: a, run: x}]":                                                                    "c.yml:4:13: an artifact lacks `variable`",
		"artifacts: [{name: a, workflow: build.yml}]":                                                       "c.yml:4:13: an artifact lacks `variable`",
		"artifacts: [{name: a, workflow: build.yml, variable: A, recheck: true}]":                           "c.yml:4:13: `recheck` asks a command again",
		"artifacts: [{name: a, run: x, workflow: build.yml, variable: A}]":                                  "c.yml:4:13: an artifact needs one of `run` and `workflow`",
		"artifacts: [{name: a/b, run: x, variable: A}]":                                                     "name is \"a/b\"; expected letters",
		"artifacts: [{name: a, run: ' ', variable: A}]":                                                     "`run` is empty",
		"artifacts: [{name: a, run: x, variable: PATH}]":                                                    "PATH belongs to the process itself",
		"artifacts: [{name: a, run: x, vriable: A}]":                                                        "unknown key \"vriable\" in an artifact; expected one of inputs, name, paths, recheck, run, timeout, variable, workflow; did you mean variable?",
		"artifacts: [{name: a, run: x, variable: A, paths: [\"a[\"]}]":                                      "paths has \"a[\", which is no pattern",
		"artifacts: [{name: a, run: x, variable: A, paths: []}]":                                            "`paths` is empty",
		"artifacts: [{name: a, run: x, variable: A}, {name: a, run: x, variable: B}]":                       "an artifact named \"a\" is already on line 4",
		"artifacts: [{name: a, run: x, variable: A}, {name: b, run: x, variable: A}]":                       "A is already the variable of the artifact on line 4",
		"artifacts: [{name: a, run: x, variable: REGION}, {name: b, run: x, variable: B}]":                  "REGION is the variable of the artifact a, and dev sets it as well",
		"artifacts: [{name: a, run: x, variable: A, timeout: 1}, {name: b, run: x, variable: DB_PASSWORD}]": "timeout is \"1\"",
		"artifacts: [{name: b, run: x, variable: DB_PASSWORD}]":                                             "DB_PASSWORD is the variable of the artifact b, and dev sets it as well",
	} {
		_, err := Parse("c.yml", []byte(smallest+"environments: {dev: {variables: {REGION: eu}, secrets: [DB_PASSWORD]}}\n"+text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("of %q: got %v\nwant something with %q", text, err, want)
		}
	}
}
