package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// trustedHead is the head of a pull request if its author and whoever pushed it may run code here; empty: they may not,
// so that somebody who may has to name it.
func (b *Bot) trustedHead(ctx context.Context, repository store.Repository, number int) (string, error) {
	p, err := b.previewing(ctx, repository.ID, number)
	if err != nil || p.pull.Phase != store.PullOpen {
		return "", err
	}
	// That it may be planned is no consent to deploy it.
	p.pull.AllowedHead = ""
	problem, err := p.mayRun(ctx)
	if err != nil || problem != nil {
		return "", err
	}
	return p.pull.Head, nil
}

// previewable says why a pull request gets no environment of its own; nil: it does. What there is can always be ended.
func (a asked) previewable(state promote.State, pull store.PullRequest, known bool) *promote.Refusal {
	if a.Command.Off {
		return nil
	}
	switch {
	case state.Rules.Preview.From == "" && len(state.Problems) > 0:
		return &promote.Refusal{Rule: fmt.Sprintf("Environments of pull requests are made as `preview` in `%s` on %s says.", config.Path, a.repository.Trunk),
			Fact: "That file has an error.", Next: "`/status`"}
	case state.Rules.Preview.From == "":
		return &promote.Refusal{Rule: fmt.Sprintf("Environments of pull requests are made as `preview` in `%s` on %s says.", config.Path, a.repository.Trunk),
			Fact: "It has none."}
	case !known || pull.Phase != store.PullOpen:
		return &promote.Refusal{Rule: "Only open pull requests have an environment of their own.", Fact: fmt.Sprintf("#%d is not open.", a.pull), Next: "`/status`"}
	case pull.Base != a.repository.Trunk:
		return &promote.Refusal{Rule: fmt.Sprintf("Only pull requests into %s have an environment of their own.", a.repository.Trunk),
			Fact: fmt.Sprintf("#%d goes into %s.", a.pull, pull.Base)}
	case a.Command.SHA != "" && a.Command.SHA != pull.Head:
		// The beginning of a SHA will not do: two commits that begin alike can be made.
		return &promote.Refusal{Rule: "Only the head of a pull request is deployed for it, and it is named in full.",
			Fact: fmt.Sprintf("The head is `%s`, not `%s`.", pull.Head, a.Command.SHA), Next: "`/preview at " + pull.Head + "`"}
	case a.Command.SHA == "" && a.trusted != pull.Head:
		return &promote.Refusal{Rule: "Deploying runs the code of the pull request, so code from a fork, or of somebody without write access, has to be read first and named.",
			Fact: fmt.Sprintf("#%d is such code.", a.pull), Next: "`/preview at " + pull.Head + "`"}
	}
	return nil
}

// preview asks for an environment of the pull request's own, or for its end. The comment about that environment shows what
// becomes of it.
func (a asked) preview(tx *store.Tx, state promote.State, pull store.PullRequest) (store.Answer, error) {
	e, known, err := tx.Ephemeral(a.repository.ID, a.pull)
	if err != nil {
		return store.Answer{}, err
	}
	exists := known && e.Phase != store.EphemeralGone
	if a.Command.Off {
		if !exists {
			return a.refused(nothingToEnd().Text(), a.shown(state)), nil
		}
		return store.Answer{}, tx.EndEphemeral(a.repository.ID, a.pull, a.actor.Login+" asked for it", a.actor.Person)
	}
	// One that cannot be destroyed may need another commit for that.
	if e.Phase == store.EphemeralDestroying && e.Tries == 0 {
		return a.refused(stillThere().Text(), a.shown(state)), nil
	}
	live, err := tx.LiveEphemerals(a.repository.ID)
	if err != nil {
		return store.Answer{}, err
	}
	if limit := state.Rules.Preview.Limit; !exists && len(live) >= limit {
		return a.refused(tooMany(live, limit).Text(), a.shown(state)), nil
	}
	return store.Answer{}, tx.WantEphemeral(store.EphemeralWish{Repository: a.repository.ID, Pull: a.pull, Head: pull.Head, By: a.actor.Person,
		TTL: state.Rules.Preview.TTL})
}

// nothingToEnd refuses to destroy what is not there.
func nothingToEnd() promote.Refusal {
	return promote.Refusal{Rule: "`/preview off` ends the environment that the pull request has of its own.", Fact: "There is none."}
}

// stillThere refuses to make what is not destroyed yet.
func stillThere() promote.Refusal {
	return promote.Refusal{Rule: "A pull request has one environment of its own at a time.", Fact: "The one before is still being destroyed.",
		Next: "Write `/preview` again when it is gone."}
}

// tooMany refuses one more environment.
func tooMany(live []int, limit int) promote.Refusal {
	names := make([]string, len(live))
	for i, number := range live {
		names[i] = fmt.Sprintf("#%d", number)
	}
	return promote.Refusal{Rule: fmt.Sprintf("There are at most %d environments of pull requests at a time (`preview.limit`).", limit),
		Fact: "There are those of " + strings.Join(names, ", ") + ".", Next: "Write `/preview off` on one that does not need it any more."}
}
