package bot

import (
	"flag"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var allStops = flag.Bool("stops", false, "stop Trunkline in all conversations, not only in every fifth one")

// TestConversationsWithStops plays conversations while Trunkline is stopped and started twice at every step: at
// work on what follows from the step, and when that has ended. People see the same in the end.
func TestConversationsWithStops(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the short suite leaves this out; make test plays it without the race detector")
	}
	files, err := filepath.Glob("../testdata/conversations/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for i, file := range files {
		if i%5 != 0 && !*allStops {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c := newConversation(t, archive)
			c.disturb = func() {
				c.restart()
				c.settle()
				c.restart()
			}
			want := string(archive.Files[c.script].Data)
			if diff := cmp.Diff(want, c.play([]byte(want))); diff != "" {
				t.Errorf("the conversation went otherwise (-want +got):\n%s", diff)
			}
		})
	}
}
