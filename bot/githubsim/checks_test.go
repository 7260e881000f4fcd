package githubsim_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

func TestCheckRuns(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	head := w.push("topic", map[string]string{"a": "1\n"})
	create := func(name string) *github.CheckRun {
		made, _, err := client.Checks.CreateCheckRun(ctx, "acme", "infra", github.CreateCheckRunOptions{
			Name: name, HeadSHA: head, Status: github.String("in_progress"), ExternalID: github.String("x1"),
		})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	old, other := create("preview"), create("other")
	run := create("preview")
	finish := github.UpdateCheckRunOptions{
		Name: "preview", Conclusion: github.String("failure"), Status: github.String("completed"),
		Output: &github.CheckRunOutput{
			Title: github.String("A plan failed"), Summary: github.String("One of three."),
			Annotations: []*github.CheckRunAnnotation{{
				Path: github.String("a"), StartLine: github.Int(1), EndLine: github.Int(1),
				AnnotationLevel: github.String("failure"), Message: github.String("no such variable"),
			}},
		},
		Actions: []*github.CheckRunAction{{Label: "Plan again", Description: "Plans again.", Identifier: "plan"}},
	}
	got, _, err := client.Checks.UpdateCheckRun(ctx, "acme", "infra", run.GetID(), finish)
	if err != nil || got.GetConclusion() != "failure" || got.GetCompletedAt().IsZero() || got.GetExternalID() != "x1" {
		t.Fatalf("run %v: %v", got, err)
	}
	if got, _, err = client.Checks.GetCheckRun(ctx, "acme", "infra", run.GetID()); err != nil || got.GetOutput().GetAnnotationsCount() != 1 {
		t.Errorf("run %v: %v", got, err)
	}
	notes, _, err := client.Checks.ListCheckRunAnnotations(ctx, "acme", "infra", run.GetID(), nil)
	if err != nil || len(notes) != 1 || notes[0].GetMessage() != "no such variable" {
		t.Errorf("annotations %v: %v", notes, err)
	}
	latest, _, err := client.Checks.ListCheckRunsForRef(ctx, "acme", "infra", head, nil)
	if err != nil || latest.GetTotal() != 2 || latest.CheckRuns[0].GetID() != run.GetID() || latest.CheckRuns[1].GetID() != other.GetID() {
		t.Errorf("latest %v: %v", latest, err)
	}
	all, _, err := client.Checks.ListCheckRunsForRef(ctx, "acme", "infra", "topic", &github.ListCheckRunsOptions{
		CheckName: github.String("preview"), Filter: github.String("all"),
	})
	if err != nil || all.GetTotal() != 2 || all.CheckRuns[1].GetID() != old.GetID() {
		t.Errorf("all %v: %v", all, err)
	}
	if err := w.alice.RerequestCheck(infra, other.GetID()); refusal(err) != 422 {
		t.Errorf("re-running what runs: %v", err)
	}
	if err := w.alice.RerequestCheck(infra, run.GetID()); err != nil {
		t.Error(err)
	}
	if err := w.alice.RequestAction(infra, run.GetID(), "plan"); err != nil {
		t.Error(err)
	}
	w.settle()
	names := strings.Join(w.hook.names(), " ")
	if !strings.HasSuffix(names, "check_run.completed check_run.rerequested check_run.requested_action") {
		t.Errorf("webhooks %s", names)
	}
	if last := w.hook.last("check_run"); last.payload["requested_action"].(map[string]any)["identifier"] != "plan" {
		t.Errorf("webhook %s", last.body)
	}
}

func TestCheckRunIsRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	head := w.push("topic", map[string]string{"a": "1\n"})
	note := &github.CheckRunAnnotation{
		Path: github.String("a"), StartLine: github.Int(1), EndLine: github.Int(1),
		AnnotationLevel: github.String("notice"), Message: github.String("m"),
	}
	many := make([]*github.CheckRunAnnotation, 51)
	for i := range many {
		many[i] = note
	}
	output := func(text string, notes ...*github.CheckRunAnnotation) *github.CheckRunOutput {
		return &github.CheckRunOutput{Title: github.String("t"), Summary: github.String(text), Annotations: notes}
	}
	action := &github.CheckRunAction{Label: "Plan", Description: "Plan.", Identifier: "plan"}
	for name, options := range map[string]github.CreateCheckRunOptions{
		"unknown commit":       {Name: "n", HeadSHA: strings.Repeat("0", 40)},
		"unknown status":       {Name: "n", HeadSHA: head, Status: github.String("bogus")},
		"unknown conclusion":   {Name: "n", HeadSHA: head, Conclusion: github.String("bogus")},
		"no conclusion":        {Name: "n", HeadSHA: head, Status: github.String("completed")},
		"long summary":         {Name: "n", HeadSHA: head, Output: output(strings.Repeat("x", 65536))},
		"no summary":           {Name: "n", HeadSHA: head, Output: &github.CheckRunOutput{Title: github.String("t")}},
		"many annotations":     {Name: "n", HeadSHA: head, Output: output("s", many...)},
		"annotation of naught": {Name: "n", HeadSHA: head, Output: output("s", &github.CheckRunAnnotation{Path: github.String("a")})},
		"many actions":         {Name: "n", HeadSHA: head, Actions: []*github.CheckRunAction{action, action, action, action}},
		"long label":           {Name: "n", HeadSHA: head, Actions: []*github.CheckRunAction{{Label: strings.Repeat("x", 21), Description: "d", Identifier: "i"}}},
	} {
		if _, _, err := client.Checks.CreateCheckRun(ctx, "acme", "infra", options); status(err) != 422 {
			t.Errorf("%s: %v, want 422", name, err)
		}
	}
	if _, _, err := client.Checks.CreateCheckRun(ctx, "acme", "infra", github.CreateCheckRunOptions{
		Name: "n", HeadSHA: head, Output: output(strings.Repeat("x", 65535), many[:50]...),
	}); err != nil {
		t.Errorf("as much as fits: %v", err)
	}
}

func TestCommitStatuses(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	head := w.push("topic", map[string]string{"a": "1\n"})
	combined := func(want string) {
		t.Helper()
		got, _, err := client.Repositories.GetCombinedStatus(ctx, "acme", "infra", "topic", nil)
		if err != nil || got.GetState() != want {
			t.Errorf("combined %s, want %s: %v", got.GetState(), want, err)
		}
	}
	set := func(name, state string) {
		t.Helper()
		if _, _, err := client.Repositories.CreateStatus(ctx, "acme", "infra", head, &github.RepoStatus{Context: &name, State: &state}); err != nil {
			t.Error(err)
		}
	}
	combined("pending")
	set("build", "pending")
	set("lint", "success")
	combined("pending")
	set("build", "failure")
	combined("failure")
	if err := w.alice.Status(infra, head, "build", "success"); err != nil {
		t.Error(err)
	}
	combined("success")
	all, _, err := client.Repositories.ListStatuses(ctx, "acme", "infra", head, nil)
	if err != nil || len(all) != 4 || all[0].GetCreator().GetLogin() != "alice" {
		t.Errorf("statuses %v: %v", all, err)
	}
	if _, _, err := client.Repositories.CreateStatus(ctx, "acme", "infra", head, &github.RepoStatus{State: github.String("green")}); status(err) != 422 {
		t.Errorf("unknown state: %v", err)
	}
	w.settle()
	if last := w.hook.last("status"); last.payload["state"] != "success" {
		t.Errorf("webhook %s", last.body)
	}
}
