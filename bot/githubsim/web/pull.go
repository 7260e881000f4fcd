package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// pullPage is a pull request's page.
type pullPage struct {
	View         githubsim.PullView
	Timeline     []happening
	Commits      []githubsim.CommitView
	Changes      []githubsim.FileChange
	Environments []environment
	Edit         editing
	// Failing and Pending count the checks that are not a success.
	Failing, Pending int
}

// happening is one line or comment of the conversation.
type happening struct {
	githubsim.Entry
	// Anchor is its id on the page.
	Anchor string
	// Commit of a push, Deployment of a deployment; nil for all others.
	Commit     *githubsim.CommitView
	Deployment *githubsim.DeploymentView
	// Gathered reactions of a comment.
	Gathered []gathered
}

// gathered is a reaction with all who gave it.
type gathered struct {
	Content string
	Count   int
	Who     string
}

func (s *site) conversation(r *request) (page, error) {
	shown, err := s.pullPage(r)
	if err != nil {
		return page{}, err
	}
	repository, err := s.gh.Repository(r.repository)
	if err != nil {
		return page{}, err
	}
	shown.Environments = s.environments(repository)
	shown.Timeline = timeline(shown.View, repository.Deployments, shown.Commits)
	for _, check := range shown.View.Checks {
		switch {
		case check.Status != "completed":
			shown.Pending++
		case !slices.Contains([]string{"success", "neutral", "skipped"}, check.Conclusion):
			shown.Failing++
		}
	}
	if shown.View.State == "open" {
		path := ""
		if len(shown.Changes) > 0 {
			path = shown.Changes[0].Path
		}
		if shown.Edit, err = s.editing(r.repository, shown.View.HeadSHA, path); err != nil {
			return page{}, err
		}
	}
	return s.pageOf(r, "pull", shown.View.Title+" #"+strconv.Itoa(r.number), shown), nil
}

func (s *site) pullFiles(r *request) (page, error) {
	shown, err := s.pullPage(r)
	if err != nil {
		return page{}, err
	}
	return s.pageOf(r, "files", shown.View.Title+" #"+strconv.Itoa(r.number), shown), nil
}

// pullPage is what all pages of a pull request need.
func (s *site) pullPage(r *request) (shown pullPage, err error) {
	if shown.View, err = s.gh.Pull(r.repository, r.number); err != nil {
		return pullPage{}, err
	}
	if shown.Commits, err = s.gh.PullCommits(r.repository, r.number); err != nil {
		return pullPage{}, err
	}
	if len(shown.Commits) == 0 {
		return shown, nil
	}
	// What the branch began at: the base has moved on once it is merged.
	from := shown.View.BaseSHA
	if first := shown.Commits[0]; len(first.Parents) > 0 {
		from = first.Parents[0]
	}
	shown.Changes, err = s.gh.Changes(r.repository, from, shown.View.HeadSHA)
	return shown, err
}

// timeline is the conversation with the commits and the deployments where they
// belong in time.
func timeline(view githubsim.PullView, deployments []githubsim.DeploymentView, commits []githubsim.CommitView) []happening {
	var all []happening
	for _, entry := range view.Timeline {
		one := happening{Entry: entry, Anchor: entry.Kind + "-" + strconv.Itoa(len(all)), Gathered: gather(entry.Reactions)}
		switch entry.Kind {
		case "comment":
			one.Anchor = "issuecomment-" + strconv.FormatInt(entry.ID, 10)
		case "review":
			one.Anchor = "pullrequestreview-" + strconv.FormatInt(entry.ID, 10)
		case "push":
			continue // its commits are shown
		}
		all = append(all, one)
	}
	for i := range commits {
		all = append(all, happening{
			Entry:  githubsim.Entry{Kind: "commit", At: commits[i].At, Actor: commits[i].Author, SHA: commits[i].SHA},
			Anchor: "commit-" + commits[i].SHA, Commit: &commits[i],
		})
	}
	for i := range deployments {
		if one := &deployments[i]; view.MergeSHA != "" && one.SHA == view.MergeSHA {
			all = append(all, happening{
				Entry:  githubsim.Entry{Kind: "deployment", At: one.Created, Actor: one.Creator, SHA: one.SHA, State: one.State},
				Anchor: "deployment-" + strconv.FormatInt(one.ID, 10), Deployment: one,
			})
		}
	}
	slices.SortStableFunc(all, func(a, b happening) int { return moment(a).Compare(moment(b)) })
	return all
}

// moment orders the conversation. The opening comes first, whenever the first
// commits were made.
func moment(one happening) time.Time {
	if one.Kind == "opened" {
		return time.Time{}
	}
	return one.At
}

// gather counts equal reactions.
func gather(reactions []githubsim.Reaction) []gathered {
	var found []gathered
	for _, given := range reactions {
		at := slices.IndexFunc(found, func(one gathered) bool { return one.Content == given.Content })
		if at < 0 {
			found = append(found, gathered{Content: given.Content, Count: 1, Who: given.Actor})
			continue
		}
		found[at].Count++
		found[at].Who = strings.Join([]string{found[at].Who, given.Actor}, ", ")
	}
	return found
}
