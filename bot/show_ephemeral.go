package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/promote/store"
)

// showEphemeral brings what GitHub shows of a pull request's own environment up to date: the comment about it, and its
// deployments. moves: it is being made or destroyed, so there is more to show soon.
func (b *Bot) showEphemeral(ctx context.Context, repository store.Repository, pull store.PullRequest) (moves bool, err error) {
	var e store.Ephemeral
	var known bool
	var now time.Time
	err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		e, known, err = tx.Ephemeral(repository.ID, pull.Number)
		return err
	})
	if err != nil || !known {
		return false, err
	}
	moves = e.Phase == store.EphemeralCreating || e.Phase == store.EphemeralDestroying
	shown := shownEnvironment(e, pull, now)
	err = b.say(ctx, said{repository: repository, pull: pull.Number, kind: store.EphemeralProjection, subject: fmt.Sprint(pull.Number),
		body: comment.OwnEnvironment(shown, comment.Options{})})
	if err != nil {
		return moves, err
	}
	if e.Tries > 0 && e.Phase == store.EphemeralDestroying {
		if err := b.sayStuck(ctx, repository, e, shown); err != nil {
			return moves, err
		}
	}
	return moves, b.showEphemeralDeployments(ctx, repository, e, shown)
}

func shownEnvironment(e store.Ephemeral, pull store.PullRequest, now time.Time) comment.Environment {
	shown := comment.Environment{Name: e.Environment(), Phase: comment.EnvironmentPhase(e.Phase), SHA: e.Source.SHA, Head: pull.Head, By: e.By,
		Address: e.Address, Created: e.Created, Expires: e.Expires, Ended: e.Ended, Now: now, Why: e.Why, Failure: e.Failure, Tries: e.Tries}
	for _, instance := range e.Instances {
		if instance.Phase == "destroyed" && !e.Over() {
			continue
		}
		shown.Instances = append(shown.Instances, comment.EnvironmentInstance{Name: instance.Name, State: instance.Place, Phase: instancePhase(instance, e)})
	}
	return shown
}

// instancePhase is how far an instance is, in a word.
func instancePhase(instance store.EphemeralInstance, e store.Ephemeral) string {
	switch {
	case instance.Phase == "claimed":
		return "not begun"
	case instance.Phase == "applied" && instance.Source != e.Source.ID:
		return "of an older commit"
	case instance.Phase == "begun":
		return "begun"
	}
	return instance.Phase
}

// sayStuck tells of what could not be destroyed in a comment of its own, which people are told of, once.
func (b *Bot) sayStuck(ctx context.Context, repository store.Repository, e store.Ephemeral, shown comment.Environment) error {
	subject := fmt.Sprint(e.ID)
	var told store.Projection
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		told, _, err = tx.Projection(repository.ID, store.StuckProjection, subject)
		return err
	})
	if err != nil || told.GitHubID != 0 {
		return err
	}
	return b.say(ctx, said{repository: repository, pull: e.Pull, kind: store.StuckProjection, subject: subject,
		body: comment.StuckEnvironment(shown, comment.Options{})})
}

// ephemeralPayload of a GitHub deployment of ours: how it is found again.
type ephemeralPayload struct {
	Preview string `json:"trunkline_preview"`
}

// showEphemeralDeployments keeps the GitHub deployment of the newest source, and ends those of the sources before.
func (b *Bot) showEphemeralDeployments(ctx context.Context, repository store.Repository, e store.Ephemeral, shown comment.Environment) error {
	client, err := b.clients.forRepository(ctx, repository, deploying)
	if err != nil {
		return err
	}
	subject := fmt.Sprintf("%d/%d", e.ID, e.Source.ID)
	projection, _, err := b.ensure(ctx, object{
		repository: repository, kind: store.EphemeralDeploymentProjection, subject: subject,
		find: func(ctx context.Context) (int64, error) { return findEphemeral(ctx, client, repository, e, subject) },
		create: func(ctx context.Context) (int64, error) {
			made, _, err := client.Repositories.CreateDeployment(ctx, repository.Owner, repository.Name, &github.DeploymentRequest{
				Ref: github.String(e.Source.SHA), Task: github.String("deploy"), Environment: github.String(e.Environment()),
				AutoMerge: github.Bool(false), RequiredContexts: &[]string{}, ProductionEnvironment: github.Bool(false), TransientEnvironment: github.Bool(true),
				Description: github.String(fmt.Sprintf("Preview of #%d", e.Pull)), Payload: ephemeralPayload{subject}})
			if err == nil && made.GetID() == 0 {
				err = fmt.Errorf("GitHub made no deployment of %s", e.Source.SHA)
			}
			return made.GetID(), err
		},
	}, store.Projection{})
	state := ephemeralState(e)
	if final(err) {
		return b.giveUp(ctx, projection, store.Projection{Digest: state}, err)
	}
	if err != nil {
		return err
	}
	if err := b.setEphemeral(ctx, client, projection, shown, state); err != nil {
		return err
	}
	var older []store.Projection
	err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
		older, err = tx.ShownEphemerals(e)
		return err
	})
	for _, projection := range older {
		if err == nil && projection.Subject != subject {
			err = b.setEphemeral(ctx, client, projection, comment.Environment{}, "inactive")
		}
	}
	return err
}

// findEphemeral looks for the GitHub deployment that was made before a crash.
func findEphemeral(ctx context.Context, client *github.Client, repository store.Repository, e store.Ephemeral, subject string) (int64, error) {
	made, _, err := client.Repositories.ListDeployments(ctx, repository.Owner, repository.Name,
		&github.DeploymentsListOptions{SHA: e.Source.SHA, Environment: e.Environment()})
	for _, d := range made {
		var p ephemeralPayload
		if json.Unmarshal(d.Payload, &p) == nil && p.Preview == subject {
			return d.GetID(), nil
		}
	}
	return 0, err
}

// setEphemeral gives a GitHub deployment the status that it is to show, unless it has it.
func (b *Bot) setEphemeral(ctx context.Context, client *github.Client, projection store.Projection, shown comment.Environment, state string) error {
	if projection.GitHubID == 0 || projection.Digest == state {
		return nil
	}
	repository, err := b.repository(ctx, projection.Repository)
	if err != nil {
		return err
	}
	status := &github.DeploymentStatusRequest{State: github.String(state), AutoInactive: github.Bool(false),
		Description: github.String(comment.DescribeEnvironment(shown))}
	if state == "success" && shown.Address != "" {
		status.EnvironmentURL = github.String(shown.Address)
	}
	if _, _, err := client.Repositories.CreateDeploymentStatus(ctx, repository.Owner, repository.Name, projection.GitHubID, status); err != nil {
		return fmt.Errorf("show that %s is %s: %w", projection.Subject, state, err)
	}
	projection.Digest = state
	return b.store.Write(ctx, func(tx *store.Tx) error { return tx.Project(projection) })
}

// ephemeralState is GitHub's word for how far an environment is.
func ephemeralState(e store.Ephemeral) string {
	switch {
	case e.Phase == store.EphemeralReady:
		return "success"
	case e.Phase == store.EphemeralFailed:
		return "failure"
	case e.Phase == store.EphemeralGone:
		return "inactive"
	case e.Phase == store.EphemeralDestroying && e.Tries > 0:
		return "error"
	}
	return "in_progress"
}
