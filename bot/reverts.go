package bot

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// revertBranch begins the names of branches that Trunkline pushes. Nobody else's are touched.
const revertBranch = "trunkline/revert-"

// openRevert opens the pull request that takes back on trunk what an environment went back from. It may be done again after a
// crash at any line: the pull request is found by its branch, and the commit on that is the same for the same trunk.
func (b *Bot) openRevert(ctx context.Context, nudge store.Nudge) error {
	id, err := strconv.ParseInt(nudge.Subject, 10, 64)
	if err != nil {
		return fmt.Errorf("revert %q: %w", nudge.Subject, err)
	}
	return b.store.Exclusive(ctx, store.Turn{Subject: "revert/" + nudge.Subject}, func(ctx context.Context) error {
		r := reverting{bot: b}
		err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
			if r.wish, err = tx.Revert(id); err != nil {
				return err
			}
			r.repository, err = tx.Repository(r.wish.Repository)
			return err
		})
		if err != nil || r.wish.Pull != 0 || r.wish.Refused {
			return err
		}
		r.branch = revertBranch + r.wish.To[:12]
		pull, err := r.open(ctx)
		var refused *refusedRevert
		switch {
		case errors.As(err, &refused):
			return b.store.Write(ctx, func(tx *store.Tx) error { return tx.RevertRefused(r.wish, b.redactor.Redact(refused.why)) })
		case err != nil:
			return fmt.Errorf("open the pull request that takes %s back: %w", r.wish.To, err)
		}
		return b.store.Write(ctx, func(tx *store.Tx) error { return tx.RevertOpened(r.wish, pull) })
	})
}

// refusedRevert says why there can be no pull request.
type refusedRevert struct{ why string }

func (r *refusedRevert) Error() string { return r.why }

// reverting is one pass over one wish for a pull request.
type reverting struct {
	bot        *Bot
	repository store.Repository
	wish       store.Revert
	branch     string
}

// open returns the number of the pull request, which it makes unless it is there.
func (r *reverting) open(ctx context.Context) (pull int, err error) {
	client, err := r.bot.clients.forRepository(ctx, r.repository, reversing)
	if err != nil {
		return 0, notGranted(err)
	}
	if pull, err = r.find(ctx, client); err != nil || pull != 0 {
		return pull, err
	}
	taken, err := r.taken(ctx)
	if err != nil {
		return 0, err
	}
	words := comment.RevertPull(comment.Reverting{Range: taken, Environment: r.wish.Environment, By: r.wish.By, AskedOn: r.wish.AskedOn}, comment.Options{})
	if err := r.push(ctx, words.Title); err != nil {
		return 0, err
	}
	made, _, err := client.PullRequests.Create(ctx, r.repository.Owner, r.repository.Name, &github.NewPullRequest{
		Title: github.String(words.Title), Body: github.String(words.Body), Head: github.String(r.branch), Base: github.String(r.repository.Trunk)})
	if final(err) {
		return 0, &refusedRevert{"GitHub does not take it: " + err.Error()}
	}
	return made.GetNumber(), err
}

// find returns the open pull request of the branch; 0: there is none.
func (r *reverting) find(ctx context.Context, client *github.Client) (int, error) {
	open, _, err := client.PullRequests.List(ctx, r.repository.Owner, r.repository.Name, &github.PullRequestListOptions{
		State: "open", Head: r.repository.Owner + ":" + r.branch, Base: r.repository.Trunk})
	for _, pull := range open {
		if err == nil && pull.GetHead().GetRef() == r.branch {
			return pull.GetNumber(), nil
		}
	}
	return 0, err
}

// taken is the range that is taken back.
func (r *reverting) taken(ctx context.Context) (taken promote.Range, err error) {
	err = r.bot.store.Read(ctx, func(tx *store.Tx) error {
		state, err := tx.StateBack(r.repository.ID, r.wish.Environment)
		taken = promote.Carried(state, promote.Deployment{From: r.wish.To, To: r.wish.From, Rollback: true})
		return err
	})
	return taken, err
}

// push puts the commit that takes the range back on the branch. It is written down first: what comes of it is ours.
func (r *reverting) push(ctx context.Context, title string) error {
	git, ref := r.bot.mirrors.of(r.repository), "refs/heads/"+r.repository.Trunk
	if err := git.Fetch(ctx, "+"+ref+":"+ref); err != nil {
		return err
	}
	tip, err := git.Tip(ctx, ref)
	if err != nil {
		return err
	}
	message := fmt.Sprintf("%s\n\nThis takes back everything after %s up to %s.\n", title, r.wish.From, r.wish.To)
	if by := r.wish.By; by.ID != 0 {
		// Whoever asks for it takes part in it.
		message += fmt.Sprintf("\nCo-authored-by: %s <%d+%s@users.noreply.github.com>\n", by.Login, by.ID, by.Login)
	}
	head, err := git.Revert(ctx, mirror.Reverting{Tip: tip, From: r.wish.From, To: r.wish.To, Message: message, At: time.UnixMilli(r.wish.At)})
	var conflict *mirror.Conflict
	switch {
	case errors.As(err, &conflict):
		return &refusedRevert{"what came later does not go together with it, in " + strings.Join(conflict.Files, ", ") + ". Revert it by hand"}
	case err != nil:
		return err
	case head == tip:
		return &refusedRevert{"nothing of it is left there"}
	}
	if err := r.bot.store.Write(ctx, func(tx *store.Tx) error { return tx.RevertPushed(r.wish.ID, head) }); err != nil {
		return err
	}
	err = git.Push(ctx, head, r.branch, func(ctx context.Context) (string, error) {
		token, err := r.bot.clients.token(ctx, r.repository, reversing)
		return string(token), err
	})
	if rejected := (*mirror.Rejected)(nil); errors.As(err, &rejected) {
		return &refusedRevert{"GitHub does not take its branch: " + rejected.Said}
	}
	return err
}

// notGranted is a refusal where the installation has not granted what the job needs; waiting does not help people then.
func notGranted(err error) error {
	if final(err) {
		return &refusedRevert{"the App may not write here: its installation has not accepted `contents: write` and `pull_requests: write`. Revert it by hand"}
	}
	return err
}

// isRevert tells whether a commit is what Trunkline pushed for somebody with write access: only what was on trunk before.
func (b *Bot) isRevert(ctx context.Context, repository store.Repository, head string) (ours bool, err error) {
	err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
		ours, err = tx.IsRevert(repository.ID, head)
		return err
	})
	return ours, err
}
