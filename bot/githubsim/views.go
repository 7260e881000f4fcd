package githubsim

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Entry is one thing in the conversation of a pull request.
type Entry struct {
	At time.Time
	// Kind is opened, push, comment, review, closed, reopened, merged,
	// ready_for_review, converted_to_draft, added_to_merge_queue or
	// removed_from_merge_queue.
	Kind      string
	Actor     string
	ID        int64     // of a comment or a review
	SHA       string    // of a push, a review, a merge
	State     string    // of a review: approved, changes_requested or commented; why it left a queue
	Body      string    // Markdown
	Edited    time.Time // zero for a comment as it was written
	Reactions []Reaction
}

// Reaction is a reaction to a comment.
type Reaction struct {
	Content string // such as +1 or eyes
	Actor   string
}

// PullView is a pull request as its page shows it.
type PullView struct {
	Repository string
	Number     int
	Title      string
	Body       string
	Author     string
	State      string // open, closed or merged
	Draft      bool
	Base       string
	HeadBranch string
	HeadLabel  string // owner:branch
	HeadSHA    string
	BaseSHA    string
	Mergeable  bool
	MergeSHA   string // on the base branch, empty before the merge
	TestMerge  string // refs/pull/N/merge, empty when there is a conflict
	Commits    []string
	Timeline   []Entry
	Checks     []CheckView // newest of each App and name on the head, those of the App first
}

// Comments lists the comments of the conversation by one author, of everyone if
// the author is empty.
func (v PullView) Comments(author string) []Entry {
	var found []Entry
	for _, entry := range v.Timeline {
		if entry.Kind == "comment" && (author == "" || entry.Actor == author) {
			found = append(found, entry)
		}
	}
	return found
}

// CheckView is a check run.
type CheckView struct {
	ID          int64
	App         string // the slug of the App whose run it is
	Name        string
	SHA         string
	Status      string
	Conclusion  string
	Title       string
	Summary     string
	Text        string
	DetailsURL  string
	Annotations []AnnotationView
	Actions     []ActionView
}

// AnnotationView is a remark of a check run about lines of a file.
type AnnotationView struct {
	Path           string
	Start, End     int
	Level, Message string
}

// ActionView is a button of a check run.
type ActionView struct{ Label, Identifier string }

// DeploymentView is a deployment with its statuses, oldest first.
type DeploymentView struct {
	ID          int64
	Environment string
	SHA, Ref    string
	Description string
	Creator     string
	Production  bool
	Created     time.Time
	State       string // of the newest status
	Statuses    []DeploymentStatusView
}

// DeploymentStatusView is one status of a deployment.
type DeploymentStatusView struct {
	State, Description, LogURL, EnvironmentURL string
	At                                         time.Time
}

// RepositoryView is a repository as its page shows it.
type RepositoryView struct {
	ID            int64
	Name          string // owner/name
	Private       bool
	DefaultBranch string
	Branches      map[string]string // name -> commit
	Pulls         []PullView        // newest first, without checks
	Deployments   []DeploymentView  // newest first
	Environments  []string
	Collaborators map[string]string
}

// Pull shows a pull request.
func (gh *GitHub) Pull(fullName string, number int) (PullView, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return PullView{}, err
	}
	held, err := repo.pullRequest(number)
	if err != nil {
		return PullView{}, err
	}
	view := pullView(held)
	view.Checks = repo.checksOn(held.headSHA)
	return view, nil
}

func pullView(held *pull) PullView {
	view := PullView{
		Repository: held.repo.fullName(), Number: held.issue.number, Title: held.issue.title, Body: held.issue.body,
		Author: held.issue.user.login, State: held.issue.state, Draft: held.draft, Base: held.base,
		HeadBranch: held.head, HeadLabel: held.headRepo.owner.login + ":" + held.head, HeadSHA: held.headSHA,
		BaseSHA: held.baseSHA, Mergeable: held.testMerge != "", MergeSHA: held.mergeSHA, TestMerge: held.testMerge,
		Commits: slices.Clone(held.commitList), Timeline: slices.Clone(held.issue.timeline),
	}
	if !held.merged.IsZero() {
		view.State = "merged"
	}
	for i := range view.Timeline {
		if entry := &view.Timeline[i]; entry.Kind == "comment" {
			entry.Reactions = reactionsTo(held.issue, entry.ID)
		}
	}
	return view
}

func reactionsTo(held *issue, id int64) []Reaction {
	var found []Reaction
	for _, one := range held.comments {
		if one.id != id {
			continue
		}
		for _, given := range one.reactions {
			found = append(found, Reaction{Content: given.content, Actor: given.user.login})
		}
	}
	return found
}

// checksOn shows the newest run of each App and name on a commit.
func (r *repository) checksOn(sha string) []CheckView {
	newest := map[string]*checkRun{}
	for _, run := range r.runs {
		if run.sha == sha {
			newest[fmt.Sprintf("%020d %s", run.app.id, run.name)] = run // the App that all is about is the first there was
		}
	}
	var found []CheckView
	for _, key := range slices.Sorted(maps.Keys(newest)) {
		run := newest[key]
		view := CheckView{
			ID: run.id, App: run.app.slug, Name: run.name, SHA: run.sha, Status: run.status, Conclusion: run.conclusion, Title: run.title,
			Summary: run.summary, Text: run.text, DetailsURL: run.detailsURL,
		}
		for _, one := range run.annotations {
			view.Annotations = append(view.Annotations, AnnotationView{one.Path, one.StartLine, one.EndLine, one.Level, one.Message})
		}
		for _, one := range run.actions {
			view.Actions = append(view.Actions, ActionView{one.Label, one.Identifier})
		}
		found = append(found, view)
	}
	return found
}

// Checks shows the newest check run of each App and name on a commit, those of the App first.
func (gh *GitHub) Checks(fullName, sha string) ([]CheckView, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return nil, err
	}
	return repo.checksOn(sha), nil
}

// Deployments shows a repository's deployments, newest first.
func (gh *GitHub) Deployments(fullName string) ([]DeploymentView, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return nil, err
	}
	return repo.deploymentViews(), nil
}

func (r *repository) deploymentViews() []DeploymentView {
	var found []DeploymentView
	for _, one := range slices.Backward(r.deployments) {
		view := DeploymentView{
			ID: one.id, Environment: one.environment, SHA: one.sha, Ref: one.ref, Description: one.description,
			Creator: one.creator.login, Production: one.production, Created: one.created, State: one.state(),
		}
		for _, status := range one.statuses {
			view.Statuses = append(view.Statuses, DeploymentStatusView{
				status.state, status.description, status.logURL, status.environmentURL, status.created,
			})
		}
		found = append(found, view)
	}
	return found
}

// Repository shows a repository.
func (gh *GitHub) Repository(fullName string) (RepositoryView, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return RepositoryView{}, err
	}
	heads, err := repo.git.branches()
	if err != nil {
		return RepositoryView{}, err
	}
	view := RepositoryView{
		ID: repo.id, Name: repo.fullName(), Private: repo.private, DefaultBranch: repo.defaultBranch, Branches: heads,
		Deployments: repo.deploymentViews(), Collaborators: maps.Clone(repo.collaborators),
	}
	for _, held := range slices.Backward(repo.pulls()) {
		view.Pulls = append(view.Pulls, pullView(held))
	}
	for _, held := range repo.environments {
		view.Environments = append(view.Environments, held.name)
	}
	return view, nil
}

// File reads a file of a repository at a branch, a tag or a commit.
func (gh *GitHub) File(fullName, ref, path string) (string, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return "", err
	}
	sha, found := repo.git.resolve(ref)
	if !found {
		return "", notFound()
	}
	content, err := repo.git.with(nil, nil, "cat-file", "blob", sha+":"+path)
	if err != nil {
		return "", notFound()
	}
	return content, nil
}
