package engine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// mostRead is how much of a file is looked at for what is hidden.
const mostRead = 1 << 20

// Forget removes what planning and applying left in Scratch: plan files, which hold the values of all variables, logs, and
// whatever was written into HOME and TMPDIR. What init has fetched stays, since it is slow to get again and the same for
// everyone; of what else init wrote, only what holds something hidden goes.
func (w Work) Forget(hidden func(text string) bool) error {
	entries, err := os.ReadDir(w.Scratch)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		switch entry.Name() {
		case "data":
			err = errors.Join(err, w.forgetInit(hidden))
		case "initialised": // see initialisation: a digest
		default:
			err = errors.Join(err, os.RemoveAll(w.scratch(entry.Name())))
		}
	}
	return err
}

// forgetInit removes what init wrote down that holds something hidden; then init has to be started again.
func (w Work) forgetInit(hidden func(text string) bool) error {
	entries, err := os.ReadDir(w.scratch("data"))
	for _, entry := range entries {
		if entry.IsDir() && (entry.Name() == "providers" || entry.Name() == "modules") {
			continue
		}
		path := w.scratch("data", entry.Name())
		if entry.Type().IsRegular() && !holdsHidden(path, hidden) {
			continue
		}
		err = errors.Join(err, os.RemoveAll(path), removeIfThere(w.scratch("initialised")))
	}
	return err
}

// holdsHidden takes a file that cannot be read, or is large, for one that does.
func holdsHidden(path string, hidden func(text string) bool) bool {
	info, err := os.Stat(path)
	if err != nil || info.Size() > mostRead {
		return true
	}
	text, err := os.ReadFile(filepath.Clean(path))
	return err != nil || hidden(string(text))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
