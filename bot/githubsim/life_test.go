package githubsim_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// A pull request is opened, talked about, checked, merged and deployed, with the
// App's real manifest.
func TestLifeOfAPullRequest(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{Manifest: appManifest(t)})
	client := w.client()
	number := w.pullRequest("resize", map[string]string{"stacks/dev/a.txt": "2\n"})

	pull, _, err := client.PullRequests.Get(ctx, "acme", "infra", number)
	if err != nil {
		t.Fatal(err)
	}
	if !pull.GetMergeable() || pull.GetChangedFiles() != 1 {
		t.Errorf("mergeable %v, changed files %d", pull.GetMergeable(), pull.GetChangedFiles())
	}
	command, err := w.alice.Comment(infra, number, "/plan")
	if err != nil {
		t.Fatal(err)
	}
	reaction, _, err := client.Reactions.CreateIssueCommentReaction(ctx, "acme", "infra", command, "eyes")
	if err != nil || reaction.GetContent() != "eyes" {
		t.Fatal(reaction, err)
	}
	comment, _, err := client.Issues.CreateComment(ctx, "acme", "infra", number, &github.IssueComment{Body: github.String("A preview.")})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.Issues.EditComment(ctx, "acme", "infra", comment.GetID(), &github.IssueComment{Body: github.String("A better preview.")}); err != nil {
		t.Fatal(err)
	}
	run, _, err := client.Checks.CreateCheckRun(ctx, "acme", "infra", github.CreateCheckRunOptions{
		Name: "Trunkline", HeadSHA: pull.GetHead().GetSHA(), Status: github.String("in_progress"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.Checks.UpdateCheckRun(ctx, "acme", "infra", run.GetID(), github.UpdateCheckRunOptions{
		Name: "Trunkline", Conclusion: github.String("success"),
		Output: &github.CheckRunOutput{Title: github.String("1 to change"), Summary: github.String("All well.")},
	}); err != nil {
		t.Fatal(err)
	}
	if err := w.As("bob").Review(infra, number, "approve", ""); err != nil {
		t.Fatal(err)
	}
	merged, err := w.As("bob").Merge(infra, number, "squash")
	if err != nil {
		t.Fatal(err)
	}
	deployment, _, err := client.Repositories.CreateDeployment(ctx, "acme", "infra", &github.DeploymentRequest{
		Ref: &merged, Environment: github.String("dev"), AutoMerge: github.Bool(false), RequiredContexts: &[]string{},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.Repositories.CreateDeploymentStatus(ctx, "acme", "infra", deployment.GetID(), &github.DeploymentStatusRequest{
		State: github.String("success"), Description: github.String("dev runs it"),
	}); err != nil {
		t.Fatal(err)
	}

	want := []string{
		"installation.created", "push", "pull_request.opened", "issue_comment.created", "issue_comment.created",
		"issue_comment.edited", "check_run.created", "check_run.completed", "pull_request.closed", "push",
		"deployment_status.created",
	}
	w.settle()
	if diff := cmp.Diff(want, w.hook.names()); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
	var kinds []string
	for _, event := range w.Events() {
		kinds = append(kinds, event.Actor+" "+event.Kind+" "+event.State)
	}
	wantKinds := []string{
		"alice push resize", "alice pull opened", "alice comment ", "trunkline[bot] reaction eyes", "trunkline[bot] comment ",
		"trunkline[bot] comment_edited ", "trunkline[bot] check in_progress", "trunkline[bot] check success",
		"bob review approved", "bob merge merged", "bob push main", "trunkline[bot] deployment ", "trunkline[bot] deployment_status success",
	}
	if diff := cmp.Diff(wantKinds, kinds); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	wantUsed := map[string]string{
		"checks": "write", "contents": "read", "deployments": "write", "issues": "write", "pull_requests": "read",
	}
	if diff := cmp.Diff(wantUsed, w.UsedPermissions()); diff != "" {
		t.Errorf("used permissions (-want +got):\n%s", diff)
	}
	view, err := w.Pull(infra, number)
	if err != nil {
		t.Fatal(err)
	}
	if view.State != "merged" || view.MergeSHA != merged || len(view.Checks) != 1 || view.Checks[0].Conclusion != "success" {
		t.Errorf("view: %+v", view)
	}
	if got := view.Comments("trunkline[bot]"); len(got) != 1 || got[0].Body != "A better preview." || got[0].Edited.IsZero() {
		t.Errorf("comments of the App: %+v", got)
	}
}
