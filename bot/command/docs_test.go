package command

import (
	"os"
	"strings"
	"testing"
)

// People read of every command, as it is typed.
func TestDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range Kinds() {
		if !strings.Contains(string(text), "| `/"+strings.ReplaceAll(usage[kind], "|", `\|`)+"` |") {
			t.Errorf("docs/commands.md does not list `/%s`", usage[kind])
		}
	}
}
