package mirror

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// whole has archives hold what worktrees hold: a repository may leave files out of archives, or have some changed.
const whole = "* -export-ignore -export-subst\n"

// Archive writes the files of a commit as a tar archive.
func (m *Mirror) Archive(ctx context.Context, sha string, to io.Writer) error {
	if err := validSHA(sha); err != nil {
		return err
	}
	if err := m.prepare(ctx); err != nil {
		return err
	}
	attributes := filepath.Join(m.bare(), "info", "attributes")
	if text, err := os.ReadFile(attributes); err != nil || string(text) != whole {
		if err := writeInOneStep(attributes, whole); err != nil {
			return fmt.Errorf("prepare archives: %w", err)
		}
	}
	if _, err := m.run(ctx, invocation{args: []string{"archive", "--format=tar", sha}, stdout: to, timeout: fetchTimeout}); err != nil {
		return fmt.Errorf("archive %s: %w", sha, err)
	}
	return nil
}

// writeInOneStep writes a file that nobody reads half of.
func writeInOneStep(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".attributes-*")
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	return err
}

// FetchOnly fetches one commit without its history, for whoever wants nothing but its files. The remote has to give out
// commits by their ids, as GitHub does.
func (m *Mirror) FetchOnly(ctx context.Context, sha string) error {
	if err := validSHA(sha); err != nil {
		return err
	}
	return m.fetch(ctx, []string{"+" + sha + ":refs/trunkline/only/" + sha}, "--depth=1")
}
