package githubsim

import "net/http"

// RenameBranch gives a branch another name. Open pull requests into it follow,
// and where it was the default branch it stays so.
func (p *Person) RenameBranch(fullName, from, to string) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "admin")
	if err != nil {
		return err
	}
	tip := repo.git.branch(from)
	switch {
	case tip == "":
		return &Problem{Status: http.StatusNotFound, Message: "Branch not found"}
	case repo.git.branch(to) != "":
		return &Problem{Status: http.StatusUnprocessableEntity, Message: "Branch already exists"}
	}
	if err := repo.git.setRef("refs/heads/"+to, tip); err != nil {
		return err
	}
	if repo.defaultBranch == from {
		if err := p.gh.makeDefault(repo, to, who); err != nil {
			return err
		}
	}
	if err := p.gh.moved(move{repo, to, "", tip, who}); err != nil {
		return err
	}
	for _, held := range repo.pulls() {
		if held.issue.state == "open" && held.base == from {
			if err := p.gh.retarget(held, to, who); err != nil {
				return err
			}
		}
	}
	if err := repo.git.deleteRef("refs/heads/" + from); err != nil {
		return err
	}
	return p.gh.moved(move{repo, from, tip, "", who})
}

// SetDefaultBranch makes another branch the default one. Nothing else changes.
func (p *Person) SetDefaultBranch(fullName, branch string) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "admin")
	if err != nil {
		return err
	}
	if repo.git.branch(branch) == "" {
		return &Problem{Status: http.StatusUnprocessableEntity, Message: "Validation Failed"}
	}
	return p.gh.makeDefault(repo, branch, who)
}

func (gh *GitHub) makeDefault(repo *repository, branch string, who *account) error {
	from := repo.defaultBranch
	if _, err := repo.git.run("symbolic-ref", "HEAD", "refs/heads/"+branch); err != nil {
		return err
	}
	repo.defaultBranch, repo.updated = branch, gh.now()
	gh.emit(repo, "repository.edited", who, object{"changes": object{"default_branch": object{"from": from}}})
	gh.touch()
	return nil
}

// retarget makes another branch the base of a pull request.
func (gh *GitHub) retarget(held *pull, base string, who *account) error {
	from := object{"ref": object{"from": held.base}, "sha": object{"from": held.baseSHA}}
	held.base = base
	if err := gh.setHead(held, held.headSHA); err != nil {
		return err
	}
	held.issue.updated = gh.now()
	gh.recordPull(held, who, "edited", held.issue.title)
	gh.emitPull(held, "edited", who, object{"changes": object{"base": from}})
	return gh.leaveQueue(held, who, "UNKNOWN_REMOVAL_REASON")
}

// leaveBase finds another base for open pull requests into a branch that is about
// to be deleted.
func (gh *GitHub) leaveBase(repo *repository, branch string, who *account) error {
	base := ""
	for _, held := range repo.pulls() {
		if !held.merged.IsZero() && held.headRepo == repo && held.head == branch {
			base = held.base
		}
	}
	for _, held := range repo.pulls() {
		if held.issue.state != "open" || held.base != branch {
			continue
		}
		err := error(nil)
		if base == "" {
			err = gh.closePull(held, who)
		} else {
			err = gh.retarget(held, base, who)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
