package promote

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDiagram keeps the diagram in the docs as the code has it.
func TestDiagram(t *testing.T) {
	t.Parallel()
	const file = "../docs/design.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```mermaid\n(stateDiagram.*?)```")
	found := block.FindStringSubmatch(string(text))
	if found == nil {
		t.Fatalf("%s has no state diagram", file)
	}
	if *update {
		mended := strings.Replace(string(text), found[1], Diagram(), 1)
		if err := os.WriteFile(file, []byte(mended), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(Diagram(), found[1]); diff != "" {
		t.Errorf("the diagram in %s is stale; -update mends it:\n%s", file, diff)
	}
}

// A deployment is live exactly as long as it can go on.
func TestLive(t *testing.T) {
	t.Parallel()
	for _, phase := range Phases() {
		if phase.Live() != (len(phase.Next()) > 0) {
			t.Errorf("%s: live %v, next %v", phase, phase.Live(), phase.Next())
		}
	}
}
