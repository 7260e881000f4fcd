package bot

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/trunkline/trunkline/bot/workflow"
	"github.com/trunkline/trunkline/config"
)

// The workflow in the documentation can be dispatched as it is, by every name that we give.
func TestDocumentedWorkflow(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/actions.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(text), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	file, err := workflow.Parse([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Missing(sortedNames(config.Runner{Workflow: config.RunnerWorkflow}.DispatchedWorkflow().Inputs)); err != nil {
		t.Error(err)
	}
	if !slices.Contains(file.Inputs, "environment") {
		t.Error("people are not told for which environment it is")
	}
}

// What is shipped for workflows hands inputs to shells by the environment alone.
func TestShippedActions(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../.github/*/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../.github/actions/*/*.yml")
	if files = append(files, more...); err != nil || len(files) < 2 {
		t.Fatalf("there are %q (%v)", files, err)
	}
	scripts := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var document yaml.Node
		if err := yaml.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		var walk func(*yaml.Node)
		walk = func(node *yaml.Node) {
			for i, inner := range node.Content {
				if node.Kind == yaml.MappingNode && i%2 == 1 && node.Content[i-1].Value == "run" && inner.Kind == yaml.ScalarNode {
					if scripts++; regexp.MustCompile(`\$\{\{`).MatchString(inner.Value) {
						t.Errorf("%s:%d: a script has an expression in it", file, inner.Line)
					}
				}
				walk(inner)
			}
		}
		walk(&document)
		if strings.Contains(string(text), "actions/checkout") && !strings.Contains(string(text), "persist-credentials: false") {
			t.Errorf("%s leaves credentials behind", file)
		}
	}
	if scripts == 0 {
		t.Error("there is no script")
	}
}
