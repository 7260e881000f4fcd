package githubsim

import (
	"encoding/base64"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// getRepository answers repos/get.
func getRepository(c *call) (reply, error) { return ok(c.gh.fullRepository(c.repo)) }

// getPermission answers repos/get-collaborator-permission-level. It folds
// maintain into write and triage into read; role_name is the real role.
func getPermission(c *call) (reply, error) {
	who := c.gh.accounts[strings.ToLower(c.values["username"])]
	if who == nil || who.kind != "User" {
		return reply{}, notFound()
	}
	role := c.repo.role(who)
	folded := map[string]string{"maintain": "write", "triage": "read"}
	permission := role
	if folded[role] != "" {
		permission = folded[role]
	}
	user := merge(c.gh.user(who), object{"role_name": role, "permissions": object{
		"pull": c.repo.may(who, "read"), "triage": c.repo.may(who, "triage"), "push": c.repo.may(who, "write"),
		"maintain": c.repo.may(who, "maintain"), "admin": c.repo.may(who, "admin"),
	}})
	return ok(object{"permission": permission, "role_name": role, "user": user})
}

// compare answers repos/compare-commits-with-basehead.
func compare(c *call) (reply, error) {
	from, to, found := strings.Cut(c.values["basehead"], "...")
	if !found {
		return reply{}, notFound()
	}
	git := c.repo.git
	base, okBase := git.resolve(from)
	head, okHead := git.resolve(to)
	if !okBase || !okHead {
		return reply{}, notFound()
	}
	fork, err := git.run("merge-base", base, head)
	if err != nil {
		return reply{}, &Problem{Status: http.StatusNotFound, Message: "No common ancestor between " + from + " and " + to + "."}
	}
	ahead, err := git.list("--reverse", "--topo-order", base+".."+head)
	if err != nil {
		return reply{}, err
	}
	behind, err := git.list(head + ".." + base)
	if err != nil {
		return reply{}, err
	}
	return c.comparison(comparing{base: base, fork: fork, head: head, ahead: ahead, behind: len(behind)})
}

// comparing is what compare found out.
type comparing struct {
	base, fork, head string
	ahead            []string // commits, oldest first
	behind           int
}

// comparison writes it down: all in one answer of at most 250 commits, unless
// the caller pages.
func (c *call) comparison(found comparing) (reply, error) {
	status := "identical"
	switch {
	case len(found.ahead) > 0 && found.behind > 0:
		status = "diverged"
	case len(found.ahead) > 0:
		status = "ahead"
	case found.behind > 0:
		status = "behind"
	}
	files, err := c.repo.git.changes(found.fork, found.head)
	if err != nil {
		return reply{}, err
	}
	files = files[:min(len(files), 300)]
	ends, err := c.gh.commitShapes(c.repo, []string{found.base, found.fork})
	if err != nil {
		return reply{}, err
	}
	url := c.gh.api("/repos/%s/compare/%s...%s", c.repo.fullName(), found.base, found.head)
	html := c.gh.web("/%s/compare/%s...%s", c.repo.fullName(), found.base, found.head)
	shape := object{
		"url": url, "html_url": html, "permalink_url": html, "diff_url": html + ".diff", "patch_url": html + ".patch",
		"base_commit": ends[0], "merge_base_commit": ends[1], "status": status, "ahead_by": len(found.ahead),
		"behind_by": found.behind, "total_commits": len(found.ahead),
		"files": shown(files, func(file fileDiff) object { return c.gh.diffShape(c.repo, found.head, file) }),
	}
	if c.query().Has("page") || c.query().Has("per_page") {
		answer, err := c.listCommits(found.ahead)
		if c.queryNumber("page", 1) > 1 {
			shape["files"] = []any{} // files are on the first page only
		}
		answer.body = merge(shape, object{"commits": answer.body})
		return answer, err
	}
	shape["commits"], err = c.gh.commitShapes(c.repo, found.ahead[:min(len(found.ahead), 250)])
	if err != nil {
		return reply{}, err
	}
	return ok(shape)
}

// getCommit answers repos/get-commit.
func getCommit(c *call) (reply, error) {
	sha, found := c.repo.git.resolve(c.values["ref"])
	if !found {
		return reply{}, &Problem{Status: http.StatusUnprocessableEntity, Message: "No commit found for SHA: " + c.values["ref"]}
	}
	if strings.Contains(c.request.Header.Get("Accept"), "application/vnd.github.sha") ||
		strings.Contains(c.request.Header.Get("Accept"), "application/vnd.github.v3.sha") {
		return reply{status: http.StatusOK, body: []byte(sha), header: http.Header{"Content-Type": {"application/vnd.github.sha; charset=utf-8"}}}, nil
	}
	info, err := c.repo.git.info(sha)
	if err != nil {
		return reply{}, err
	}
	before := emptyTree
	if len(info.parents) > 0 {
		before = info.parents[0]
	}
	files, err := c.repo.git.changes(before, sha)
	if err != nil {
		return reply{}, err
	}
	added, deleted := 0, 0
	for _, file := range files {
		added, deleted = added+file.added, deleted+file.deleted
	}
	return ok(merge(c.gh.commitShape(c.repo, info), object{
		"stats": object{"additions": added, "deletions": deleted, "total": added + deleted},
		"files": shown(files, func(file fileDiff) object { return c.gh.diffShape(c.repo, sha, file) }),
	}))
}

// listCommits answers repos/list-commits, newest first.
func listCommits(c *call) (reply, error) {
	from := c.query().Get("sha")
	if from == "" {
		from = c.repo.defaultBranch
	}
	sha, found := c.repo.git.resolve(from)
	if !found {
		return reply{}, notFound()
	}
	args := []string{sha}
	if path := c.query().Get("path"); path != "" {
		args = append(args, "--", path)
	}
	shas, err := c.repo.git.list(args...)
	if err != nil {
		return reply{}, err
	}
	return c.listCommits(shas)
}

// getGitCommit answers git/get-commit.
func getGitCommit(c *call) (reply, error) {
	if !c.repo.git.has(c.values["commit_sha"]) {
		return reply{}, notFound()
	}
	info, err := c.repo.git.info(c.values["commit_sha"])
	if err != nil {
		return reply{}, err
	}
	shape := c.gh.commitShape(c.repo, info)
	inner := shape["commit"].(object)
	return ok(object{
		"sha": info.sha, "node_id": shape["node_id"], "url": inner["url"], "html_url": shape["html_url"],
		"author": inner["author"], "committer": inner["committer"], "tree": inner["tree"], "message": info.message,
		"parents": shape["parents"], "verification": inner["verification"],
	})
}

// getRef answers git/get-ref, for branches, tags and pull requests.
func getRef(c *call) (reply, error) {
	ref := "refs/" + c.values["ref"]
	sha, err := c.repo.git.run("rev-parse", "--verify", "--quiet", ref)
	if err != nil {
		return reply{}, notFound()
	}
	return ok(c.refShape(ref, sha))
}

func (c *call) refShape(ref, sha string) object {
	return object{
		"ref": ref, "node_id": nodeID("Ref"+ref, c.repo.id),
		"url":    c.gh.api("/repos/%s/git/%s", c.repo.fullName(), ref),
		"object": object{"type": "commit", "sha": sha, "url": c.gh.api("/repos/%s/git/commits/%s", c.repo.fullName(), sha)},
	}
}

// listRefs answers git/list-matching-refs: those that begin with what is asked.
func listRefs(c *call) (reply, error) {
	out, err := c.repo.git.run("for-each-ref", "--format=%(objectname) %(refname)")
	if err != nil {
		return reply{}, err
	}
	found := []any{}
	for line := range strings.Lines(out) {
		sha, ref, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(ref, "refs/"+c.values["ref"]) {
			found = append(found, c.refShape(ref, sha))
		}
	}
	return ok(found)
}

// getBranch answers repos/get-branch.
func getBranch(c *call) (reply, error) {
	name := c.values["branch"]
	sha := c.repo.git.branch(name)
	if sha == "" {
		return reply{}, &Problem{Status: http.StatusNotFound, Message: "Branch not found"}
	}
	info, err := c.repo.git.info(sha)
	if err != nil {
		return reply{}, err
	}
	url := c.gh.api("/repos/%s/branches/%s", c.repo.fullName(), name)
	return ok(object{
		"name": name, "commit": c.gh.commitShape(c.repo, info), "protected": false, "protection_url": url + "/protection",
		"_links": object{"self": url, "html": c.gh.web("/%s/tree/%s", c.repo.fullName(), name)},
		"protection": object{"enabled": false, "required_status_checks": object{
			"enforcement_level": "off", "contexts": []any{}, "checks": []any{},
		}},
	})
}

// listBranches answers repos/list-branches, in the order of their names.
func listBranches(c *call) (reply, error) {
	heads, err := c.repo.git.branches()
	if err != nil {
		return reply{}, err
	}
	return listed(c, slices.Sorted(maps.Keys(heads)), func(name string) object {
		return object{"name": name, "protected": false, "commit": object{
			"sha": heads[name], "url": c.gh.api("/repos/%s/commits/%s", c.repo.fullName(), heads[name]),
		}}
	})
}

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
