package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"
	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// LookUp asks GitHub who the people are that the rules of a repository name, which teams they are in, and which of those
// who approved may write, and writes it down. It asks nothing where no rule names anybody; where it is about one environment
// and all were looked up before, no rule of that environment. An empty environment stands for all of them.
func (b *Bot) LookUp(ctx context.Context, id int64, environment string) error {
	repository, err := b.repository(ctx, id)
	if err != nil {
		return err
	}
	var state promote.State
	err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
		state, err = tx.State(id)
		return err
	})
	if err != nil {
		return err
	}
	named := namedIn(state)
	if !asksForPeople(state) || environment != "" && !asksForPeople(only(state, environment)) && metAll(state.People, named) {
		return nil
	}
	people, err := b.people(ctx, repository, named, state)
	if err != nil {
		return fmt.Errorf("look up who may approve in %s/%s: %w", repository.Owner, repository.Name, err)
	}
	return b.store.Write(ctx, func(tx *store.Tx) error { return tx.SavePeople(id, people) })
}

// namedIn are all users and teams that the rules name, also former rules that still count.
func namedIn(state promote.State) (named config.Who) {
	for _, who := range promote.Naming(state) {
		named.Users, named.Teams = append(named.Users, who.Users...), append(named.Teams, who.Teams...)
	}
	lower := func(names []string) []string {
		for i := range names {
			names[i] = strings.ToLower(names[i])
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	named.Users, named.Teams = lower(named.Users), lower(named.Teams)
	return named
}

// asksForPeople tells whether who may do something depends on what GitHub says of people.
func asksForPeople(state promote.State) bool {
	named := namedIn(state)
	return len(named.Users)+len(named.Teams) > 0 || asksWriters(state)
}

// metAll tells whether all whom rules name were looked up at some time: what is shown of them may be old, what they may do
// is asked when they do it.
func metAll(people promote.People, named config.Who) bool {
	for _, login := range named.Users {
		if people.Users[login] == 0 {
			return false
		}
	}
	for _, team := range named.Teams {
		if _, met := people.Teams[team]; !met {
			return false
		}
	}
	return true
}

// only is the state with the rules of one environment, those that count still among them.
func only(state promote.State, environment string) promote.State {
	narrow := func(rules config.Repository) config.Repository {
		rules.Environments = slices.DeleteFunc(slices.Clone(rules.Environments), func(e config.Environment) bool { return e.Name != environment })
		return rules
	}
	state.Rules, state.Former = narrow(state.Rules), slices.Clone(state.Former)
	for i, former := range state.Former {
		state.Former[i].Rules = narrow(former.Rules)
	}
	return state
}

// asksWriters tells whether some rule counts everyone with write access.
func asksWriters(state promote.State) bool {
	for _, rules := range append(slices.Clone(state.Former), promote.FormerRules{Rules: state.Rules}) {
		for _, environment := range rules.Rules.Environments {
			if slices.ContainsFunc(environment.Approve, func(r config.ApproveRule) bool { return r.Anyone() }) {
				return true
			}
		}
	}
	return false
}

func (b *Bot) people(ctx context.Context, repository store.Repository, named config.Who, state promote.State) (promote.People, error) {
	people := promote.People{Users: map[string]int64{}, Teams: map[string][]int64{}}
	for _, login := range named.Users {
		id, err := b.user(ctx, repository, login)
		if err != nil {
			return people, err
		}
		if id != 0 {
			people.Users[login] = id
		}
	}
	for _, team := range named.Teams {
		members, err := b.members(ctx, repository, team)
		if err != nil {
			return people, err
		}
		people.Teams[team] = members
	}
	var err error
	if asksWriters(state) {
		people.Writers, err = b.writers(ctx, repository, state)
	}
	return people, err
}

// writers are those who may write to the repository, of the people who approved what an environment may be brought to.
func (b *Bot) writers(ctx context.Context, repository store.Repository, state promote.State) (ids []int64, err error) {
	asked := map[int64]bool{}
	for _, name := range sortedNames(state.Environments) {
		environment := state.Environments[name]
		for _, approval := range environment.Approvals {
			if asked[approval.By.ID] || approval.From != environment.Runs {
				continue
			}
			asked[approval.By.ID] = true
			actor, err := b.actor(ctx, repository, approval.By)
			if err != nil {
				return nil, err
			}
			if actor.Write {
				ids = append(ids, actor.ID)
			}
		}
	}
	return ids, nil
}

// user is the numeric id of a login; 0: there is nobody of that name.
func (b *Bot) user(ctx context.Context, repository store.Repository, login string) (int64, error) {
	if id := b.met.who(repository.Installation, login); id != 0 {
		return id, nil
	}
	client, err := b.clients.forRepository(ctx, repository, talking)
	if err != nil {
		return 0, err
	}
	user, _, err := client.Users.Get(ctx, login)
	if missing(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look up %s: %w", login, err)
	}
	b.met.meet(repository.Installation, login, user.GetID())
	return user.GetID(), nil
}

// members are the ids of a team's active members, those of its child teams among them; none where there is no such team, or
// none that we may see: then nobody counts for it.
func (b *Bot) members(ctx context.Context, repository store.Repository, team string) (ids []int64, err error) {
	client, err := b.clients.forRepository(ctx, repository, membership)
	if unseen(err) {
		zerolog.Ctx(ctx).Error().Err(err).Str("team", team).Msg("the installation does not let us see members")
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	organisation, slug, _ := strings.Cut(team, "/")
	options := &github.TeamListTeamMembersOptions{ListOptions: github.ListOptions{PerPage: 100}}
	for {
		page, response, err := client.Teams.ListTeamMembersBySlug(ctx, organisation, slug, options)
		if missing(err) || unseen(err) {
			zerolog.Ctx(ctx).Warn().Err(err).Str("team", team).Msg("there is no such team, or it is not ours to see")
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("look up the members of %s: %w", team, err)
		}
		for _, member := range page {
			ids = append(ids, member.GetID())
		}
		if response.NextPage == 0 {
			return ids, nil
		}
		options.Page = response.NextPage
	}
}

// missing tells whether GitHub has no such thing, or none that we may see.
func missing(err error) bool { return answered(err, http.StatusNotFound) }

// unseen tells whether the installation lacks a permission: no token with it is made, or it is of no use.
func unseen(err error) bool {
	var answer *github.ErrorResponse
	return answered(err, http.StatusUnprocessableEntity) ||
		answered(err, http.StatusForbidden) && errors.As(err, &answer) && strings.Contains(answer.Message, "not accessible by integration")
}

func answered(err error, status int) bool {
	var answer *github.ErrorResponse
	return errors.As(err, &answer) && answer.Response != nil && answer.Response.StatusCode == status
}
