package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// ours tells whether Trunkline made a deployment on GitHub.
func ours(deployment *github.Deployment) bool {
	var p payload
	return json.Unmarshal(deployment.Payload, &p) == nil && p.Trunkline != 0
}

// strayJobs writes down whose order it was that jobs deployed which had not been let go: an administrator started them past the
// rule, or they do not wait for it; and jobs that deploy where Trunkline does so by itself.
func (b *Bot) strayJobs(ctx context.Context, repository store.Repository) error {
	var stray []promote.Job
	var rules config.Repository
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		if stray, err = tx.StrayJobs(repository.ID); err == nil {
			rules, _, _, err = tx.Configuration(repository.ID)
		}
		return err
	})
	for _, job := range stray {
		if err != nil {
			return err
		}
		err = b.strayJob(ctx, repository, job, rules)
	}
	return err
}

func (b *Bot) strayJob(ctx context.Context, repository store.Repository, job promote.Job, rules config.Repository) error {
	environment, known := promote.OnGitHub(rules, job.Environment)
	kind := "gates bypassed"
	switch {
	case job.Ours || !known:
		kind = "" // as it was to be
	case job.MaybeOurs:
		return nil // it is known as soon as GitHub has said which run ours is
	case rules.RunnerOf(environment.Name).Kind != config.RunnerJobs:
		kind = "double deployment"
		job.Why = fmt.Sprintf("deployed from outside, while Trunkline deploys to %s by itself", environment.Name)
	default:
		if err := b.whose(ctx, repository, &job); err != nil {
			return err
		}
	}
	return b.store.Write(ctx, func(tx *store.Tx) error { return tx.JobStrayed(repository.ID, job, kind) })
}

// whose finds out who had a job started past the rule.
func (b *Bot) whose(ctx context.Context, repository store.Repository, job *promote.Job) error {
	if job.Run == 0 {
		job.Why = "deployed by no job of a workflow"
		return nil
	}
	job.Why = "it did not wait for Trunkline"
	if !job.Asked.IsZero() {
		job.Why = "started although it had not been let go"
	}
	client, err := b.clients.forRepository(ctx, repository, watching)
	if err != nil {
		return err
	}
	said, err := consents(ctx, client, repository, job.Run)
	if isMissing(err) {
		return nil
	}
	for _, one := range said {
		for _, environment := range one.Environments {
			name := firstWord(environment.GetName(), environment.GetEnvironmentName())
			if one.State == "approved" && strings.EqualFold(name, job.Environment) {
				job.By = person(one.User)
				job.Why = strings.TrimSpace("started past the gates: " + b.redactor.Redact(one.Comment))
			}
		}
	}
	return errors.Join(err)
}
