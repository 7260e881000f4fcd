package web

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// environment is where an environment is, as GitHub's deployments tell it.
type environment struct {
	Name string
	// Running is the newest deployment that succeeded, Latest the newest of all.
	// nil: there is none.
	Running, Latest *githubsim.DeploymentView
	Results         []Result
}

// environments in the order in which they were first deployed to, which is the
// order in which commits reach them.
func (s *site) environments(view githubsim.RepositoryView) []environment {
	var found []environment
	place := map[string]int{}
	add := func(name string) *environment {
		at, known := place[name]
		if !known {
			at = len(found)
			place[name] = at
			found = append(found, environment{Name: name})
		}
		return &found[at]
	}
	var results []Result
	if s.options.Results != nil {
		results = s.options.Results()
	}
	for _, result := range results {
		one := add(result.Environment)
		one.Results = append(one.Results, result)
	}
	for i := range slices.Backward(view.Deployments) {
		deployment := &view.Deployments[i]
		one := add(deployment.Environment)
		one.Latest = deployment
		if succeeded(*deployment) {
			one.Running = deployment
		}
	}
	return found
}

// succeeded tells whether the deployment was a success when it was done. A later
// one makes it inactive.
func succeeded(deployment githubsim.DeploymentView) bool {
	return slices.ContainsFunc(deployment.Statuses, func(status githubsim.DeploymentStatusView) bool {
		return status.State == "success"
	})
}

// branch is a branch with its commit.
type branch struct{ Name, SHA string }

// repositoryPage is a repository's first page.
type repositoryPage struct {
	View         githubsim.RepositoryView
	Branches     []branch
	Environments []environment
	Commits      []githubsim.CommitView
	Files        []string
}

func (s *site) repository(r *request) (page, error) {
	view, err := s.gh.Repository(r.repository)
	if err != nil {
		return page{}, err
	}
	shown := repositoryPage{View: view, Environments: s.environments(view)}
	for _, name := range slices.Sorted(maps.Keys(view.Branches)) {
		shown.Branches = append(shown.Branches, branch{name, view.Branches[name]})
	}
	if shown.Files, err = s.gh.Files(r.repository, view.DefaultBranch); err != nil {
		return page{}, err
	}
	if shown.Commits, err = s.gh.Commits(r.repository, view.DefaultBranch, 10); err != nil {
		return page{}, err
	}
	return s.pageOf(r, "repository", r.repository, shown), nil
}

func (s *site) deployments(r *request) (page, error) {
	found, err := s.gh.Deployments(r.repository)
	if err != nil {
		return page{}, err
	}
	return s.pageOf(r, "deployments", "Deployments", found), nil
}

// filePage is a file at a commit.
type filePage struct{ Ref, Path, Text string }

func (s *site) file(r *request) (page, error) {
	shown := filePage{Ref: r.PathValue("ref"), Path: r.PathValue("path")}
	var err error
	if shown.Text, err = s.gh.File(r.repository, shown.Ref, shown.Path); err != nil {
		return page{}, err
	}
	return s.pageOf(r, "file", shown.Path, shown), nil
}

// changesPage is what differs between two commits.
type changesPage struct {
	Commits []githubsim.CommitView
	Changes []githubsim.FileChange
}

func (s *site) commit(r *request) (page, error) {
	found, err := s.gh.Commits(r.repository, r.PathValue("sha"), 1)
	if err != nil {
		return page{}, err
	}
	shown := changesPage{Commits: found}
	if commit := found[0]; len(commit.Parents) > 0 {
		if shown.Changes, err = s.gh.Changes(r.repository, commit.Parents[0], commit.SHA); err != nil {
			return page{}, err
		}
	}
	return s.pageOf(r, "changes", found[0].Title(), shown), nil
}

func (s *site) compare(r *request) (page, error) {
	from, to, two := strings.Cut(r.PathValue("range"), "...")
	if !two {
		return page{}, errNothing
	}
	changes, err := s.gh.Changes(r.repository, from, to)
	if err != nil {
		return page{}, err
	}
	return s.pageOf(r, "changes", "From "+short(from)+" to "+short(to), changesPage{Changes: changes}), nil
}

// run shows a check run. It is looked for on the heads of the pull requests and
// on the branches, where check runs are made.
func (s *site) run(r *request) (page, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return page{}, errNothing
	}
	view, err := s.gh.Repository(r.repository)
	if err != nil {
		return page{}, err
	}
	heads := slices.Collect(maps.Values(view.Branches))
	for _, pull := range view.Pulls {
		heads = append(append(heads, pull.HeadSHA), pull.Commits...)
	}
	for _, sha := range heads {
		checks, err := s.gh.Checks(r.repository, sha)
		if err != nil {
			return page{}, err
		}
		for _, check := range checks {
			if check.ID == id {
				return s.pageOf(r, "run", check.Name, check), nil
			}
		}
	}
	return page{}, errNothing
}

// editing is the form in which a file is changed.
type editing struct {
	Ref, Path, Text string
	Files           []string
}

func (s *site) editing(repository, ref, path string) (editing, error) {
	form := editing{Ref: ref, Path: path}
	var err error
	if form.Files, err = s.gh.Files(repository, ref); err != nil {
		return editing{}, err
	}
	if !slices.Contains(form.Files, path) {
		if len(form.Files) == 0 {
			return form, nil
		}
		form.Path = form.Files[0]
	}
	form.Text, err = s.gh.File(repository, ref, form.Path)
	return form, err
}

// proposal is the page on which a pull request is opened.
func (s *site) proposal(r *request) (page, error) {
	view, err := s.gh.Repository(r.repository)
	if err != nil {
		return page{}, err
	}
	form, err := s.editing(r.repository, view.DefaultBranch, r.URL.Query().Get("path"))
	if err != nil {
		return page{}, err
	}
	return s.pageOf(r, "new", "Open a pull request", form), nil
}
