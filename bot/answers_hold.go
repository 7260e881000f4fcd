package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/bot/command"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// components that an environment has on trunk; nil: not known.
func (b *Bot) components(ctx context.Context, repository store.Repository, environment string) (names []string, err error) {
	var state promote.State
	err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
		if state, err = tx.State(repository.ID); err != nil {
			return err
		}
		repository, err = tx.Repository(repository.ID)
		return err
	})
	if err != nil || len(state.Problems) > 0 || repository.Tip == "" {
		return nil, err
	}
	snapshot, err := b.snapshot(ctx, repository, repository.Tip, state.Rules)
	if err != nil {
		return nil, err
	}
	for _, resolved := range snapshot.Instances {
		if resolved.Instance.Environment == environment {
			names = append(names, resolved.Instance.Component)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// hold puts a hold on an environment, or on some of its components.
func (a asked) hold(tx *store.Tx, state promote.State) (answer store.Answer, err error) {
	environment := a.Command.Environment()
	hold := promote.Hold{Kind: promote.Held, Components: a.Command.Components, Owner: a.actor.Person, Reason: a.reason(),
		From: state.Now, Until: a.Command.Ends(state.Now, state.Rules.Zone)}
	if refusal := promote.PutOn(state, a.actor, environment, hold); refusal != nil {
		return a.refusing(state, refusal), nil
	}
	if refusal := a.unknownComponent(); refusal != nil {
		return a.refusing(state, refusal), nil
	}
	if err := tx.Hold(a.repository.ID, environment, hold, a.pull); err != nil {
		return answer, err
	}
	text := hold.Text(environment, state.Rules.Zone) + "."
	if last := state.Environments[environment].Last; last != nil && last.Phase.Live() {
		text += fmt.Sprintf(" What is under way goes on; `/abort %s` stops it.", environment)
	}
	return store.Answer{Answer: promote.Answer{Text: text}}, nil
}

// unknownComponent refuses a component that the environment does not have: to hold it would hold nothing.
func (a asked) unknownComponent() *promote.Refusal {
	if a.components == nil {
		return nil
	}
	for i, component := range a.Command.Components {
		if slices.ContainsFunc(a.components, promote.Hold{Components: []string{component}}.Covers) {
			continue
		}
		environment := a.Command.Environment()
		refusal := &promote.Refusal{Rule: "A hold is on components that the environment has.",
			Fact: fmt.Sprintf("There is no `%s` in %s.", component, environment), Next: "`/status`"}
		if near := config.Nearest(component, a.components); near != "" {
			meant := command.Command{Kind: command.Hold, Environments: a.Command.Environments, Components: slices.Clone(a.Command.Components),
				Until: a.Command.Until, Reason: a.Command.Reason, Long: a.Command.Long}
			meant.Components[i] = near
			refusal.Fact = fmt.Sprintf("There is no `%s` in %s; did you mean `%s`?", component, environment, near)
			refusal.Next = "`" + meant.String() + "`"
		}
		return refusal
	}
	return nil
}

// unhold lifts the person's own holds, and those of others where the person may. Their owners are told.
func (a asked) unhold(tx *store.Tx, state promote.State) (answer store.Answer, err error) {
	environment := a.Command.Environment()
	lifted, refusal := promote.Lift(state, a.actor, environment, a.reason())
	if refusal != nil {
		return a.refusing(state, refusal), nil
	}
	var texts []string
	for _, hold := range lifted {
		own, reason := hold.Owner.ID == a.actor.ID, a.reason()
		if err := tx.Lift(a.repository.ID, environment, hold, a.actor.Person, reason); err != nil {
			return answer, err
		}
		what := hold.Text(environment, state.Rules.Zone)
		texts = append(texts, "Lifted: "+what+".")
		if own || hold.Owner.ID == 0 {
			continue
		}
		err := tx.Notice(a.repository.ID, promote.Notice{Kind: promote.NoticeLifted, Environment: environment, Subject: fmt.Sprint(hold.ID),
			Owner: hold.Owner.Login, Text: fmt.Sprintf("%s lifted the hold of %s (%s), because %s", a.actor.Login, hold.Owner.Login, what, reason)})
		if err != nil {
			return answer, err
		}
	}
	return a.done(tx, strings.Join(texts, " "))
}
