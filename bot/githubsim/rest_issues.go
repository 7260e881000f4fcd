package githubsim

import (
	"slices"
	"strings"
	"time"
)

// issue finds the issue or pull request of a call.
func (c *call) issue() (*issue, error) {
	number, err := c.number("issue_number")
	if err != nil {
		return nil, err
	}
	if found := c.repo.issues[int(number)]; found != nil {
		return found, nil
	}
	return nil, notFound()
}

// comment finds the comment of a call.
func (c *call) comment() (*comment, error) {
	id, err := c.number("comment_id")
	if err != nil {
		return nil, err
	}
	return c.repo.findComment(id)
}

// createIssue answers issues/create.
func createIssue(c *call) (reply, error) {
	var request struct {
		Title any    `json:"title"`
		Body  string `json:"body"`
	}
	if err := c.decode(&request); err != nil {
		return reply{}, err
	}
	title, _ := request.Title.(string)
	switch {
	case strings.TrimSpace(title) == "":
		return reply{}, invalid("Issue", "title", "missing_field", "")
	case len(request.Body) > bodyLimit:
		return reply{}, invalid("Issue", "body", "custom", "body is too long (maximum is 65536 characters)")
	}
	made := c.gh.openIssue(c.repo, c.actor, title, request.Body)
	return created(c.gh.issueShape(c.repo, made))
}

// getIssue answers issues/get.
func getIssue(c *call) (reply, error) {
	held, err := c.issue()
	if err != nil {
		return reply{}, err
	}
	return ok(merge(c.gh.issueShape(c.repo, held), object{"closed_by": c.gh.userOrNull(held.closedBy)}))
}

// updateIssue answers issues/update, as far as title, body and state go.
func updateIssue(c *call) (reply, error) {
	held, err := c.issue()
	if err != nil {
		return reply{}, err
	}
	var request struct {
		Title *string `json:"title"`
		Body  *string `json:"body"`
		State *string `json:"state"`
	}
	if err := c.decode(&request); err != nil {
		return reply{}, err
	}
	if request.State != nil && *request.State != "open" && *request.State != "closed" {
		return reply{}, invalid("Issue", "state", "invalid", "")
	}
	if request.Body != nil && len(*request.Body) > bodyLimit {
		return reply{}, invalid("Issue", "body", "custom", "body is too long (maximum is 65536 characters)")
	}
	if request.State != nil && *request.State != held.state {
		if err := c.gh.setState(held, *request.State, c.actor); err != nil {
			return reply{}, err
		}
	}
	if held.pull != nil && (request.Title != nil || request.Body != nil) {
		c.gh.editPull(held.pull, c.actor, request.Title, request.Body)
	} else if title, body := either(request.Title, held.title), either(request.Body, held.body); title != held.title || body != held.body {
		held.title, held.body = title, body
		c.gh.record(Event{Actor: c.actor.login, Kind: "issue", Repository: c.repo.fullName(), Pull: held.number, State: "edited", Body: title})
	}
	held.updated = c.gh.now()
	return ok(merge(c.gh.issueShape(c.repo, held), object{"closed_by": c.gh.userOrNull(held.closedBy)}))
}

func either(given *string, otherwise string) string {
	if given == nil {
		return otherwise
	}
	return *given
}

// setState opens or closes an issue or a pull request.
func (gh *GitHub) setState(held *issue, state string, by *account) error {
	switch {
	case held.pull != nil && state == "closed":
		return gh.closePull(held.pull, by)
	case held.pull != nil:
		return gh.reopen(held.pull, by)
	case state == "closed":
		gh.closeIssue(held, by)
	default:
		gh.reopenIssue(held, by)
	}
	return nil
}

// createComment answers issues/create-comment.
func createComment(c *call) (reply, error) {
	held, err := c.issue()
	if err != nil {
		return reply{}, err
	}
	body, err := c.text()
	if err != nil {
		return reply{}, err
	}
	made, err := c.gh.comment(c.repo, held, c.actor, body)
	if err != nil {
		return reply{}, err
	}
	return created(c.gh.commentShape(c.repo, made))
}

// text reads a request that consists of a body.
func (c *call) text() (string, error) {
	var request struct {
		Body string `json:"body"`
	}
	err := c.decode(&request)
	return request.Body, err
}

// getComment answers issues/get-comment.
func getComment(c *call) (reply, error) {
	held, err := c.comment()
	if err != nil {
		return reply{}, err
	}
	return ok(c.gh.commentShape(c.repo, held))
}

// listComments answers issues/list-comments, oldest first.
func listComments(c *call) (reply, error) {
	held, err := c.issue()
	if err != nil {
		return reply{}, err
	}
	all := held.comments
	if since, err := time.Parse(time.RFC3339, c.query().Get("since")); err == nil {
		all = slices.DeleteFunc(slices.Clone(all), func(one *comment) bool { return one.updated.Before(since) })
	}
	return listed(c, all, func(one *comment) object { return c.gh.commentShape(c.repo, one) })
}

// updateComment answers issues/update-comment.
func updateComment(c *call) (reply, error) {
	held, err := c.comment()
	if err != nil {
		return reply{}, err
	}
	body, err := c.text()
	if err != nil {
		return reply{}, err
	}
	if err := c.gh.editComment(c.repo, held, c.actor, body); err != nil {
		return reply{}, err
	}
	return ok(c.gh.commentShape(c.repo, held))
}

// deleteComment answers issues/delete-comment.
func deleteComment(c *call) (reply, error) {
	held, err := c.comment()
	if err != nil {
		return reply{}, err
	}
	c.gh.deleteComment(c.repo, held, c.actor)
	return noContent()
}

// reactToComment answers reactions/create-for-issue-comment: 200 instead of 201
// where the reaction is there already.
func reactToComment(c *call) (reply, error) {
	held, err := c.comment()
	if err != nil {
		return reply{}, err
	}
	content, err := c.content()
	if err != nil {
		return reply{}, err
	}
	made, fresh, err := c.gh.react(c.repo, held, c.actor, content)
	if err != nil {
		return reply{}, err
	}
	if fresh {
		return created(c.gh.reactionShape(made))
	}
	return ok(c.gh.reactionShape(made))
}

func (c *call) content() (string, error) {
	var request struct {
		Content string `json:"content"`
	}
	err := c.decode(&request)
	return request.Content, err
}

// reactToIssue answers reactions/create-for-issue.
func reactToIssue(c *call) (reply, error) {
	held, err := c.issue()
	if err != nil {
		return reply{}, err
	}
	content, err := c.content()
	if err != nil {
		return reply{}, err
	}
	if !slices.Contains(reactionContents, content) {
		return reply{}, invalid("Reaction", "content", "invalid", "")
	}
	for _, given := range held.reactions {
		if given.user == c.actor && given.content == content {
			return ok(c.gh.reactionShape(given))
		}
	}
	made := &reaction{id: c.gh.id(), user: c.actor, content: content, created: c.gh.now()}
	held.reactions = append(held.reactions, made)
	c.gh.record(Event{Actor: c.actor.login, Kind: "reaction", Repository: c.repo.fullName(), Pull: held.number, State: content})
	return created(c.gh.reactionShape(made))
}

// listReactions answers reactions/list-for-issue-comment.
func listReactions(c *call) (reply, error) {
	held, err := c.comment()
	if err != nil {
		return reply{}, err
	}
	wanted := c.query().Get("content")
	all := slices.DeleteFunc(slices.Clone(held.reactions), func(one *reaction) bool {
		return wanted != "" && one.content != wanted
	})
	return listed(c, all, c.gh.reactionShape)
}

// deleteReaction answers reactions/delete-for-issue-comment.
func deleteReaction(c *call) (reply, error) {
	held, err := c.comment()
	if err != nil {
		return reply{}, err
	}
	id, err := c.number("reaction_id")
	if err != nil {
		return reply{}, err
	}
	before := len(held.reactions)
	held.reactions = slices.DeleteFunc(held.reactions, func(one *reaction) bool { return one.id == id })
	if len(held.reactions) == before {
		return reply{}, notFound()
	}
	return noContent()
}
