package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// payload of a GitHub deployment of ours: how it is found again, and told from those that others make.
type payload struct {
	Trunkline int64 `json:"trunkline"`
}

// shownDeployment is a deployment as GitHub is to show it.
type shownDeployment struct {
	promote.Deployment
	environment config.Environment
	// jobs: those of the repository's own workflows carry it out.
	jobs bool
	// outrun: a later deployment has succeeded in its environment.
	outrun bool
	now    time.Time
}

// showDeployment makes or updates the GitHub deployment of a deployment.
func (b *Bot) showDeployment(ctx context.Context, repository store.Repository, d shownDeployment) error {
	needed, err := b.neededOnGitHub(ctx, repository, &d)
	if err != nil || !needed {
		return err
	}
	client, err := b.clients.forRepository(ctx, repository, deploying)
	if ungranted(err) {
		return nil // it is shown when the installation lets us
	}
	if err != nil {
		return err
	}
	owner, name, phase := repository.Owner, repository.Name, store.ShownPhase(d.Phase)
	projection, _, err := b.ensure(ctx, object{
		repository: repository, kind: store.DeploymentProjection, subject: fmt.Sprint(d.ID),
		find: func(ctx context.Context) (int64, error) { return findDeployment(ctx, client, repository, d) },
		create: func(ctx context.Context) (int64, error) {
			made, _, err := client.Repositories.CreateDeployment(ctx, owner, name, deploymentRequest(d))
			if err == nil && made.GetID() == 0 {
				err = fmt.Errorf("GitHub made no deployment of %s", d.To)
			}
			return made.GetID(), err
		},
	}, store.Projection{})
	if final(err) {
		return b.giveUp(ctx, projection, store.Projection{Digest: phase}, err)
	}
	if err != nil || projection.GitHubID == 0 || projection.Digest == phase && !further(d.Deployment, projection, d.now) {
		return err
	}
	status := b.deploymentStatus(repository, d)
	_, _, err = client.Repositories.CreateDeploymentStatus(ctx, owner, name, projection.GitHubID, status)
	if final(err) || missing(err) {
		// Somebody deleted it. What else there is to show goes on.
		return b.giveUp(ctx, projection, store.Projection{Digest: phase}, err)
	}
	if err != nil {
		return fmt.Errorf("show that deployment %d is %s: %w", d.ID, d.Phase, err)
	}
	projection.Digest, projection.Detail = phase, d.now.UTC().Format(time.RFC3339)+" "+status.GetDescription()
	return b.store.Write(ctx, func(tx *store.Tx) error {
		if d.outrun {
			return tx.Retire(projection)
		}
		return tx.Project(projection)
	})
}

// neededOnGitHub tells whether GitHub is to show a deployment, and fills in whether it is outrun. One that was withdrawn
// before GitHub heard of it is nobody's news.
func (b *Bot) neededOnGitHub(ctx context.Context, repository store.Repository, d *shownDeployment) (needed bool, err error) {
	err = b.store.Write(ctx, func(tx *store.Tx) error {
		if d.Phase == promote.Void {
			needed, err = tx.Unmade(repository.ID, d.Deployment)
			return err
		}
		if d.jobs {
			// Each of its jobs has one of its own there.
			return tx.Project(store.Projection{Repository: repository.ID, Kind: store.DeploymentProjection, Subject: fmt.Sprint(d.ID), Digest: store.ShownPhase(d.Phase)})
		}
		needed = true
		if d.Phase == promote.Succeeded {
			d.outrun, err = tx.OutrunDeployment(repository.ID, d.Deployment)
		}
		return err
	})
	return needed, err
}

// findDeployment looks for the GitHub deployment that was made before a crash.
func findDeployment(ctx context.Context, client *github.Client, repository store.Repository, d shownDeployment) (int64, error) {
	made, _, err := client.Repositories.ListDeployments(ctx, repository.Owner, repository.Name,
		&github.DeploymentsListOptions{SHA: d.To, Environment: d.environment.GitHubName(), ListOptions: github.ListOptions{PerPage: 100}})
	for _, one := range made {
		var p payload
		if json.Unmarshal(one.Payload, &p) == nil && p.Trunkline == d.ID {
			return one.GetID(), nil
		}
	}
	return 0, err
}

// deploymentStatus is how far a deployment is. One that a later one has outrun does not come back to life by being shown
// late: GitHub would set the later one inactive.
func (b *Bot) deploymentStatus(repository store.Repository, d shownDeployment) *github.DeploymentStatusRequest {
	status := &github.DeploymentStatusRequest{State: github.String(deploymentState(d.Phase)),
		Description: github.String(comment.Describe(d.Deployment)), AutoInactive: github.Bool(d.Phase == promote.Succeeded && !d.outrun)}
	if d.outrun {
		status.State = github.String("inactive")
	}
	if link := b.logLink(repository, d.ID); link != "" {
		status.LogURL = github.String(link)
	}
	if page := d.environment.Page(d.To); page != "" && d.Phase == promote.Succeeded && !d.outrun {
		status.EnvironmentURL = github.String(page)
	}
	return status
}

// further tells whether a deployment under way has come further than GitHub shows, and it is time to say so.
func further(deployment promote.Deployment, shown store.Projection, now time.Time) bool {
	at, description, _ := strings.Cut(shown.Detail, " ")
	last, err := time.Parse(time.RFC3339, at)
	if err != nil || !deployment.Phase.Live() || description == comment.Describe(deployment) {
		return false
	}
	return !progressDue(deployment.Started, last, firstProgressOnGitHub).After(now)
}

func deploymentRequest(d shownDeployment) *github.DeploymentRequest {
	return &github.DeploymentRequest{
		Ref: github.String(d.To), Task: github.String(task(d.Deployment)), Environment: github.String(d.environment.GitHubName()),
		// Left out, GitHub would merge trunk into the ref instead, or wait for every status.
		AutoMerge: github.Bool(false), RequiredContexts: &[]string{},
		ProductionEnvironment: github.Bool(d.environment.InProduction()), TransientEnvironment: github.Bool(false),
		Description: github.String(comment.Deployment(d.Deployment)), Payload: payload{Trunkline: d.ID},
	}
}

// task is GitHub's word for what a deployment is for.
func task(deployment promote.Deployment) string {
	if deployment.Rollback {
		return "rollback"
	}
	return "deploy"
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
