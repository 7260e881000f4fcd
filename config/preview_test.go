package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const beforePreview = `version: 1
stacks:
  layout: list
  instances:
    - {environment: dev, path: app, workspace: dev}
environments:
  dev:
`

func TestPreview(t *testing.T) {
	t.Parallel()
	r, err := Parse(Path, []byte(beforePreview+`preview:
  from: dev
  components: [app]
  workspace: "pr-{number}-{stack}"
  variables: {suffix: "-{number}", count: 2}
  ttl: 2d
  address: {output: url, component: app}
  secrets: [TOKEN]
  limit: 3
`))
	if err != nil {
		t.Fatal(err)
	}
	want := Preview{From: "dev", Components: []string{"app"}, Workspace: "pr-{number}-{stack}", Variables: map[string]any{"suffix": "-{number}", "count": 2},
		TTL: 48 * time.Hour, Address: PreviewAddress{Output: "url", Component: "app"}, Limit: 3, At: Position{9, 3},
		Secrets: []SecretName{{Name: "TOKEN", From: "TOKEN", At: Position{15, 13}}}}
	if diff := cmp.Diff(want, r.Preview); diff != "" {
		t.Error(diff)
	}
	of := PreviewOf{Number: 7, Stack: "dev/eu", Component: "app"}
	if workspace := r.Preview.WorkspaceOf(of); workspace != "pr-7-dev-eu" {
		t.Errorf("the workspace is %q", workspace)
	}
	if diff := cmp.Diff(map[string]any{"suffix": "-7", "count": 2, "own": true}, r.Preview.VariablesOf(of, map[string]any{"suffix": "", "own": true})); diff != "" {
		t.Error(diff)
	}
}

func TestPreviewProblems(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"from nowhere":         {beforePreview + "preview: {from: dve}\n", `:8:10: preview is from "dve", which is no environment here; did you mean dev?`},
		"from nothing":         {beforePreview + "preview: {ttl: 2h}\n", ":8:10: preview lacks `from`"},
		"without a number":     {beforePreview + "preview: {from: dev, workspace: preview}\n", ":8:33: workspace is \"preview\"; it must have {number}"},
		"another placeholder":  {beforePreview + "preview: {from: dev, workspace: \"pr-{number}-{branch}\"}\n", ":8:33: workspace has {branch}"},
		"a slash":              {beforePreview + "preview: {from: dev, workspace: \"pr/{number}\"}\n", ":8:33: workspace is"},
		"for ever":             {beforePreview + "preview: {from: dev, ttl: 90d}\n", ":8:27: ttl is 90d; expected between 1m and 30d"},
		"no address":           {beforePreview + "preview: {from: dev, address: app}\n", ":8:31: address is \"app\"; expected one such as https://"},
		"an address elsewhere": {beforePreview + "preview: {from: dev, components: [db], address: {output: url, component: app}}\n", "which is not among the components of preview"},
		"a permanent workspace": {strings.Replace(beforePreview, "workspace: dev", "workspace: pr-12", 1) + "preview: {from: dev}\n",
			":5:7: the workspace pr-12 could be that of a pull request"},
		"a permanent name":        {strings.Replace(beforePreview, "  dev:\n", "  dev:\n  pr-3:\n", 1) + "preview: {from: dev}\n", ":8:3: pr-3 is a name that `preview` needs"},
		"the name of its secrets": {strings.Replace(beforePreview, "  dev:\n", "  dev:\n  preview:\n", 1) + "preview: {from: dev}\n", ":8:3: preview is a name that `preview` needs"},
		"commands that stay": {strings.Replace(beforePreview, "  layout: list\n", "  layout: list\n  engine: {plan: a, apply: b}\n", 1) + "preview: {from: dev, isolated: true}\n",
			":9:10: an engine of commands needs `destroy`"},
		"commands without a word": {strings.Replace(beforePreview, "  layout: list\n", "  layout: list\n  engine: {plan: a, apply: b, destroy: c}\n", 1) + "preview: {from: dev}\n",
			"`isolated: true` here as your word"},
		"outputs of commands": {strings.Replace(beforePreview, "  layout: list\n", "  layout: list\n  engine: {plan: a, apply: b, destroy: c}\n", 1) +
			"preview: {from: dev, isolated: true, address: {output: url, component: app}}\n", "an engine of commands has no outputs"},
		"a variable twice": {strings.Replace(beforePreview, "  dev:\n", "  dev: {variables: {TOKEN: x}}\n", 1) + "preview: {from: dev, secrets: [TOKEN]}\n", "TOKEN both under `variables` and under `secrets`"},
	} {
		if _, err := Parse(Path, []byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, and not %q", name, err, test.want)
		}
	}
}

// Secrets that the operator keeps for all environments are not those of previews.
func TestFindExactly(t *testing.T) {
	t.Parallel()
	sources := SecretSources{"acme/infra": {Any: {"db": {Variable: "A"}}, PreviewSecrets: {"token": {Variable: "B"}}}, Any: {Any: {"db": {Variable: "C"}}}}
	if _, _, found := sources.FindExactly(7, "acme/infra", PreviewSecrets, "db"); found {
		t.Error("a secret of all environments was found")
	}
	if source, _, found := sources.FindExactly(7, "Acme/infra", PreviewSecrets, "token"); !found || source.Variable != "B" {
		t.Errorf("found %v, %v", source, found)
	}
}
