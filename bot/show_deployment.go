package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// payload of a GitHub deployment of ours: how it is found again, and told from those that others make.
type payload struct {
	Trunkline int64 `json:"trunkline"`
}

// showDeployment makes or updates the GitHub deployment of a deployment.
func (b *Bot) showDeployment(ctx context.Context, repository store.Repository, deployment promote.Deployment, now time.Time) error {
	client, err := b.clients.forRepository(ctx, repository, deploying)
	if err != nil {
		return err
	}
	owner, name := repository.Owner, repository.Name
	projection, _, err := b.ensure(ctx, object{
		repository: repository, kind: store.DeploymentProjection, subject: fmt.Sprint(deployment.ID),
		find: func(ctx context.Context) (int64, error) {
			environment, err := b.githubName(ctx, repository, deployment.Environment)
			if err != nil {
				return 0, err
			}
			made, _, err := client.Repositories.ListDeployments(ctx, owner, name,
				&github.DeploymentsListOptions{SHA: deployment.To, Environment: environment})
			for _, d := range made {
				var p payload
				if json.Unmarshal(d.Payload, &p) == nil && p.Trunkline == deployment.ID {
					return d.GetID(), nil
				}
			}
			return 0, err
		},
		create: func(ctx context.Context) (int64, error) {
			environment, err := b.githubName(ctx, repository, deployment.Environment)
			if err != nil {
				return 0, err
			}
			made, _, err := client.Repositories.CreateDeployment(ctx, owner, name, deploymentRequest(deployment, environment))
			if err == nil && made.GetID() == 0 {
				err = fmt.Errorf("GitHub made no deployment of %s", deployment.To)
			}
			return made.GetID(), err
		},
	}, store.Projection{})
	if final(err) {
		return b.giveUp(ctx, projection, store.Projection{Digest: store.ShownPhase(deployment.Phase)}, err)
	}
	if err != nil || projection.GitHubID == 0 || projection.Digest == store.ShownPhase(deployment.Phase) && !further(deployment, projection, now) {
		return err
	}
	status := &github.DeploymentStatusRequest{State: github.String(deploymentState(deployment.Phase)),
		Description: github.String(comment.Describe(deployment))}
	if link := b.logLink(repository, deployment.ID); link != "" {
		status.LogURL = github.String(link)
	}
	if _, _, err := client.Repositories.CreateDeploymentStatus(ctx, owner, name, projection.GitHubID, status); err != nil {
		return fmt.Errorf("show that deployment %d is %s: %w", deployment.ID, deployment.Phase, err)
	}
	if deployment.Phase == promote.Succeeded && production(deployment.Environment) {
		if err := b.retire(ctx, client, repository, deployment); err != nil {
			return err
		}
	}
	projection.Digest, projection.Detail = store.ShownPhase(deployment.Phase), now.UTC().Format(time.RFC3339)+" "+status.GetDescription()
	return b.store.Write(ctx, func(tx *store.Tx) error { return tx.Project(projection) })
}

// progressAtLeast is how much time lies between two statuses that tell how far a deployment is. GitHub keeps each of them,
// so the longer a deployment takes, the more time does.
const progressAtLeast = 15 * time.Second

// further tells whether a deployment under way has come further than GitHub shows, and it is time to say so.
func further(deployment promote.Deployment, shown store.Projection, now time.Time) bool {
	at, description, _ := strings.Cut(shown.Detail, " ")
	last, err := time.Parse(time.RFC3339, at)
	if err != nil || !deployment.Phase.Live() || description == comment.Describe(deployment) {
		return false
	}
	return now.Sub(last) >= max(progressAtLeast, last.Sub(deployment.Started)/10)
}

// retire sets the deployment before this one inactive, which GitHub does by itself only outside production.
func (b *Bot) retire(ctx context.Context, client *github.Client, repository store.Repository, deployment promote.Deployment) error {
	var before store.Projection
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		before, err = tx.DeploymentBefore(repository.ID, deployment)
		return err
	})
	if err != nil || before.GitHubID == 0 {
		return err
	}
	_, _, err = client.Repositories.CreateDeploymentStatus(ctx, repository.Owner, repository.Name, before.GitHubID,
		&github.DeploymentStatusRequest{State: github.String("inactive")})
	if err != nil {
		return fmt.Errorf("show that deployment %s is not active any more: %w", before.Subject, err)
	}
	return nil
}

// githubName is the name on GitHub of the environment that stands for one here, also where the rules do not have it any more.
func (b *Bot) githubName(ctx context.Context, repository store.Repository, name string) (string, error) {
	err := b.store.Read(ctx, func(tx *store.Tx) error {
		rules, _, _, err := tx.Configuration(repository.ID)
		if environment, known := rules.Environment(name); known {
			name = environment.GitHubName()
		}
		return err
	})
	return name, err
}

// deploymentRequest asks for the GitHub deployment of a deployment, in an environment of that name on GitHub.
func deploymentRequest(deployment promote.Deployment, environment string) *github.DeploymentRequest {
	return &github.DeploymentRequest{
		Ref: github.String(deployment.To), Task: github.String(task(deployment)), Environment: github.String(environment),
		// Left out, GitHub would merge trunk into the ref instead, or wait for every status.
		AutoMerge: github.Bool(false), RequiredContexts: &[]string{},
		ProductionEnvironment: github.Bool(production(deployment.Environment)), TransientEnvironment: github.Bool(false),
		Description: github.String(comment.Deployment(deployment)), Payload: payload{Trunkline: deployment.ID},
	}
}

// task is GitHub's word for what a deployment is for.
func task(deployment promote.Deployment) string {
	if deployment.Rollback {
		return "rollback"
	}
	return "deploy"
}

// production tells whether people would call the environment so.
func production(environment string) bool {
	return environment == "production" || environment == "prod" || strings.HasPrefix(environment, "prod-")
}

func deploymentState(phase promote.Phase) string {
	switch phase {
	case promote.Succeeded:
		return "success"
	case promote.Failed, promote.Aborted:
		return "failure"
	case promote.Void:
		return "inactive"
	default:
		return "in_progress"
	}
}
