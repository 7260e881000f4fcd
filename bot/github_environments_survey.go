package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/bot/environments"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

// survey is what GitHub and the configuration say of the environments of a repository.
type survey struct {
	repository store.Repository
	wanted     []environments.Wanted
	// found are those that are wanted and there, by their names in lower case; names all that are there.
	found map[string]*environments.Found
	names map[string]string
	means environments.Means
	// blind says why GitHub could not be asked.
	blind string
	// lost are features that the plan has no more, although there is something of them.
	lost map[environments.Feature]string
	// see: variables may be seen. gone: the App is not installed any more. none: this GitHub has no environments.
	see, gone, none bool
}

// ruleEvent is the event of Apps that provide a custom deployment protection rule:
// https://docs.github.com/actions/how-tos/deploy/configure-and-manage-deployments/create-custom-protection-rules
const ruleEvent = "deployment_protection_rule"

// survey asks GitHub about the environments that rules name.
func (b *Bot) survey(ctx context.Context, repository store.Repository, rules config.Repository) (s survey, err error) {
	s = survey{repository: repository}
	app, err := b.clients.app()
	if err != nil {
		return s, err
	}
	installation, _, err := app.Apps.GetInstallation(ctx, repository.Installation)
	if missing(err) {
		s.gone, s.blind = true, "the App is not installed there any more"
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("look at the installation of %s/%s: %w", repository.Owner, repository.Name, err)
	}
	granted := installation.GetPermissions()
	if granted.GetActions() == "" {
		s.blind = "the installation lacks the permission Actions: read"
		return s, nil
	}
	s.see = granted.GetEnvironments() != ""
	s.means = environments.Means{Administer: granted.GetAdministration() == "write", Fill: granted.GetEnvironments() == "write",
		Guard: slices.Contains(installation.Events, ruleEvent)}
	if err := b.surveyVisibility(ctx, &s); err != nil {
		return s, err
	}
	people, err := b.reviewers(ctx, repository, rules)
	if err != nil {
		return s, err
	}
	s.wanted = environments.From(rules, repository.Trunk, people)
	return s, b.surveyAll(ctx, &s)
}

// surveyVisibility asks whether the repository is private: plans have less for those, and no delivery may have told.
func (b *Bot) surveyVisibility(ctx context.Context, s *survey) error {
	client, err := b.clients.forRepository(ctx, s.repository, surveying)
	if err != nil {
		return err
	}
	is, _, err := client.Repositories.Get(ctx, s.repository.Owner, s.repository.Name)
	if err != nil {
		return fmt.Errorf("look at %s/%s: %w", s.repository.Owner, s.repository.Name, err)
	}
	s.repository.Private = is.GetPrivate()
	return nil
}

// reviewers are the ids of those whom rules name as reviewers, by their names in lower case.
func (b *Bot) reviewers(ctx context.Context, repository store.Repository, rules config.Repository) (environments.People, error) {
	people := environments.People{}
	for _, environment := range rules.Environments {
		for _, login := range environment.GitHub.Reviewers.Users {
			id, err := b.user(ctx, repository, login)
			if err != nil {
				return nil, err
			}
			if id != 0 {
				people[strings.ToLower(login)] = id
			}
		}
		for _, team := range environment.GitHub.Reviewers.Teams {
			id, err := b.team(ctx, repository, team)
			if err != nil {
				return nil, err
			}
			if id != 0 {
				people[strings.ToLower(team)] = id
			}
		}
	}
	return people, nil
}

// team is the numeric id of a team of the repository's organisation; 0: it has no such team, or none that we may see.
func (b *Bot) team(ctx context.Context, repository store.Repository, name string) (int64, error) {
	organisation, slug, _ := strings.Cut(name, "/")
	if !strings.EqualFold(organisation, repository.Owner) {
		return 0, nil
	}
	client, err := b.clients.forRepository(ctx, repository, membership)
	if unseen(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	team, _, err := client.Teams.GetTeamBySlug(ctx, organisation, slug)
	if missing(err) || unseen(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look up the team %s: %w", name, err)
	}
	return team.GetID(), nil
}

// mostPerPage is how many entries GitHub puts on one page, of most things and of variables.
const (
	mostPerPage          = 100
	mostVariablesPerPage = 30
)

// surveyAll lists all environments, and looks closer at those that are wanted.
func (b *Bot) surveyAll(ctx context.Context, s *survey) error {
	client, err := b.clients.forRepository(ctx, s.repository, surveying)
	if err != nil {
		return err
	}
	s.found, s.names = map[string]*environments.Found{}, map[string]string{}
	for page := 1; page != 0; {
		var answer struct {
			Environments []environmentAnswer `json:"environments"`
		}
		page, err = askGitHub(ctx, client, s.repository, asking{operation: listEnvironments, page: page, perPage: mostPerPage, into: &answer})
		if missing(err) { // the repository is there, which was asked for before
			s.none, s.blind = true, "GitHub has no environments here: it is an older Enterprise Server, or the repository's plan is one without them"
			return nil
		}
		if err != nil {
			return fmt.Errorf("list the environments of %s/%s: %w", s.repository.Owner, s.repository.Name, err)
		}
		for _, one := range answer.Environments {
			s.names[strings.ToLower(one.Name)] = one.Name
			found := one.found(s.repository.Owner)
			if !slices.ContainsFunc(s.wanted, func(w environments.Wanted) bool { return strings.EqualFold(w.Name, one.Name) }) {
				continue
			}
			if err := b.surveyOne(ctx, s, client, &found); err != nil {
				return fmt.Errorf("look at the environment %s of %s/%s: %w", one.Name, s.repository.Owner, s.repository.Name, err)
			}
			s.found[strings.ToLower(one.Name)] = &found
		}
	}
	return nil
}

// surveyOne fills in what the list of environments does not tell: patterns, rules of Apps and variables.
func (b *Bot) surveyOne(ctx context.Context, s *survey, client *github.Client, found *environments.Found) error {
	for page := 1; found.Branches.Matching && page != 0; {
		var answer struct {
			Policies []struct {
				ID         int64
				Name, Type string
			} `json:"branch_policies"`
		}
		next, err := askGitHub(ctx, client, s.repository, asking{operation: listBranchPolicies, environment: found.Name, page: page, perPage: mostPerPage, into: &answer})
		if missing(err) && s.repository.Private {
			s.lost = map[environments.Feature]string{environments.Environments: answerOf(err)}
			break
		}
		if err != nil {
			return err
		}
		for _, one := range answer.Policies {
			pattern := environments.Pattern{Name: one.Name, Tag: one.Type == "tag"}
			found.Branches.Patterns, found.IDs[pattern] = append(found.Branches.Patterns, pattern), one.ID
		}
		page = next
	}
	var rules struct {
		Rules []struct {
			Enabled bool
			App     struct{ ID int64 }
		} `json:"custom_deployment_protection_rules"`
	}
	_, err := askGitHub(ctx, client, s.repository, asking{operation: listRules, environment: found.Name, into: &rules})
	if missing(err) { // an Enterprise Server without them
		s.means.Guard, err = false, nil
	}
	for _, one := range rules.Rules {
		switch {
		case one.Enabled && one.App.ID == b.settings.GitHub.App.ID:
			found.Guarded = true
		case one.Enabled:
			found.Others++
		}
	}
	return errors.Join(err, b.surveyVariables(ctx, s, found))
}

// surveyVariables fills in the variables, if they may be seen.
func (b *Bot) surveyVariables(ctx context.Context, s *survey, found *environments.Found) error {
	if found.Hidden = !s.see; found.Hidden {
		return nil
	}
	client, err := b.clients.forRepository(ctx, s.repository, recalling)
	if err != nil {
		return err
	}
	for page := 1; page != 0; {
		var answer struct {
			Variables []struct{ Name, Value string } `json:"variables"`
		}
		page, err = askGitHub(ctx, client, s.repository, asking{operation: listVariables, environment: found.Name, page: page,
			perPage: mostVariablesPerPage, into: &answer})
		if found.Hidden = missing(err); found.Hidden { // an Enterprise Server without them
			return nil
		}
		if err != nil {
			return err
		}
		for _, one := range answer.Variables {
			found.Variables[one.Name] = one.Value
		}
	}
	return nil
}

// environmentAnswer is an environment as GitHub describes it: https://docs.github.com/rest/deployments/environments#list-environments
type environmentAnswer struct {
	Name    string
	Created time.Time `json:"created_at"`
	Rules   []struct {
		Type        string
		Wait        int  `json:"wait_timer"`
		PreventSelf bool `json:"prevent_self_review"`
		Reviewers   []struct {
			Type     string
			Reviewer struct {
				ID          int64
				Login, Slug string
			}
		}
	} `json:"protection_rules"`
	Branches *struct {
		Protected bool `json:"protected_branches"`
		Custom    bool `json:"custom_branch_policies"`
	} `json:"deployment_branch_policy"`
}

// found is the environment as far as one answer tells.
func (a environmentAnswer) found(owner string) environments.Found {
	f := environments.Found{Created: a.Created, IDs: map[environments.Pattern]int64{}}
	f.Name, f.Variables = a.Name, map[string]string{}
	for _, rule := range a.Rules {
		f.Wait += rule.Wait
		f.PreventSelfReview = f.PreventSelfReview || rule.PreventSelf
		for _, one := range rule.Reviewers {
			reviewer := environments.Reviewer{Team: one.Type == "Team", ID: one.Reviewer.ID, Name: one.Reviewer.Login}
			if reviewer.Team {
				reviewer.Name = owner + "/" + one.Reviewer.Slug
			}
			f.Reviewers = append(f.Reviewers, reviewer)
		}
	}
	if a.Branches != nil {
		f.Branches = environments.Branches{Protected: a.Branches.Protected, Matching: a.Branches.Custom}
	}
	return f
}
