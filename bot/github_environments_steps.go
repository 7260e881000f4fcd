package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/bot/environments"
	"github.com/trunkline/trunkline/config"
)

// allowed are those of some steps that may be taken.
type allowed func([]environments.Step) []environments.Step

// carryOut takes the steps that bring an environment to what it is to have. What the plan turns out to lack is noted in the
// means, and the rest is done. refused is what GitHub said no to, for another reason; then what does not depend on it is done
// all the same.
func (k *keeping) carryOut(ctx context.Context, wanted environments.Wanted, found *environments.Found, allowed allowed) (refused string, err error) {
	for {
		again, words, err := k.stepThrough(ctx, wanted, allowed(environments.Steps(wanted, found, k.means)))
		if err != nil || !again {
			return words, err
		}
		// Some steps were taken before the one that was refused.
		if found, err = k.bot.surveyAgain(ctx, &k.survey, wanted.Name); err != nil {
			return "", err
		}
	}
}

// stepThrough takes the steps once; again tells that the plan lacks something, so that there are others.
func (k *keeping) stepThrough(ctx context.Context, wanted environments.Wanted, steps []environments.Step) (again bool, refused string, err error) {
	for _, step := range steps {
		err := k.step(ctx, wanted, step)
		feature := unpaid(step, err, k.repository.Private)
		switch {
		case err == nil && step.Put != nil && (step.Put.Wait != nil || step.Put.Reviewers != nil):
			k.known.Proven, k.means.Unproven = true, false
		case err == nil:
		case feature != "":
			k.means.Unpaid[feature], k.known.UnpaidAt = answerOf(err), k.now
			return true, "", nil
		case answered(err, http.StatusUnprocessableEntity) || answered(err, http.StatusNotFound) && step.Guard:
			refused = answerOf(err)
			if step.Put != nil {
				return false, refused, nil // nothing else has a place without it
			}
		default:
			return false, "", err
		}
	}
	return false, refused, nil
}

// unpaid is the feature that the plan lacks where a step was refused for that; empty: it was not. GitHub tells by its words,
// and for environments as a whole by not having any, although the repository is there.
func unpaid(step environments.Step, err error, private bool) environments.Feature {
	plan := answered(err, http.StatusUnprocessableEntity) && strings.Contains(strings.ToLower(answerOf(err)), "billing plan")
	switch {
	case !private:
		return ""
	case plan && step.Guard:
		return environments.Guards
	case plan && step.Put != nil && (step.Put.Wait != nil || step.Put.Reviewers != nil):
		return environments.Protection
	case plan, step.Put != nil && missing(err):
		return environments.Environments
	}
	return ""
}

// answerOf is what GitHub said; what is no answer has none.
func answerOf(err error) string {
	var answer *github.ErrorResponse
	if !errors.As(err, &answer) {
		return ""
	}
	words := []string{answer.Message}
	for _, one := range answer.Errors {
		if one.Message != "" {
			words = append(words, one.Message)
		}
	}
	return strings.Join(words, ": ")
}

// step takes one step.
func (k *keeping) step(ctx context.Context, wanted environments.Wanted, step environments.Step) error {
	a := asking{environment: wanted.Name}
	switch {
	case step.Put != nil:
		a.operation, a.body = putEnvironment, putBody(*step.Put)
	case step.Add != nil:
		kind := "branch"
		if step.Add.Tag {
			kind = "tag"
		}
		a.operation, a.body = addBranchPolicy, map[string]string{"name": step.Add.Name, "type": kind}
	case step.Guard:
		a.operation, a.body = enableRule, map[string]int64{"integration_id": k.bot.settings.GitHub.App.ID}
	case step.Set != nil:
		return k.set(ctx, wanted, *step.Set)
	default:
		a.operation, a.item = dropBranchPolicy, fmt.Sprint(step.Drop)
	}
	client, err := k.bot.clients.forRepository(ctx, k.repository, protecting)
	if err != nil {
		return err
	}
	_, err = askGitHub(ctx, client, k.repository, a)
	if a.operation == dropBranchPolicy && missing(err) {
		return nil
	}
	return err
}

// set gives an environment a variable.
func (k *keeping) set(ctx context.Context, wanted environments.Wanted, variable environments.Variable) error {
	client, err := k.bot.clients.forRepository(ctx, k.repository, filling)
	if err != nil {
		return err
	}
	a := asking{operation: makeVariable, environment: wanted.Name, body: map[string]string{"name": variable.Name, "value": variable.Value}}
	if variable.Exists {
		a.operation, a.item, a.body = changeVariable, variable.Name, map[string]string{"value": variable.Value}
	}
	_, err = askGitHub(ctx, client, k.repository, a)
	return err
}

// putBody holds everything that is to stay: GitHub replaces all rules of an environment at once.
func putBody(put environments.Put) map[string]any {
	body := map[string]any{"deployment_branch_policy": nil}
	if put.Branches.Protected || put.Branches.Matching {
		body["deployment_branch_policy"] = map[string]bool{"protected_branches": put.Branches.Protected, "custom_branch_policies": put.Branches.Matching}
	}
	if put.Wait != nil {
		body["wait_timer"] = *put.Wait
	}
	if put.PreventSelfReview != nil {
		body["prevent_self_review"] = *put.PreventSelfReview
	}
	if put.Reviewers != nil {
		reviewers := make([]map[string]any, len(put.Reviewers))
		for i, one := range put.Reviewers {
			kind := "User"
			if one.Team {
				kind = "Team"
			}
			reviewers[i] = map[string]any{"type": kind, "id": one.ID}
		}
		body["reviewers"] = reviewers
	}
	return body
}

// surveyAgain looks at one environment once more; nil: it is not there.
func (b *Bot) surveyAgain(ctx context.Context, s *survey, name string) (*environments.Found, error) {
	again := *s
	again.wanted = []environments.Wanted{{Environment: environments.Environment{Name: name}}}
	if err := b.surveyAll(ctx, &again); err != nil {
		return nil, err
	}
	return again.found[strings.ToLower(name)], nil
}

// again is after how long to look the next time; zero: when something happens.
func (k *keeping) again() time.Duration {
	switch k.rules.GitHubEnvironments {
	case config.Off:
		return 0
	case config.Enforce:
		return enforceEvery
	}
	return surveyEvery
}
