package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// watched is the database of a server that has one repository, and that is at work.
func watched(t *testing.T) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "trunkline.db")
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	opened, err := store.Open(t.Context(), file, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	const rules = `version: 1
stacks: {layout: folders, path: "environments/{environment}/{component}", engine: {plan: "true", apply: "true"}}
environments:
  dev: {promote: manual}
  prod: {approve: [{users: [bob]}]}
`
	write := func(change func(*store.Tx) error) {
		t.Helper()
		if err := opened.Write(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	write(func(tx *store.Tx) error {
		return errors.Join(tx.SaveRepository(store.Repository{ID: 7, Owner: "acme", Name: "infrastructure", Trunk: "main"}),
			tx.Advance(store.Advance{Repository: 7, Tip: strings.Repeat("b", 40), Configured: true, Configuration: rules,
				Commits:   []promote.Commit{{SHA: strings.Repeat("a", 40)}, {SHA: strings.Repeat("b", 40), Pull: 1, Title: "Resize\x1b[2J"}},
				Baselines: []store.Baseline{{Environment: "dev", SHA: strings.Repeat("a", 40)}, {Environment: "prod", SHA: strings.Repeat("a", 40)}}}))
	})
	now = now.Add(24 * time.Hour)
	write(func(tx *store.Tx) error {
		return tx.Hold(7, "prod", promote.Hold{Kind: promote.Held, Owner: promote.Person{ID: 3, Login: "carol"}, Reason: "the audit"}, 1)
	})
	return file
}

// says runs a command and returns what it prints.
func says(t *testing.T, command *cobra.Command, arguments ...string) string {
	t.Helper()
	var out bytes.Buffer
	command.SetOut(&out)
	command.SetArgs(arguments)
	if err := command.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Not parallel: the commands find the database by the environment.
func TestRecordsAndStatus(t *testing.T) {
	t.Setenv("TRUNKLINE_DATABASE", watched(t))
	text := says(t, recordsCommand())
	for _, want := range []string{"trunkline", "baseline", "merged", "aaaaaaa", "carol", "held", "the audit"} {
		if !strings.Contains(text, want) {
			t.Errorf("the records do not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Errorf("the records hold what moves a terminal's cursor: %q", text)
	}
	var held []record
	for line := range strings.Lines(says(t, recordsCommand(), "--json", "--repo", "Acme/infrastructure", "--environment", "prod", "--since", "2026-11-21")) {
		var one record
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		held = append(held, one)
	}
	if len(held) != 1 || held[0].Kind != "held" || held[0].Actor == nil || held[0].Actor.ID != 3 || held[0].Reason != "prod is held by carol: the audit" {
		t.Errorf("since the second day prod has %+v", held)
	}

	text = says(t, statusCommand())
	for _, want := range []string{`dev\s+aaaaaaa\s+–\s+1\s+bbbbbbb waits for 1 gate`, `prod\s+aaaaaaa\s+–\s+1\s+waits for`} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("the status does not say %q:\n%s", want, text)
		}
	}
	var read status
	if err := json.Unmarshal([]byte(says(t, statusCommand(), "--json")), &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Environments) != 2 || read.Environments[0].Behind != 1 || len(read.Environments[0].Gates) == 0 {
		t.Errorf("as JSON it is %+v", read)
	}
}

func TestRecordsOfWhatIsNotThere(t *testing.T) {
	t.Setenv("TRUNKLINE_DATABASE", watched(t))
	for _, test := range []struct{ want, arguments string }{
		{"the server does not know acme/other; it knows acme/infrastructure", "--repo acme/other"},
		{"expected a day", "--since yesterday"},
	} {
		command := recordsCommand()
		command.SilenceErrors, command.SilenceUsage = true, true
		command.SetArgs(strings.Fields(test.arguments))
		err := command.ExecuteContext(t.Context())
		if err == nil || !strings.Contains(err.Error(), test.want) || !errors.As(err, new(wrongSetting)) {
			t.Errorf("%s: %v", test.arguments, err)
		}
	}
	t.Setenv("TRUNKLINE_DATABASE", filepath.Join(t.TempDir(), "none.db"))
	command := statusCommand()
	command.SilenceErrors, command.SilenceUsage = true, true
	command.SetArgs(nil)
	if err := command.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "there is no database") {
		t.Errorf("without a database: %v", err)
	}
}
