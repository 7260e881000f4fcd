package githubsim

import (
	"net/http"
	"strings"
)

// OpenOptions say how a pull request is opened.
type OpenOptions struct {
	Draft bool
	// Base is the branch it is to be merged into, the default branch if empty.
	Base string
}

// OpenPull opens a pull request from a branch of the repository itself and
// returns its number.
func (p *Person) OpenPull(fullName, branch, title, body string, options OpenOptions) (int, error) {
	return p.openPull(fullName, fullName, opening{head: branch, title: title, body: body}, options)
}

// OpenPullFromFork opens a pull request from a branch of the person's fork.
func (p *Person) OpenPullFromFork(fullName, branch, title, body string, options OpenOptions) (int, error) {
	_, name, _ := strings.Cut(fullName, "/")
	return p.openPull(fullName, p.login+"/"+name, opening{head: branch, title: title, body: body}, options)
}

func (p *Person) openPull(fullName, headName string, o opening, options OpenOptions) (int, error) {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "read")
	if err != nil {
		return 0, err
	}
	if o.headRepo, err = p.gh.repo(headName); err != nil {
		return 0, invalid("PullRequest", "head", "invalid", "")
	}
	o.repo, o.by, o.draft, o.base = repo, who, options.Draft, options.Base
	if o.base == "" {
		o.base = repo.defaultBranch
	}
	made, err := p.gh.open(o)
	if err != nil {
		return 0, err
	}
	return made.issue.number, nil
}

// pull finds a pull request and checks the person's role. The author may do what
// needs write. The caller holds the lock.
func (p *Person) pull(fullName string, number int, role string) (*pull, *account, error) {
	repo, who, err := p.on(fullName, "read")
	if err != nil {
		return nil, nil, err
	}
	held, err := repo.pullRequest(number)
	if err != nil {
		return nil, nil, err
	}
	if held.issue.user != who && !repo.may(who, role) {
		return nil, nil, forbidden("Must have " + role + " access to " + repo.fullName() + ".")
	}
	return held, who, nil
}

// Merge merges a pull request by merge, squash or rebase and returns the commit
// that its base branch is at then.
func (p *Person) Merge(fullName string, number int, method string) (string, error) {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "write")
	if err != nil {
		return "", err
	}
	held, err := repo.pullRequest(number)
	if err != nil {
		return "", err
	}
	return p.gh.merge(held, merging{method: method, by: who})
}

// Close closes a pull request without merging it.
func (p *Person) Close(fullName string, number int) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	held, who, err := p.pull(fullName, number, "triage")
	if err != nil || held.issue.state != "open" {
		return err
	}
	return p.gh.closePull(held, who)
}

// Reopen opens a closed pull request again.
func (p *Person) Reopen(fullName string, number int) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	held, who, err := p.pull(fullName, number, "triage")
	if err != nil {
		return err
	}
	return p.gh.reopen(held, who)
}

func (gh *GitHub) reopen(held *pull, by *account) error {
	head := held.headRepo.git.branch(held.head)
	switch {
	case held.issue.state == "open":
		return nil
	case !held.merged.IsZero():
		return invalid("PullRequest", "state", "invalid", "The pull request has been merged.")
	case head == "":
		return invalid("PullRequest", "state", "invalid", "The "+held.head+" branch has been deleted.")
	}
	gh.reopened(held.issue)
	if err := gh.setHead(held, head); err != nil {
		return err
	}
	gh.note(held.issue, Entry{Kind: "reopened", Actor: by.login, SHA: head})
	gh.recordPull(held, by, "reopened", "")
	gh.emitPull(held, "reopened", by, nil)
	return nil
}

// Ready marks a draft as ready for review.
func (p *Person) Ready(fullName string, number int) error {
	return p.setDraft(fullName, number, false)
}

// Draft turns a pull request back into a draft.
func (p *Person) Draft(fullName string, number int) error {
	return p.setDraft(fullName, number, true)
}

func (p *Person) setDraft(fullName string, number int, draft bool) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	held, who, err := p.pull(fullName, number, "write")
	if err != nil || held.draft == draft {
		return err
	}
	if held.issue.state != "open" {
		return invalid("PullRequest", "state", "invalid", "The pull request is closed.")
	}
	held.draft = draft
	action := "ready_for_review"
	if draft {
		action = "converted_to_draft"
	}
	p.gh.note(held.issue, Entry{Kind: action, Actor: who.login})
	p.gh.recordPull(held, who, action, "")
	p.gh.emitPull(held, action, who, nil)
	return p.gh.leaveQueue(held, who, "UNKNOWN_REMOVAL_REASON")
}

// EditPull gives a pull request a new title and body.
func (p *Person) EditPull(fullName string, number int, title, body string) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	held, who, err := p.pull(fullName, number, "triage")
	if err != nil {
		return err
	}
	p.gh.editPull(held, who, &title, &body)
	return nil
}

// editPull changes title and body, those that are given, and tells what they were.
func (gh *GitHub) editPull(held *pull, by *account, title, body *string) {
	changes := object{}
	if title != nil && *title != held.issue.title {
		changes["title"] = object{"from": held.issue.title}
		held.issue.title = *title
	}
	if body != nil && *body != held.issue.body {
		changes["body"] = object{"from": held.issue.body}
		held.issue.body = *body
	}
	held.issue.updated = gh.now()
	gh.recordPull(held, by, "edited", held.issue.title)
	gh.emitPull(held, "edited", by, object{"changes": changes})
}

// Retarget makes another branch the base of a pull request.
func (p *Person) Retarget(fullName string, number int, base string) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	held, who, err := p.pull(fullName, number, "write")
	if err != nil {
		return err
	}
	if held.repo.git.branch(base) == "" {
		return invalid("PullRequest", "base", "invalid", "")
	}
	return p.gh.retarget(held, base, who)
}

// Review submits a review: approve, request_changes or comment.
func (p *Person) Review(fullName string, number int, verdict, body string) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	held, who, err := p.pull(fullName, number, "read")
	if err != nil {
		return err
	}
	states := map[string]string{"approve": "APPROVED", "request_changes": "CHANGES_REQUESTED", "comment": "COMMENTED"}
	state := states[verdict]
	switch {
	case state == "":
		return invalid("PullRequestReview", "event", "invalid", "")
	case who == held.issue.user && state == "APPROVED":
		return &Problem{Status: http.StatusUnprocessableEntity, Message: "Can not approve your own pull request"}
	case who == held.issue.user && state == "CHANGES_REQUESTED":
		return &Problem{Status: http.StatusUnprocessableEntity, Message: "Can not request changes on your own pull request"}
	case state != "APPROVED" && body == "":
		return invalid("PullRequestReview", "body", "missing_field", "")
	}
	given := &review{id: p.gh.id(), user: who, state: state, body: body, sha: held.headSHA, submitted: p.gh.now()}
	held.reviews = append(held.reviews, given)
	p.gh.note(held.issue, Entry{Kind: "review", Actor: who.login, ID: given.id, Body: body, State: strings.ToLower(state), SHA: given.sha})
	p.gh.record(Event{
		Actor: who.login, Kind: "review", Repository: held.repo.fullName(), Pull: number, SHA: given.sha,
		State: strings.ToLower(state), Body: body,
	})
	p.gh.emitReview(held, given)
	return nil
}
