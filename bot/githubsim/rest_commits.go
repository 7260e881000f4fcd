package githubsim

import (
	"net/http"
	"strings"
)

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
