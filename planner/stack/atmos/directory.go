package atmos

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
)

// directory is [Files] on disk.
type directory struct {
	root  fs.FS
	files []string
}

// Directory are the files below a directory, such as [os.Root.FS], without those of Git and of terraform's own.
func Directory(root fs.FS) (Files, error) {
	found := &directory{root: root}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == ".terraform"):
			return fs.SkipDir
		case entry.Type().IsRegular():
			found.files = append(found.files, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the repository's files: %w", err)
	}
	slices.Sort(found.files)
	return found, nil
}

func (d *directory) Files() []string { return d.files }

func (d *directory) ReadAll(ctx context.Context, names []string) (map[string][]byte, error) {
	contents := make(map[string][]byte, len(names))
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		content, err := fs.ReadFile(d.root, name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		contents[name] = content
	}
	return contents, nil
}
