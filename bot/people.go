package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// LookUp asks GitHub who the people are that the rules of a repository name, which teams they are in, and which of those
// who approved may write, and writes it down. It asks nothing where no rule names anybody.
func (b *Bot) LookUp(ctx context.Context, id int64) error {
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
	if len(named.Users)+len(named.Teams) == 0 && !asksWriters(state) {
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
	for _, rules := range append(slices.Clone(state.Former), promote.FormerRules{Rules: state.Rules}) {
		for _, environment := range rules.Rules.Environments {
			all := []config.Who{environment.Allow.Promote, environment.Allow.Hold, environment.Allow.Override}
			for _, rule := range environment.Approve {
				all = append(all, rule.Who)
			}
			for _, who := range all {
				named.Users, named.Teams = append(named.Users, who.Users...), append(named.Teams, who.Teams...)
			}
		}
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

// asksWriters tells whether some rule counts everyone with write access.
func asksWriters(state promote.State) bool {
	for _, rules := range append(slices.Clone(state.Former), promote.FormerRules{Rules: state.Rules}) {
		for _, environment := range rules.Rules.Environments {
			for _, rule := range environment.Approve {
				if rule.Anyone() {
					return true
				}
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
	asked := map[int64]bool{}
	for _, environment := range state.Environments {
		for _, approval := range environment.Approvals {
			if asked[approval.By.ID] || approval.From != environment.Runs {
				continue
			}
			asked[approval.By.ID] = true
			writes, err := b.may(ctx, repository, approval.By, "run")
			if err != nil {
				return people, err
			}
			if writes {
				people.Writers = append(people.Writers, approval.By.ID)
			}
		}
	}
	return people, nil
}

// user is the numeric id of a login; 0: there is nobody of that name.
func (b *Bot) user(ctx context.Context, repository store.Repository, login string) (int64, error) {
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
	return user.GetID(), nil
}

// members are the ids of a team's active members, those of its child teams among them; none where there is no such team.
func (b *Bot) members(ctx context.Context, repository store.Repository, team string) (ids []int64, err error) {
	client, err := b.clients.forRepository(ctx, repository, membership)
	if err != nil {
		return nil, err
	}
	organisation, slug, _ := strings.Cut(team, "/")
	options := &github.TeamListTeamMembersOptions{ListOptions: github.ListOptions{PerPage: 100}}
	for {
		page, response, err := client.Teams.ListTeamMembersBySlug(ctx, organisation, slug, options)
		if missing(err) {
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
func missing(err error) bool {
	var answer *github.ErrorResponse
	return errors.As(err, &answer) && answer.Response != nil && answer.Response.StatusCode == http.StatusNotFound
}
