package runner

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// packed is an archive with these entries.
func packed(t *testing.T, entries ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	compressed := gzip.NewWriter(&out)
	archive := tar.NewWriter(compressed)
	for _, entry := range entries {
		text := "content of " + entry.Name
		if entry.Typeflag == 0 {
			entry.Typeflag = tar.TypeReg
		}
		if entry.Typeflag == tar.TypeReg {
			entry.Size = int64(len(text))
		}
		if err := archive.WriteHeader(&entry); err != nil {
			t.Fatal(err)
		}
		if entry.Typeflag == tar.TypeReg {
			if _, err := io.WriteString(archive, text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func link(name, target string) tar.Header {
	return tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeSymlink}
}

func TestUnpack(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	archive := packed(t, tar.Header{Name: "pax_global_header", Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "x"}},
		tar.Header{Name: "modules/", Typeflag: tar.TypeDir}, tar.Header{Name: "modules/vpc/main.tf"}, tar.Header{Name: "run.sh", Mode: 0o775},
		link("prod/vpc", "../modules/vpc"), link("deep/er/link", "../../prod/vpc/main.tf"), link("gone", "not/there"))
	if err := unpack(bytes.NewReader(archive), directory); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(directory, "deep/er/link")); err != nil || string(text) != "content of modules/vpc/main.tf" {
		t.Errorf("it is %q %v", text, err)
	}
	if info, err := os.Stat(filepath.Join(directory, "run.sh")); err != nil || info.Mode()&0o111 == 0 {
		t.Errorf("it cannot be run: %v", err)
	}
}

func TestUnpackRefuses(t *testing.T) {
	t.Parallel()
	whole := packed(t, tar.Header{Name: "a"}, tar.Header{Name: "b"})
	for name, archive := range map[string][]byte{
		"a path out of it":             packed(t, tar.Header{Name: "../evil"}),
		"a path out of it, later":      packed(t, tar.Header{Name: "a/../../evil"}),
		"an absolute path":             packed(t, tar.Header{Name: "/tmp/evil"}),
		"an absolute link":             packed(t, link("evil", "/etc/passwd")),
		"a link out of it":             packed(t, link("a/evil", "../../evil")),
		"a link by another link":       packed(t, link("a/up", ".."), link("evil", "a/up/../x")),
		"a link by a link to a folder": packed(t, link("x", "a/b"), link("evil", "x/../../../out")),
		"links without an end":         packed(t, link("a", "b"), link("b", "a")),
		"a file through a link":        packed(t, link("a", "b"), tar.Header{Name: "a/evil"}),
		"two files of one name":        packed(t, tar.Header{Name: "a"}, tar.Header{Name: "a"}),
		"a hard link":                  packed(t, tar.Header{Name: "evil", Linkname: "/etc/passwd", Typeflag: tar.TypeLink}),
		"a device":                     packed(t, tar.Header{Name: "evil", Typeflag: tar.TypeChar}),
		"half of it":                   whole[:len(whole)/2],
		"all but its end":              whole[:len(whole)-4],
		"no archive":                   []byte("<html>"),
		"nothing":                      nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outer := t.TempDir()
			directory := filepath.Join(outer, "deep", "er")
			if err := os.MkdirAll(directory, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := unpack(bytes.NewReader(archive), directory); err == nil {
				t.Error("it is taken")
			}
			_ = filepath.WalkDir(outer, func(path string, entry os.DirEntry, err error) error {
				if err == nil && strings.Contains(path, "evil") && !strings.HasPrefix(path, directory) {
					t.Errorf("%s was written", path)
				}
				return nil
			})
		})
	}
}

func TestServers(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"https://trunkline.acme.example", "https://trunkline.acme.example/below/", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:80"} {
		if _, err := ParseServer(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "trunkline", "http://trunkline.acme.example", "http://10.0.0.1", "https://user:pass@x", "https://x?y", "ftp://x", "https://"} {
		if server, err := ParseServer(bad); err == nil {
			t.Errorf("%s is taken for %s", bad, server)
		}
	}
}
