package githubsim

import (
	"slices"
	"strings"
	"time"
)

// CommitView is a commit as its page shows it.
type CommitView struct {
	SHA     string
	Parents []string
	Author  string
	Message string
	At      time.Time
}

// Title is the first line of the message.
func (v CommitView) Title() string {
	title, _, _ := strings.Cut(v.Message, "\n")
	return title
}

// FileChange is one file that differs between two commits.
type FileChange struct {
	Path           string
	Previous       string // where it was before, if it was renamed
	Status         string // added, removed, modified or renamed
	Added, Deleted int    // lines
	Patch          string // its hunks, as in a unified diff
}

// Commits shows the commits of a branch, a tag or a commit, newest first, at
// most limit of them.
func (gh *GitHub) Commits(fullName, ref string, limit int) ([]CommitView, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return nil, err
	}
	sha, found := repo.git.resolve(ref)
	if !found {
		return nil, notFound()
	}
	shas, err := repo.git.list("--max-count="+decimal(int64(limit)), sha)
	if err != nil {
		return nil, err
	}
	return repo.commitViews(shas)
}

// PullCommits shows the commits of a pull request, oldest first.
func (gh *GitHub) PullCommits(fullName string, number int) ([]CommitView, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return nil, err
	}
	held, err := repo.pullRequest(number)
	if err != nil {
		return nil, err
	}
	return repo.commitViews(held.commitList)
}

func (r *repository) commitViews(shas []string) ([]CommitView, error) {
	var views []CommitView
	for _, sha := range shas {
		info, err := r.git.info(sha)
		if err != nil {
			return nil, err
		}
		views = append(views, CommitView{
			SHA: info.sha, Parents: info.parents, Author: info.author.name, Message: info.message, At: info.committer.at,
		})
	}
	return views, nil
}

// Files lists the paths of a repository at a branch, a tag or a commit.
func (gh *GitHub) Files(fullName, ref string) ([]string, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return nil, err
	}
	sha, found := repo.git.resolve(ref)
	if !found {
		return nil, notFound()
	}
	out, err := repo.git.run("ls-tree", "-r", "-z", "--name-only", sha)
	if err != nil {
		return nil, err
	}
	paths := strings.FieldsFunc(out, func(r rune) bool { return r == 0 })
	slices.Sort(paths)
	return paths, nil
}

// Changes lists what differs from the merge base of two branches, tags or
// commits to the second of them.
func (gh *GitHub) Changes(fullName, from, to string) ([]FileChange, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return nil, err
	}
	base, found := repo.git.resolve(from)
	head, also := repo.git.resolve(to)
	if !found || !also {
		return nil, notFound()
	}
	if base, err = repo.git.run("merge-base", base, head); err != nil {
		return nil, err
	}
	files, err := repo.git.changes(base, head)
	if err != nil {
		return nil, err
	}
	var changes []FileChange
	for _, file := range files {
		change := FileChange{Path: file.name, Previous: file.previous, Status: file.status, Added: file.added, Deleted: file.deleted}
		paths := []string{file.name}
		if file.previous != "" {
			paths = append(paths, file.previous)
		}
		patch, err := repo.git.run(append([]string{"diff", "-M", "--no-color", base, head, "--"}, paths...)...)
		if err != nil {
			return nil, err
		}
		if at := strings.Index(patch, "\n@@"); at >= 0 {
			change.Patch = patch[at+1:]
		}
		changes = append(changes, change)
	}
	return changes, nil
}
