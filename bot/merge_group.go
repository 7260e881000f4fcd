package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/promote/store"
)

// mergeGroupEvent is a delivery about a group of the merge queue, with what the client library does not read yet.
type mergeGroupEvent struct {
	github.MergeGroupEvent
	// Reason why it was destroyed.
	Reason string `json:"reason"`
}

// parseDelivery reads the payload of a delivery.
func parseDelivery(event string, payload []byte) (any, error) {
	switch event {
	case "merge_group":
	case "issue_comment":
		return parseComment(payload)
	case "deployment_protection_rule":
		var e protectionRuleEvent
		return &e, json.Unmarshal(payload, &e)
	case "deployment_status":
		var e deploymentStatusEvent
		return &e, json.Unmarshal(payload, &e)
	default:
		return github.ParseWebHook(event, payload)
	}
	var group mergeGroupEvent
	return &group, json.Unmarshal(payload, &group)
}

// onMergeGroup learns that a group of the merge queue waits for our check, or does not any more. As with pull requests,
// only what goes into trunk is ours.
func (b *Bot) onMergeGroup(ctx context.Context, event any) error {
	e := event.(*mergeGroupEvent)
	repository := repositoryOf(e.GetRepo(), e.GetInstallation())
	group := e.GetMergeGroup()
	if group.GetBaseRef() != "refs/heads/"+repository.Trunk {
		return nil
	}
	return b.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SaveRepository(repository); err != nil {
			return err
		}
		switch e.GetAction() {
		case "checks_requested":
			return tx.SaveGroup(store.MergeGroup{Repository: repository.ID, Head: group.GetHeadSHA(), Base: group.GetBaseSHA(),
				Ref: group.GetHeadRef(), Pull: pullOfRef(repository, group.GetHeadRef())})
		case "destroyed":
			return tx.EndGroup(repository.ID, group.GetHeadSHA(), firstWord(e.Reason, "destroyed"))
		}
		return nil
	})
}

// firstWord is a word that GitHub may leave out, or another in its place.
func firstWord(word, otherwise string) string {
	if word == "" {
		return otherwise
	}
	return word
}

// queueRefs is what the refs of the groups that go into trunk begin with.
func queueRefs(repository store.Repository) string {
	return "refs/heads/gh-readonly-queue/" + repository.Trunk + "/"
}

// pullOfRef is the number of the pull request that the name of a group's branch tells, as in "pr-42-…"; 0: none. It is
// used to name the pull request and to look for what is known already, for nothing that could do harm.
func pullOfRef(repository store.Repository, ref string) int {
	name, _ := strings.CutPrefix(strings.TrimPrefix(ref, queueRefs(repository)), "pr-")
	digits, _, _ := strings.Cut(name, "-")
	number, err := strconv.Atoi(digits)
	if err != nil || number < 0 {
		return 0
	}
	return number
}

// group brings the preview of a merge group up to date: it is planned once, and not any more when it left the queue.
func (b *Bot) group(ctx context.Context, nudge store.Nudge) error {
	turn := store.Turn{Subject: fmt.Sprintf("group/%d/%s", nudge.Repository, nudge.Subject), Interrupt: true}
	return b.store.Exclusive(ctx, turn, func(ctx context.Context) error {
		p, err := b.previewingGroup(ctx, nudge.Repository, nudge.Subject)
		if err != nil || p.group == nil {
			return err
		}
		// Nothing of it is applied, so what planning leaves behind is of no use any more; not even what a kill left.
		defer os.RemoveAll(p.scratch())
		switch g := p.group; {
		case g.Ended != "" && g.PreviewPhase == store.PreviewPlanning:
			p.preview = cancelled(g.Preview)
			return p.save(ctx, store.PreviewCancelled)
		case g.Ended != "", g.PreviewPhase == store.PreviewDone && g.PreviewWanted == g.Wanted:
			return nil
		}
		return b.groupPass(ctx, p)
	})
}

// previewingGroup reads what a pass over the preview of a merge group has to know; its group is nil where none is known.
func (b *Bot) previewingGroup(ctx context.Context, repository int64, head string) (p previewing, err error) {
	p.bot = b
	err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
		if p.repository, err = tx.Repository(repository); err != nil {
			return err
		}
		group, known, err := tx.FindGroup(repository, head)
		if err != nil || !known {
			return err
		}
		p.group = &group
		if p.ahead, err = tx.GroupsAhead(repository, group.Base); err != nil {
			return err
		}
		p.rules.Repository, p.rules.problems, p.rules.known, err = tx.Configuration(repository)
		return err
	})
	return p, err
}
