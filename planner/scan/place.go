package scan

import (
	"net/url"
	"path"
	"path/filepath"
	"strings"
)

// mostBases are followed from one base to the next.
const mostBases = 8

// file is the path from the repository's root of what the location names, or "" where that is not in the repository.
// What is relative, also to a base such as %SRCROOT% that is not said to lie anywhere, is relative to the root.
func (r run) file(at artifactLocation, roots []string) string {
	if at.URI == "" && at.Index != nil && *at.Index >= 0 && *at.Index < len(r.Artifacts) {
		at = r.Artifacts[*at.Index].Location
	}
	name, known := filePath(at.URI)
	if !known || name == "" {
		return ""
	}
	if path.IsAbs(name) {
		return under(name, roots)
	}
	if inside := under(path.Join(r.base(at.BaseID, mostBases), name), roots); inside != "" {
		return inside
	}
	return local(name)
}

// base is the directory that a base id stands for; "" where the report does not say.
func (r run) base(id string, most int) string {
	at, there := r.Bases[id]
	if !there || most == 0 {
		return ""
	}
	name, known := filePath(at.URI)
	if !known || path.IsAbs(name) {
		return name
	}
	return path.Join(r.base(at.BaseID, most-1), name)
}

// filePath is the path that a URI names, and whether it may be one of a file here.
func filePath(uri string) (string, bool) {
	parsed, err := url.Parse(uri)
	switch {
	case err != nil:
		// Not all scanners escape what they should: a name with spaces or percent signs is a name all the same.
		if strings.Contains(uri, ":") {
			return "", false
		}
		return uri, !strings.ContainsAny(uri, "\x00\n\r")
	case parsed.Scheme == "file" && (parsed.Host == "" || parsed.Host == "localhost"):
	case parsed.Scheme != "" || parsed.Host != "" || parsed.Opaque != "":
		return "", false
	}
	return parsed.Path, !strings.ContainsAny(parsed.Path, "\x00\n\r")
}

// under is the path from one of the roots; "" where the name is under none.
func under(name string, roots []string) string {
	if !path.IsAbs(name) {
		return ""
	}
	for _, root := range roots {
		root = strings.TrimSuffix(filepath.ToSlash(root), "/")
		if rest, inside := strings.CutPrefix(path.Clean(name), root+"/"); inside && root != "" {
			return local(rest)
		}
	}
	return ""
}

// local is the clean relative path; "" where it leads out of the repository.
func local(name string) string {
	name = path.Clean(name)
	if name == "." || !filepath.IsLocal(name) || name == ".git" || strings.HasPrefix(name, ".git/") {
		return ""
	}
	return name
}
