package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// events are the deliveries that become facts. A delivery never carries a decision: it says that something may
// have changed.
func (b *Bot) events() map[string]handleEvent {
	return map[string]handleEvent{
		"installation":              b.onInstallation,
		"installation_repositories": b.onInstallationRepositories,
		"pull_request":              b.onPullRequest,
		"push":                      b.onPush,
		"issue_comment":             b.onComment,
		"check_run":                 b.onCheckRun,
		"merge_group":               b.onMergeGroup,
		"status":                    b.onStatus,
		"workflow_run":              b.onWorkflowRun,
		"repository":                b.onRepository,

		"deployment_protection_rule": b.onProtectionRule,
		"deployment_status":          b.onDeploymentStatus,
	}
}

func (b *Bot) onPullRequest(ctx context.Context, event any) error {
	e := event.(*github.PullRequestEvent)
	pull := pullRequest(e.GetRepo().GetID(), e.GetPullRequest())
	pull.Action = e.GetAction()
	if e.GetAction() == "synchronize" {
		pull.Pusher = person(e.GetSender())
	}
	repository := repositoryOf(e.GetRepo(), e.GetInstallation())
	return b.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SaveRepository(repository); err != nil {
			return err
		}
		if strings.HasSuffix(e.GetAction(), "queued") {
			// Into the merge queue or out of it: its groups are looked for, in case nothing tells of them.
			if err := tx.NoteQueue(repository.ID); err != nil {
				return err
			}
		}
		changed, err := tx.SavePull(pull)
		if err != nil || !changed {
			return err
		}
		if pull.Phase == store.PullMerged && pull.Base == repository.Trunk {
			// Where this is the first that we hear of the repository, its environments run what was before.
			if err := tx.Remember(repository.ID, pull.MergeCommit+"^"); err != nil {
				return err
			}
			named := promote.Commit{SHA: pull.MergeCommit, Pull: pull.Number, Author: pull.Author, Merger: pull.Merger}
			if err := tx.NameCommit(repository.ID, named); err != nil {
				return err
			}
			if err := tx.Nudge(store.Nudge{Topic: store.Trunk, Repository: repository.ID}); err != nil {
				return err
			}
		}
		return tx.Nudge(store.Nudge{Topic: store.Preview, Repository: repository.ID, Subject: fmt.Sprint(pull.Number)})
	})
}

func (b *Bot) onPush(ctx context.Context, event any) error {
	e := event.(*github.PushEvent)
	r := e.GetRepo()
	if e.GetRef() != "refs/heads/"+r.GetDefaultBranch() || e.GetDeleted() {
		return nil
	}
	repository := store.Repository{ID: r.GetID(), Installation: e.GetInstallation().GetID(), Owner: ownerOf(r), Name: r.GetName(),
		Private: r.GetPrivate(), Trunk: r.GetDefaultBranch(), Changed: r.GetUpdatedAt().Time}
	return b.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SaveRepository(repository); err != nil {
			return err
		}
		if !e.GetCreated() {
			if err := tx.Remember(repository.ID, e.GetBefore()); err != nil {
				return err
			}
		}
		if err := tx.Pushed(repository.ID, store.Push{Before: e.GetBefore(), After: e.GetAfter(), By: person(e.GetSender())}); err != nil {
			return err
		}
		return tx.Nudge(store.Nudge{Topic: store.Trunk, Repository: repository.ID})
	})
}

// ownerOf is the owner's login; a push names owners in another way than other events do.
func ownerOf(r *github.PushEventRepository) string {
	if login := r.GetOwner().GetLogin(); login != "" {
		return login
	}
	owner, _, _ := strings.Cut(r.GetFullName(), "/")
	return owner
}

// onCheckRun takes check runs for what they say of commits of trunk, and plans again when someone asks for our check run to
// be run again, by GitHub's link or by our button.
func (b *Bot) onCheckRun(ctx context.Context, event any) error {
	e := event.(*github.CheckRunEvent)
	if e.GetAction() == "created" || e.GetAction() == "completed" {
		return b.report(ctx, e.GetRepo().GetID(), checkReport(e.GetCheckRun()))
	}
	again := e.GetAction() == "rerequested" || e.GetAction() == "requested_action" && e.GetRequestedAction().Identifier == planAgain
	if !again || e.GetCheckRun().GetApp().GetID() != b.settings.GitHub.App.ID {
		return nil
	}
	repository := repositoryOf(e.GetRepo(), e.GetInstallation())
	allowed, err := b.may(ctx, repository, person(e.GetSender()), actPlan)
	if err != nil || !allowed {
		return err
	}
	var refusal string
	err = b.store.Write(ctx, func(tx *store.Tx) (err error) {
		refusal, err = planHead(tx, repository, e.GetCheckRun().GetHeadSHA())
		return err
	})
	if err != nil || refusal == "" {
		return err
	}
	return b.refuseOnCheck(ctx, repository, e.GetCheckRun(), refusal)
}

// onWorkflowRun has workflows looked at that run for us, in case it is one of theirs.
func (b *Bot) onWorkflowRun(ctx context.Context, event any) error {
	e := event.(*github.WorkflowRunEvent)
	repository, run := e.GetRepo().GetID(), e.GetWorkflowRun().GetID()
	if err := b.runEnded(ctx, e); err != nil {
		return err
	}
	return b.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.WorkflowChanged(repository, run); err != nil || e.GetAction() != "completed" {
			return err
		}
		// A job of it may have ended with it, which its deployment need not tell.
		has, err := tx.JobsRun(repository, run)
		if err == nil && has {
			err = tx.Nudge(store.Nudge{Topic: store.Jobs, Repository: repository, Subject: store.LookAtJobs})
		}
		return err
	})
}

func pullRequest(repository int64, p *github.PullRequest) store.PullRequest {
	pull := store.PullRequest{
		Repository: repository, Number: p.GetNumber(), Title: p.GetTitle(), Author: person(p.GetUser()),
		Pusher: person(p.GetUser()), Head: p.GetHead().GetSHA(), Base: p.GetBase().GetRef(), Draft: p.GetDraft(),
		Fork:  !sameRepository(p.GetHead().GetRepo(), p.GetBase().GetRepo()),
		Phase: store.PullOpen, Updated: p.GetUpdatedAt().Time,
	}
	switch {
	case p.GetMerged():
		pull.Phase, pull.MergeCommit, pull.Merger = store.PullMerged, p.GetMergeCommitSHA(), person(p.GetMergedBy())
	case p.GetState() == "closed":
		pull.Phase = store.PullClosed
	}
	return pull
}

// sameRepository tells whether a head lies in the repository itself. The head of a deleted fork has none.
func sameRepository(head, base *github.Repository) bool {
	if head.GetID() != 0 {
		return head.GetID() == base.GetID()
	}
	return head.GetFullName() != "" && head.GetFullName() == base.GetFullName()
}

func repositoryOf(r *github.Repository, installation *github.Installation) store.Repository {
	return store.Repository{ID: r.GetID(), Installation: installation.GetID(), Owner: r.GetOwner().GetLogin(), Name: r.GetName(),
		Private: r.GetPrivate(), Trunk: r.GetDefaultBranch(), Changed: r.GetUpdatedAt().Time}
}

func person(u *github.User) promote.Person { return promote.Person{ID: u.GetID(), Login: u.GetLogin()} }
