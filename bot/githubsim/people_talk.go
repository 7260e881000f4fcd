package githubsim

import "net/http"

// Comment writes a comment on an issue or a pull request and returns its id.
func (p *Person) Comment(fullName string, number int, body string) (int64, error) {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "read")
	if err != nil {
		return 0, err
	}
	held := repo.issues[number]
	if held == nil {
		return 0, notFound()
	}
	made, err := p.gh.comment(repo, held, who, body)
	if err != nil {
		return 0, err
	}
	return made.id, nil
}

// EditComment gives a comment a new text. People with write access may edit
// those of others.
func (p *Person) EditComment(fullName string, id int64, body string) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, held, who, err := p.commentOf(fullName, id)
	if err != nil {
		return err
	}
	return p.gh.editComment(repo, held, who, body)
}

// DeleteComment deletes a comment.
func (p *Person) DeleteComment(fullName string, id int64) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, held, who, err := p.commentOf(fullName, id)
	if err != nil {
		return err
	}
	p.gh.deleteComment(repo, held, who)
	p.gh.touch()
	return nil
}

// commentOf finds a comment that the person may change. The caller holds the
// lock.
func (p *Person) commentOf(fullName string, id int64) (*repository, *comment, *account, error) {
	repo, who, err := p.on(fullName, "read")
	if err != nil {
		return nil, nil, nil, err
	}
	held, err := repo.findComment(id)
	if err != nil {
		return nil, nil, nil, err
	}
	if held.user != who && !repo.may(who, "write") {
		return nil, nil, nil, forbidden("Must have write access to " + repo.fullName() + ".")
	}
	return repo, held, who, nil
}

// React gives a reaction, such as +1 or rocket, to a comment.
func (p *Person) React(fullName string, id int64, content string) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "read")
	if err != nil {
		return err
	}
	held, err := repo.findComment(id)
	if err != nil {
		return err
	}
	_, _, err = p.gh.react(repo, held, who, content)
	return err
}

// RerequestCheck presses "re-run" on a check run. Like on GitHub the run itself
// does not change: the App is asked for a new one.
func (p *Person) RerequestCheck(fullName string, id int64) error {
	return p.onCheck(fullName, id, "rerequested", nil)
}

// RequestAction presses a button of a check run.
func (p *Person) RequestAction(fullName string, id int64, identifier string) error {
	return p.onCheck(fullName, id, "requested_action", object{"requested_action": object{"identifier": identifier}})
}

func (p *Person) onCheck(fullName string, id int64, action string, more object) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "write")
	if err != nil {
		return err
	}
	run, err := repo.checkRun(id)
	if err != nil {
		return err
	}
	if run.status != "completed" {
		return &Problem{Status: http.StatusUnprocessableEntity, Message: "This check run is not rerequestable"}
	}
	if run.app == p.gh.app { // another App hears of its own runs, and we do not
		p.gh.emitCheck(repo, run, happening{action, who, more})
	}
	return nil
}
