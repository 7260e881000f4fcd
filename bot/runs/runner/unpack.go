package runner

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Limits of an archive.
const (
	mostFiles = 500_000
	mostBytes = 8 << 30
	mostLinks = 40
)

// unpack writes the files of an archive into a directory, and nothing anywhere else. An archive with a link that leads out of
// it is refused as a whole: to leave it out could mean to plan something else.
func unpack(from io.Reader, directory string) error {
	root, err := os.OpenRoot(directory)
	if err != nil {
		return err
	}
	defer root.Close()
	compressed, err := gzip.NewReader(from)
	if err != nil {
		return fmt.Errorf("read the archive: %w", err)
	}
	u := unpacking{root: root, archive: tar.NewReader(io.LimitReader(compressed, mostBytes)), links: map[string]string{}}
	for {
		header, err := u.archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = u.one(header)
		}
		if err != nil {
			return fmt.Errorf("unpack the archive: %w", err)
		}
	}
	// What comes after the last file is read too: only then it is known that nothing is missing.
	if _, err := io.Copy(io.Discard, compressed); err != nil {
		return fmt.Errorf("read the archive: %w", err)
	}
	return u.makeLinks()
}

// unpacking is an archive that is being unpacked.
type unpacking struct {
	root    *os.Root
	archive *tar.Reader
	files   int
	// links come last, so that no file is written through one.
	links map[string]string
}

func (u *unpacking) one(header *tar.Header) error {
	if u.files++; u.files > mostFiles {
		return fmt.Errorf("it has more than %d files", mostFiles)
	}
	name := strings.TrimSuffix(header.Name, "/")
	if header.Typeflag == tar.TypeXGlobalHeader {
		return nil // git's note of which commit it is
	}
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return fmt.Errorf("the file %q is outside of it", header.Name)
	}
	switch header.Typeflag {
	case tar.TypeDir:
		return u.root.MkdirAll(name, 0o755)
	case tar.TypeSymlink:
		u.links[name] = header.Linkname
		return nil
	case tar.TypeReg:
		return u.file(name, header)
	}
	return fmt.Errorf("%q is neither a file nor a folder", header.Name)
}

func (u *unpacking) file(name string, header *tar.Header) error {
	if err := u.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if header.Mode&0o100 != 0 {
		mode = 0o755
	}
	file, err := u.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, u.archive)
	return errors.Join(err, file.Close())
}

// makeLinks makes the links, all of which have to lead to places inside.
func (u *unpacking) makeLinks() error {
	for name := range u.links {
		if err := u.inside(name); err != nil {
			return err
		}
	}
	for name, target := range u.links {
		if err := u.root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		if err := u.root.Symlink(target, name); err != nil {
			return err
		}
	}
	return nil
}

// inside follows a link, and the links on its way.
func (u *unpacking) inside(link string) error {
	outside := fmt.Errorf("the link %s leads out of the repository, to %q, where a runner has nothing. Put the file into the repository", link, u.links[link])
	todo, done := strings.Split(path.Dir(link)+"/"+u.links[link], "/"), ""
	if path.IsAbs(u.links[link]) {
		return outside
	}
	for followed := 0; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if done == "" {
				return outside
			}
			if done = path.Dir(done); done == "." {
				done = ""
			}
			continue
		}
		done = path.Join(done, part)
		target, is := u.links[done]
		if !is {
			continue
		}
		if followed++; followed > mostLinks || path.IsAbs(target) {
			return outside
		}
		if done = path.Dir(done); done == "." {
			done = ""
		}
		todo = append(strings.Split(target, "/"), todo...)
	}
	return nil
}
