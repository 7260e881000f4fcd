package githubsim

import (
	"slices"
	"strings"
	"time"
)

// openIssue opens an issue.
func (gh *GitHub) openIssue(repo *repository, by *account, title, body string) *issue {
	made := gh.newIssue(repo, by, title, body)
	gh.note(made, Entry{Kind: "opened", Actor: by.login, Body: body})
	gh.recordIssue(made, by, "opened")
	return made
}

func (gh *GitHub) closeIssue(held *issue, by *account) {
	held.state, held.closed, held.closedBy = "closed", gh.now(), by
	gh.note(held, Entry{Kind: "closed", Actor: by.login})
	gh.recordIssue(held, by, "closed")
}

func (gh *GitHub) reopenIssue(held *issue, by *account) {
	held.state, held.closed, held.closedBy = "open", time.Time{}, nil
	gh.note(held, Entry{Kind: "reopened", Actor: by.login})
	gh.recordIssue(held, by, "reopened")
}

func (gh *GitHub) recordIssue(held *issue, by *account, state string) {
	gh.record(Event{Actor: by.login, Kind: "issue", Repository: held.repo.fullName(), Pull: held.number, State: state, Body: held.title})
}

// OpenIssue opens an issue and returns its number.
func (p *Person) OpenIssue(fullName, title, body string) (int, error) {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "read")
	if err != nil {
		return 0, err
	}
	if strings.TrimSpace(title) == "" {
		return 0, invalid("Issue", "title", "missing_field", "")
	}
	return p.gh.openIssue(repo, who, title, body).number, nil
}

// CloseIssue closes an issue.
func (p *Person) CloseIssue(fullName string, number int) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "triage")
	if err != nil {
		return err
	}
	held := repo.issues[number]
	if held == nil || held.pull != nil {
		return notFound()
	}
	if held.state == "open" {
		p.gh.closeIssue(held, who)
	}
	return nil
}

// IssueView is an issue as its page shows it.
type IssueView struct {
	Number   int
	Title    string
	Body     string
	Author   string
	State    string // open or closed
	Timeline []Entry
}

// Comments lists the comments of the conversation by one author, of everyone if
// the author is empty.
func (v IssueView) Comments(author string) []Entry {
	return PullView{Timeline: v.Timeline}.Comments(author)
}

// Issue shows an issue that is no pull request.
func (gh *GitHub) Issue(fullName string, number int) (IssueView, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return IssueView{}, err
	}
	held := repo.issues[number]
	if held == nil || held.pull != nil {
		return IssueView{}, notFound()
	}
	return IssueView{
		Number: number, Title: held.title, Body: held.body, Author: held.user.login, State: held.state, Timeline: slices.Clone(held.timeline),
	}, nil
}

// listIssues answers issues/list-for-repo: the open ones, newest first, unless
// it is asked for others. Pull requests are issues too.
func listIssues(c *call) (reply, error) {
	query := c.query()
	state := query.Get("state")
	if state == "" {
		state = "open"
	}
	since, err := time.Parse(time.RFC3339, query.Get("since"))
	if query.Has("since") && err != nil {
		return reply{}, invalid("Issue", "since", "invalid", "")
	}
	var found []*issue
	for _, held := range c.repo.issues {
		switch {
		case state != "all" && held.state != state:
		case query.Has("creator") && !strings.EqualFold(query.Get("creator"), held.user.login):
		case held.updated.Before(since):
		default:
			found = append(found, held)
		}
	}
	by := func(a, b *issue) int { return a.number - b.number }
	if query.Get("sort") == "updated" {
		by = func(a, b *issue) int { return a.updated.Compare(b.updated) }
	}
	slices.SortFunc(found, by)
	if query.Get("direction") != "asc" {
		slices.Reverse(found)
	}
	return listed(c, found, func(held *issue) object { return c.gh.issueShape(c.repo, held) })
}
