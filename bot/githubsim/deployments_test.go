package githubsim_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// deploy makes a deployment as a careful App does.
func (w *world) deploy(client *github.Client, ref, environment string) *github.Deployment {
	w.t.Helper()
	made, _, err := client.Repositories.CreateDeployment(context.Background(), "acme", "infra", &github.DeploymentRequest{
		Ref: &ref, Environment: &environment, AutoMerge: github.Bool(false), RequiredContexts: &[]string{},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

func (w *world) deployed(client *github.Client, made *github.Deployment, state string) {
	w.t.Helper()
	if _, _, err := client.Repositories.CreateDeploymentStatus(context.Background(), "acme", "infra", made.GetID(),
		&github.DeploymentStatusRequest{State: &state}); err != nil {
		w.t.Fatal(err)
	}
}

func TestDeployments(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	first, second := w.deploy(client, "main", "dev"), w.deploy(client, "main", "staging")
	if first.GetEnvironment() != "dev" || first.GetTask() != "deploy" || len(first.GetSHA()) != 40 {
		t.Errorf("deployment %v", first)
	}
	w.deployed(client, first, "in_progress")
	w.deployed(client, first, "success")
	list, _, err := client.Repositories.ListDeployments(ctx, "acme", "infra", nil)
	if err != nil || len(list) != 2 || list[0].GetID() != second.GetID() {
		t.Errorf("deployments %v: %v", list, err)
	}
	list, _, err = client.Repositories.ListDeployments(ctx, "acme", "infra", &github.DeploymentsListOptions{Environment: "dev", SHA: first.GetSHA()})
	if err != nil || len(list) != 1 || list[0].GetID() != first.GetID() {
		t.Errorf("deployments of dev %v: %v", list, err)
	}
	statuses, _, err := client.Repositories.ListDeploymentStatuses(ctx, "acme", "infra", first.GetID(), nil)
	if err != nil || len(statuses) != 2 || statuses[0].GetState() != "success" {
		t.Fatalf("statuses %v: %v", statuses, err)
	}
	if _, _, err := client.Repositories.GetDeploymentStatus(ctx, "acme", "infra", first.GetID(), statuses[0].GetID()); err != nil {
		t.Error(err)
	}
	if _, _, err := client.Repositories.GetDeployment(ctx, "acme", "infra", first.GetID()); err != nil {
		t.Error(err)
	}
	if _, err := client.Repositories.DeleteDeployment(ctx, "acme", "infra", first.GetID()); status(err) != 422 {
		t.Errorf("deleting an active deployment: %v", err)
	}
	w.deployed(client, first, "inactive")
	if _, err := client.Repositories.DeleteDeployment(ctx, "acme", "infra", first.GetID()); err != nil {
		t.Error(err)
	}
	environments, _, err := client.Repositories.ListEnvironments(ctx, "acme", "infra", nil)
	if err != nil || environments.GetTotalCount() != 2 {
		t.Errorf("environments %v: %v", environments, err)
	}
	if _, _, err := client.Repositories.GetEnvironment(ctx, "acme", "infra", "DEV"); err != nil {
		t.Errorf("names are compared without case: %v", err)
	}
	if _, _, err := client.Repositories.GetEnvironment(ctx, "acme", "infra", "prod"); status(err) != 404 {
		t.Errorf("unknown environment: %v", err)
	}
	w.settle()
	if last := w.hook.last("deployment_status"); last.action != "created" {
		t.Errorf("webhook %s", last.body)
	}
}

// Success makes earlier deployments of the environment inactive, except in
// production.
func TestAutoInactive(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	for _, environment := range []string{"dev", "dev", "production", "production"} {
		w.deployed(client, w.deploy(client, "main", environment), "success")
	}
	all, err := w.Deployments(infra)
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	for _, one := range all {
		states = append(states, one.Environment+" "+one.State)
	}
	want := "production success, production success, dev success, dev inactive"
	if got := strings.Join(states, ", "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestDeploymentIsRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	long := github.String(strings.Repeat("x", 141))
	no := github.Bool(false)
	for name, request := range map[string]*github.DeploymentRequest{
		"unknown ref":      {Ref: github.String("nothing"), AutoMerge: no},
		"no ref":           {Ref: github.String(""), AutoMerge: no},
		"long description": {Ref: github.String("main"), AutoMerge: no, Description: long},
	} {
		if _, _, err := client.Repositories.CreateDeployment(ctx, "acme", "infra", request); status(err) != 422 {
			t.Errorf("%s: %v, want 422", name, err)
		}
	}
	made := w.deploy(client, "main", "dev")
	for name, request := range map[string]*github.DeploymentStatusRequest{
		"unknown state":    {State: github.String("done")},
		"long description": {State: github.String("success"), Description: long},
	} {
		if _, _, err := client.Repositories.CreateDeploymentStatus(ctx, "acme", "infra", made.GetID(), request); status(err) != 422 {
			t.Errorf("%s: %v, want 422", name, err)
		}
	}
}

// Who says nothing gets GitHub's defaults: all statuses must be green, and a
// branch that is behind is merged instead of deployed.
func TestDeploymentDefaults(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	head := w.push("topic", map[string]string{"a": "1\n"})
	if err := w.alice.Status(infra, head, "build", "pending"); err != nil {
		t.Fatal(err)
	}
	topic := github.String("topic")
	if _, _, err := client.Repositories.CreateDeployment(ctx, "acme", "infra", &github.DeploymentRequest{Ref: topic}); status(err) != 409 {
		t.Errorf("with a status pending: %v, want 409", err)
	}
	if err := w.alice.Status(infra, head, "build", "success"); err != nil {
		t.Fatal(err)
	}
	made, _, err := client.Repositories.CreateDeployment(ctx, "acme", "infra", &github.DeploymentRequest{Ref: topic})
	if err != nil || made.GetEnvironment() != "production" {
		t.Errorf("deployment %v: %v", made, err)
	}
	w.push("main", map[string]string{"b": "1\n"})
	_, _, err = client.Repositories.CreateDeployment(ctx, "acme", "infra", &github.DeploymentRequest{Ref: topic})
	var accepted *github.AcceptedError
	if !errors.As(err, &accepted) {
		t.Errorf("behind trunk: %v, want 202", err)
	}
	if got, err := w.File(infra, "topic", "b"); got != "1\n" {
		t.Errorf("trunk was not merged into the branch: %v", err)
	}
	old := github.String(head)
	if _, _, err := client.Repositories.CreateDeployment(ctx, "acme", "infra", &github.DeploymentRequest{Ref: old}); status(err) != 409 {
		t.Errorf("a commit behind trunk: %v, want 409", err)
	}
}
