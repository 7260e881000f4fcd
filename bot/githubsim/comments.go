package githubsim

import (
	"slices"
	"strings"
)

// bodyLimit is how long a comment or the body of an issue may be.
const bodyLimit = 65536

// reactionContents are the reactions there are.
var reactionContents = []string{"+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"}

// checkBody refuses a text that GitHub refuses.
func checkBody(resource, body string) error {
	switch {
	case strings.TrimSpace(body) == "":
		return invalid(resource, "body", "missing_field", "")
	case len(body) > bodyLimit:
		return invalid(resource, "body", "custom", "body is too long (maximum is 65536 characters)")
	}
	return nil
}

// comment adds a comment to a conversation.
func (gh *GitHub) comment(repo *repository, held *issue, by *account, body string) (*comment, error) {
	if err := checkBody("IssueComment", body); err != nil {
		return nil, err
	}
	made := &comment{
		id: gh.id(), issue: held, user: by, byApp: by == gh.app.bot, body: body, created: gh.now(), updated: gh.now(),
	}
	held.comments = append(held.comments, made)
	gh.note(held, Entry{Kind: "comment", Actor: by.login, ID: made.id, Body: body})
	gh.record(Event{Actor: by.login, Kind: "comment", Repository: repo.fullName(), Pull: held.number, Body: body})
	gh.emitComment(repo, made, happening{action: "created", by: by})
	return made, nil
}

// editComment gives a comment a new text.
func (gh *GitHub) editComment(repo *repository, held *comment, by *account, body string) error {
	if err := checkBody("IssueComment", body); err != nil {
		return err
	}
	before := held.body
	held.body, held.updated = body, gh.now()
	held.issue.updated = held.updated
	for i := range held.issue.timeline {
		if entry := &held.issue.timeline[i]; entry.Kind == "comment" && entry.ID == held.id {
			entry.Body, entry.Edited = body, held.updated
		}
	}
	gh.record(Event{Actor: by.login, Kind: "comment_edited", Repository: repo.fullName(), Pull: held.issue.number, Body: body})
	gh.emitComment(repo, held, happening{"edited", by, object{"changes": object{"body": object{"from": before}}}})
	return nil
}

func (gh *GitHub) deleteComment(repo *repository, held *comment, by *account) {
	same := func(entry Entry) bool { return entry.Kind == "comment" && entry.ID == held.id }
	held.issue.comments = slices.DeleteFunc(held.issue.comments, func(one *comment) bool { return one == held })
	held.issue.timeline = slices.DeleteFunc(held.issue.timeline, same)
	gh.emitComment(repo, held, happening{action: "deleted", by: by})
}

// react gives a reaction to a comment. The same person's same reaction is there
// only once: fresh tells whether it is new.
func (gh *GitHub) react(repo *repository, held *comment, by *account, content string) (made *reaction, fresh bool, err error) {
	if !slices.Contains(reactionContents, content) {
		return nil, false, invalid("Reaction", "content", "invalid", "")
	}
	for _, given := range held.reactions {
		if given.user == by && given.content == content {
			return given, false, nil
		}
	}
	made = &reaction{id: gh.id(), user: by, content: content, created: gh.now()}
	held.reactions = append(held.reactions, made)
	gh.record(Event{Actor: by.login, Kind: "reaction", Repository: repo.fullName(), Pull: held.issue.number, State: content})
	return made, true, nil
}
