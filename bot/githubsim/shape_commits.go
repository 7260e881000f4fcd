package githubsim

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// commitInfo is what git knows about a commit.
type commitInfo struct {
	sha, tree         string
	parents           []string
	author, committer gitPerson
	message           string
}

type gitPerson struct {
	name, email string
	at          time.Time
}

// info reads a commit.
func (d gitDir) info(sha string) (commitInfo, error) {
	out, err := d.run("log", "-1", "--format=%H%n%T%n%P%n%an%n%ae%n%at%n%cn%n%ce%n%ct%n%B", sha, "--")
	if err != nil {
		return commitInfo{}, err
	}
	lines := strings.SplitN(out, "\n", 10)
	if len(lines) < 10 {
		return commitInfo{}, fmt.Errorf("git log of %s: %d lines", sha, len(lines))
	}
	person := func(name, email, at string) gitPerson {
		seconds, _ := strconv.ParseInt(at, 10, 64)
		return gitPerson{name, email, time.Unix(seconds, 0).UTC()}
	}
	return commitInfo{
		sha: lines[0], tree: lines[1], parents: strings.Fields(lines[2]),
		author: person(lines[3], lines[4], lines[5]), committer: person(lines[6], lines[7], lines[8]),
		message: strings.TrimRight(lines[9], "\n"),
	}, nil
}

// fileDiff is one changed file.
type fileDiff struct {
	name, previous string
	status         string // added, removed, modified or renamed
	sha            string
	added, deleted int
}

// diff lists what changed from the merge base of two commits to the second.
func (d gitDir) diff(from, to string) ([]fileDiff, error) {
	base, err := d.run("merge-base", from, to)
	if err != nil {
		return nil, err
	}
	return d.changes(base, to)
}

// changes lists what differs between two trees.
func (d gitDir) changes(from, to string) ([]fileDiff, error) {
	out, err := d.run("diff-tree", "-r", "-M", "-z", "--raw", "--numstat", from, to)
	if err != nil {
		return nil, err
	}
	fields := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	var found []fileDiff
	place := map[string]int{}
	for i := 0; i < len(fields); i++ {
		if !strings.HasPrefix(fields[i], ":") {
			i = countLines(found, place, fields, i)
			continue
		}
		raw := strings.Fields(fields[i])
		if len(raw) < 5 || i+1 >= len(fields) {
			break
		}
		file := fileDiff{sha: raw[3], name: fields[i+1]}
		i++
		switch raw[4][0] {
		case 'A':
			file.status = "added"
		case 'D':
			file.status, file.sha = "removed", raw[2]
		case 'R':
			file.status, file.previous, file.name = "renamed", file.name, fields[i+1]
			i++
		default:
			file.status = "modified"
		}
		place[file.name] = len(found)
		found = append(found, file)
	}
	return found, nil
}

// countLines reads one entry of git's line counts into the file it is about and
// returns where the entry ends.
func countLines(found []fileDiff, place map[string]int, fields []string, i int) int {
	counts := strings.SplitN(fields[i], "\t", 3)
	if len(counts) < 3 {
		return i
	}
	name := counts[2]
	if name == "" && i+2 < len(fields) { // a rename: both names follow
		name = fields[i+2]
		i += 2
	}
	if at, ok := place[name]; ok {
		found[at].added, _ = strconv.Atoi(counts[0])
		found[at].deleted, _ = strconv.Atoi(counts[1])
	}
	return i
}

// writer finds the account behind an address, nil if there is none.
func (gh *GitHub) writer(person gitPerson) *account {
	for _, who := range gh.accounts {
		if who.email() == person.email {
			return who
		}
	}
	return nil
}

// commitShape shows a commit as lists carry it.
func (gh *GitHub) commitShape(repo *repository, info commitInfo) object {
	url := gh.api("/repos/%s/commits/%s", repo.fullName(), info.sha)
	person := func(p gitPerson) object {
		return object{"name": p.name, "email": p.email, "date": stamp(p.at)}
	}
	parents := []any{}
	for _, sha := range info.parents {
		parents = append(parents, object{
			"sha": sha, "url": gh.api("/repos/%s/commits/%s", repo.fullName(), sha),
			"html_url": gh.web("/%s/commit/%s", repo.fullName(), sha),
		})
	}
	return object{
		"sha": info.sha, "node_id": nodeID("Commit"+info.sha, repo.id), "url": url,
		"html_url": gh.web("/%s/commit/%s", repo.fullName(), info.sha), "comments_url": url + "/comments",
		"author": gh.userOrNull(gh.writer(info.author)), "committer": gh.userOrNull(gh.writer(info.committer)),
		"parents": parents,
		"commit": object{
			"url":    gh.api("/repos/%s/git/commits/%s", repo.fullName(), info.sha),
			"author": person(info.author), "committer": person(info.committer), "message": info.message,
			"comment_count": 0, "tree": gh.treeLink(repo, info.tree),
			"verification": object{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil},
		},
	}
}

func (gh *GitHub) treeLink(repo *repository, tree string) object {
	return object{"sha": tree, "url": gh.api("/repos/%s/git/trees/%s", repo.fullName(), tree)}
}

// commitShapes shows several commits.
func (gh *GitHub) commitShapes(repo *repository, shas []string) ([]any, error) {
	out := []any{}
	for _, sha := range shas {
		info, err := repo.git.info(sha)
		if err != nil {
			return nil, err
		}
		out = append(out, gh.commitShape(repo, info))
	}
	return out, nil
}

// diffShape shows a changed file.
func (gh *GitHub) diffShape(repo *repository, at string, file fileDiff) object {
	shape := object{
		"sha": file.sha, "filename": file.name, "status": file.status, "additions": file.added,
		"deletions": file.deleted, "changes": file.added + file.deleted,
		"blob_url":     gh.web("/%s/blob/%s/%s", repo.fullName(), at, file.name),
		"raw_url":      gh.web("/%s/raw/%s/%s", repo.fullName(), at, file.name),
		"contents_url": gh.api("/repos/%s/contents/%s?ref=%s", repo.fullName(), file.name, at),
	}
	if file.previous != "" {
		shape["previous_filename"] = file.previous
	}
	return shape
}

// pushedCommit shows a commit as the push webhook carries it.
func (gh *GitHub) pushedCommit(repo *repository, info commitInfo) object {
	person := func(p gitPerson) object {
		shape := object{"name": p.name, "email": p.email}
		if who := gh.writer(p); who != nil {
			shape["username"] = who.login
		}
		return shape
	}
	names := map[string][]any{"added": {}, "removed": {}, "modified": {}}
	before := emptyTree
	if len(info.parents) > 0 {
		before = info.parents[0]
	}
	files, err := repo.git.changes(before, info.sha)
	if err == nil {
		for _, file := range files {
			status := file.status
			if status == "renamed" {
				names["removed"] = append(names["removed"], file.previous)
				status = "added"
			}
			names[status] = append(names[status], file.name)
		}
	}
	return object{
		"id": info.sha, "tree_id": info.tree, "distinct": true, "message": info.message,
		"timestamp": stamp(info.committer.at), "url": gh.web("/%s/commit/%s", repo.fullName(), info.sha),
		"author": person(info.author), "committer": person(info.committer),
		"added": names["added"], "removed": names["removed"], "modified": names["modified"],
	}
}

// emptyTree is the name that git gives to a tree without files.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
