package githubsim

import (
	"encoding/base64"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// getContent answers repos/get-content: a file with its content, or the entries
// of a directory.
func getContent(c *call) (reply, error) {
	ref := c.query().Get("ref")
	if ref == "" {
		ref = c.repo.defaultBranch
	}
	sha, found := c.repo.git.resolve(ref)
	if !found {
		return reply{}, &Problem{Status: http.StatusNotFound, Message: "No commit found for the ref " + ref}
	}
	wanted := strings.Trim(c.values["path"], "/")
	if wanted == "" || c.isDirectory(sha, wanted) {
		return c.directory(sha, wanted, ref)
	}
	out, err := c.repo.git.run("ls-tree", "-l", "-z", sha, "--", wanted)
	entry, parsed := parseTree(strings.TrimSuffix(out, "\x00"))
	if err != nil || !parsed || entry.kind != "blob" {
		return reply{}, notFound()
	}
	content, err := c.repo.git.with(nil, nil, "cat-file", "blob", entry.sha)
	if err != nil {
		return reply{}, err
	}
	if accept := c.request.Header.Get("Accept"); strings.Contains(accept, ".raw") {
		return reply{status: http.StatusOK, body: []byte(content), header: http.Header{"Content-Type": {"application/vnd.github.raw+json; charset=utf-8"}}}, nil
	}
	if len(content) > 1<<20 {
		return reply{}, &Problem{Status: http.StatusForbidden, Message: "This API returns blobs up to 1 MB in size. The requested blob is too large to fetch via the API, but you can use the Git Data API to request blobs up to 100 MB in size.", Errors: []FieldError{{Resource: "Blob", Field: "data", Code: "too_large"}}}
	}
	return ok(merge(c.entryShape(entry, wanted, ref), object{
		"content": wrapped(base64.StdEncoding.EncodeToString([]byte(content))), "encoding": "base64",
	}))
}

// wrapped breaks base64 into lines as GitHub does.
func wrapped(text string) string {
	var lines strings.Builder
	for len(text) > 60 {
		lines.WriteString(text[:60] + "\n")
		text = text[60:]
	}
	return lines.String() + text + "\n"
}

func (c *call) isDirectory(sha, wanted string) bool {
	kind, err := c.repo.git.run("cat-file", "-t", sha+":"+wanted)
	return err == nil && kind == "tree"
}

func (c *call) directory(sha, wanted, ref string) (reply, error) {
	out, err := c.repo.git.run("ls-tree", "-l", "-z", sha+":"+wanted)
	if err != nil {
		return reply{}, err
	}
	entries := []any{}
	for line := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		if entry, parsed := parseTree(line); parsed {
			entries = append(entries, c.entryShape(entry, path.Join(wanted, entry.name), ref))
		}
	}
	return ok(entries)
}

// treeEntry is one line of git ls-tree.
type treeEntry struct {
	kind, sha, name string
	size            int
}

func parseTree(line string) (treeEntry, bool) {
	head, name, found := strings.Cut(line, "\t")
	fields := strings.Fields(head)
	if !found || len(fields) != 4 {
		return treeEntry{}, false
	}
	size, _ := strconv.Atoi(fields[3])
	return treeEntry{kind: fields[1], sha: fields[2], name: path.Base(name), size: size}, true
}

func (c *call) entryShape(entry treeEntry, at, ref string) object {
	kind, object1 := "file", "blobs"
	if entry.kind == "tree" {
		kind, object1 = "dir", "trees"
	}
	url := c.gh.api("/repos/%s/contents/%s?ref=%s", c.repo.fullName(), at, ref)
	gitURL := c.gh.api("/repos/%s/git/%s/%s", c.repo.fullName(), object1, entry.sha)
	html := c.gh.web("/%s/blob/%s/%s", c.repo.fullName(), ref, at)
	shape := object{
		"name": entry.name, "path": at, "sha": entry.sha, "size": entry.size, "type": kind, "url": url,
		"git_url": gitURL, "html_url": html, "download_url": nil,
		"_links": object{"self": url, "git": gitURL, "html": html},
	}
	if kind == "file" {
		shape["download_url"] = c.gh.web("/%s/raw/%s/%s", c.repo.fullName(), ref, at)
	}
	return shape
}
