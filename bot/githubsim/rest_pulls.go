package githubsim

import (
	"slices"
	"strings"
)

// pull finds the pull request of a call.
func (c *call) pull() (*pull, error) {
	number, err := c.number("pull_number")
	if err != nil {
		return nil, err
	}
	return c.repo.pullRequest(int(number))
}

// createPull answers pulls/create, from a branch of the repository itself or, as "owner:branch", of a fork.
func createPull(c *call) (reply, error) {
	var request struct {
		Title string `json:"title"`
		Head  string `json:"head"`
		Base  string `json:"base"`
		Body  string `json:"body"`
		Draft bool   `json:"draft"`
	}
	if err := c.decode(&request); err != nil {
		return reply{}, err
	}
	o := opening{repo: c.repo, headRepo: c.repo, by: c.actor, head: request.Head, base: request.Base, title: request.Title, body: request.Body, draft: request.Draft}
	if owner, branch, labelled := strings.Cut(request.Head, ":"); labelled {
		from, err := c.gh.repo(owner + "/" + c.repo.name)
		if err != nil {
			return reply{}, invalid("PullRequest", "head", "invalid", "")
		}
		o.headRepo, o.head = from, branch
	}
	if len(o.body) > bodyLimit {
		return reply{}, invalid("PullRequest", "body", "custom", "body is too long (maximum is 65536 characters)")
	}
	made, err := c.gh.open(o)
	if err != nil {
		return reply{}, err
	}
	return created(c.gh.fullPull(made, made.mergeable()))
}

// getPull answers pulls/get.
func getPull(c *call) (reply, error) {
	held, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	return ok(c.gh.fullPull(held, held.mergeable()))
}

// listPulls answers pulls/list: the open ones, newest first, unless it is asked
// for others.
func listPulls(c *call) (reply, error) {
	query := c.query()
	state := query.Get("state")
	if state == "" {
		state = "open"
	}
	var found []*pull
	for _, held := range c.repo.pulls() {
		label := held.headRepo.owner.login + ":" + held.head
		switch {
		case state != "all" && held.issue.state != state:
		case query.Has("head") && !strings.EqualFold(query.Get("head"), label):
		case query.Has("base") && query.Get("base") != held.base:
		default:
			found = append(found, held)
		}
	}
	sortPulls(found, query.Get("sort"), query.Get("direction"))
	return listed(c, found, c.gh.pullShape)
}

// sortPulls orders by creation or last update. The default is newest created
// first; oldest first where an order is named.
func sortPulls(found []*pull, by, direction string) {
	if direction == "" {
		direction = "desc"
		if by != "" && by != "created" {
			direction = "asc"
		}
	}
	slices.SortStableFunc(found, func(a, b *pull) int {
		order := a.issue.number - b.issue.number
		if by == "updated" {
			if compared := a.issue.updated.Compare(b.issue.updated); compared != 0 {
				order = compared
			}
		}
		if direction == "desc" {
			return -order
		}
		return order
	})
}

// listPullFiles answers pulls/list-files.
func listPullFiles(c *call) (reply, error) {
	held, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	files, err := c.repo.git.diff(held.baseSHA, held.headSHA)
	if err != nil {
		return reply{}, err
	}
	if len(files) > 3000 {
		files = files[:3000]
	}
	return listed(c, files, func(file fileDiff) object { return c.gh.diffShape(c.repo, held.headSHA, file) })
}

// listPullCommits answers pulls/list-commits, of which GitHub shows 250.
func listPullCommits(c *call) (reply, error) {
	held, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	shas := held.commitList
	if len(shas) > 250 {
		shas = shas[:250]
	}
	return c.listCommits(shas)
}

// listCommits pages commits.
func (c *call) listCommits(shas []string) (reply, error) {
	var failed error
	answer, err := page(c, shas, func(cut []string) any {
		shapes, err := c.gh.commitShapes(c.repo, cut)
		failed = err
		return shapes
	})
	if failed != nil {
		return reply{}, failed
	}
	return answer, err
}

// listReviews answers pulls/list-reviews, oldest first.
func listReviews(c *call) (reply, error) {
	held, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	return listed(c, held.reviews, func(given *review) object { return c.gh.reviewShape(held, given) })
}

// mergePull answers pulls/merge.
func mergePull(c *call) (reply, error) {
	held, err := c.pull()
	if err != nil {
		return reply{}, err
	}
	var request struct {
		Title  string `json:"commit_title"`
		SHA    string `json:"sha"`
		Method string `json:"merge_method"`
	}
	if err := c.decode(&request); err != nil {
		return reply{}, err
	}
	sha, err := c.gh.merge(held, merging{method: request.Method, sha: request.SHA, title: request.Title, by: c.actor})
	if err != nil {
		return reply{}, err
	}
	return ok(object{"sha": sha, "merged": true, "message": "Pull Request successfully merged"})
}

// listPullsOfCommit answers repos/list-pull-requests-associated-with-commit: the
// pull request that brought a commit to the default branch, or the open ones
// that contain it.
func listPullsOfCommit(c *call) (reply, error) {
	sha, known := c.repo.git.resolve(c.values["commit_sha"])
	if !known {
		return reply{}, &Problem{Status: 422, Message: "No commit found for SHA: " + c.values["commit_sha"]}
	}
	var merged, open []*pull
	for _, held := range slices.Backward(c.repo.pulls()) {
		if held.mergeSHA != sha && !slices.Contains(held.commitList, sha) && !slices.Contains(held.rebased, sha) {
			continue
		}
		if !held.merged.IsZero() {
			merged = append(merged, held)
		} else if held.issue.state == "open" {
			open = append(open, held)
		}
	}
	if c.repo.git.ancestor(sha, c.repo.git.branch(c.repo.defaultBranch)) {
		return listed(c, merged, c.gh.pullShape)
	}
	return listed(c, append(open, merged...), c.gh.pullShape)
}
