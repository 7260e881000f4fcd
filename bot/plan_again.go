package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/promote/store"
)

// planHead asks for a new preview of what has the commit as its head: a pull request, or a group of the merge queue. Where
// there is no such one any more, it says why nothing is planned.
func planHead(tx *store.Tx, repository store.Repository, head string) (refusal string, err error) {
	if err := tx.SaveRepository(repository); err != nil {
		return "", err
	}
	number, open, err := tx.PullOfHead(repository.ID, head)
	if err != nil {
		return "", err
	}
	if !open {
		wanted, err := tx.WantGroup(repository.ID, head)
		if err != nil || wanted {
			return "", err
		}
		return "This commit is not the head of an open pull request any more. Where the pull request has a newer one, " +
			"press the button there, or write `/plan` in a comment.", nil
	}
	pull, _, err := tx.FindPull(repository.ID, number)
	if err != nil {
		return "", err
	}
	if pull.Base != repository.Trunk {
		return fmt.Sprintf("Only pull requests into %s are planned, because all environments follow it. #%d goes into `%s`.",
			repository.Trunk, number, pull.Base), nil
	}
	return "", tx.Want(repository.ID, number, store.Wish{})
}

const (
	refusedTitle = "Not planned again"
	// refusedEnd separates a refusal from what the check run showed before.
	refusedEnd = "\n\n---\n\n"
)

// refuseOnCheck says on a check run why pressing its button had no effect. What it showed stays below.
func (b *Bot) refuseOnCheck(ctx context.Context, repository store.Repository, run *github.CheckRun, refusal string) error {
	client, err := b.clients.forRepository(ctx, repository, talking)
	if err != nil {
		return err
	}
	before := run.GetOutput().GetSummary()
	if strings.HasPrefix(before, "**"+refusedTitle) {
		_, before, _ = strings.Cut(before, refusedEnd)
	}
	summary := "**" + refusedTitle + ".** " + refusal + refusedEnd + before
	if len(summary) > mostSummary {
		return nil // no room for it; the button had no effect, and people see that
	}
	_, _, err = client.Checks.UpdateCheckRun(ctx, repository.Owner, repository.Name, run.GetID(), github.UpdateCheckRunOptions{
		Name: checkName, Output: &github.CheckRunOutput{Title: github.String(refusedTitle), Summary: &summary, Text: run.GetOutput().Text}})
	if err != nil && !final(err) {
		return fmt.Errorf("say on a check run why it is not planned again: %w", err)
	}
	return nil
}

// mostSummary is GitHub's limit for the summary of a check run, in bytes.
const mostSummary = 65535
