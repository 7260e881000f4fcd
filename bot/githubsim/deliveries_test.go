package githubsim_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

func TestWebhooksAreSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	w.push("main", map[string]string{"a": "1"})
	w.settle()
	for _, one := range w.hook.letters() {
		mac := hmac.New(sha256.New, []byte(w.WebhookSecret()))
		mac.Write(one.body)
		if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); one.header.Get("X-Hub-Signature-256") != want {
			t.Errorf("%s is signed %s, want %s", one.event, one.header.Get("X-Hub-Signature-256"), want)
		}
		if one.header.Get("X-GitHub-Hook-Installation-Target-ID") != fmt.Sprint(w.AppID()) {
			t.Errorf("%s is for %s", one.event, one.header.Get("X-GitHub-Hook-Installation-Target-ID"))
		}
		if _, err := github.ParseWebHook(one.event, one.body); err != nil {
			t.Errorf("%s cannot be read by go-github: %v", one.event, err)
		}
	}
}

// An App that was away finds what it missed in the log and asks for it again.
func TestRedelivery(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	w.settle()
	w.SetHook("http://127.0.0.1:1/nobody")
	w.push("main", map[string]string{"a": "1"})
	w.settle()
	w.SetHook(w.hook.URL)
	w.hook.answer(http.StatusInternalServerError)
	w.push("main", map[string]string{"a": "2"})
	w.settle()
	w.hook.answer(http.StatusOK)

	app := w.asApp()
	missed, _, err := app.Apps.ListHookDeliveries(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	var codes []int
	for _, one := range missed {
		codes = append(codes, one.GetStatusCode())
	}
	if diff := cmp.Diff([]int{500, 0, 200}, codes); diff != "" {
		t.Fatalf("status codes, newest first (-want +got):\n%s", diff)
	}
	full, _, err := app.Apps.GetHookDelivery(ctx, missed[1].GetID())
	if err != nil {
		t.Fatal(err)
	}
	if payload, err := full.ParseRequestPayload(); err != nil || payload.(*github.PushEvent).GetRef() != "refs/heads/main" {
		t.Errorf("payload %v: %v", payload, err)
	}
	if _, _, err := app.Apps.RedeliverHookDelivery(ctx, missed[1].GetID()); err != nil && !accepted(err) {
		t.Fatal(err)
	}
	w.settle()
	if last := w.hook.last("push"); last.guid != missed[1].GetGUID() {
		t.Errorf("redelivered as %s, want %s", last.guid, missed[1].GetGUID())
	}
	again, _, err := app.Apps.ListHookDeliveries(ctx, nil)
	if err != nil || !again[0].GetRedelivery() || again[0].GetStatus() != "OK" || again[0].GetID() == missed[1].GetID() {
		t.Errorf("log %v: %v", again[0], err)
	}
	if _, _, err := app.Apps.GetHookDelivery(ctx, 1); status(err) != 404 {
		t.Errorf("unknown delivery: %v", err)
	}
}

func accepted(err error) bool {
	_, is := err.(*github.AcceptedError)
	return is
}

func TestDeliveryLogPagesByCursor(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	for i := range 4 {
		w.push("main", map[string]string{"a": fmt.Sprint(i)})
	}
	w.settle()
	options := &github.ListCursorOptions{PerPage: 2}
	var found int
	for {
		some, response, err := w.asApp().Apps.ListHookDeliveries(ctx, options)
		if err != nil {
			t.Fatal(err)
		}
		found += len(some)
		if response.Cursor == "" {
			break
		}
		options.Cursor = response.Cursor
	}
	if found != 5 {
		t.Errorf("%d deliveries, want 5", found)
	}
}

func TestDisturbedDeliveries(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fates map[int]githubsim.Fate
		want  []string
	}{
		"in order":   {nil, []string{"1", "2", "3"}},
		"lost":       {map[int]githubsim.Fate{2: {Drop: true}}, []string{"1", "3"}},
		"failed":     {map[int]githubsim.Fate{2: {Fail: true}}, []string{"1", "3"}},
		"twice":      {map[int]githubsim.Fate{2: {Copies: 1}}, []string{"1", "2", "2", "3"}},
		"late":       {map[int]githubsim.Fate{1: {Behind: 1}}, []string{"2", "1", "3"}},
		"last":       {map[int]githubsim.Fate{1: {Behind: 9}}, []string{"2", "3", "1"}},
		"held up":    {map[int]githubsim.Fate{1: {Delay: time.Millisecond}}, []string{"1", "2", "3"}},
		"turned all": {map[int]githubsim.Fate{1: {Behind: 2}, 2: {Behind: 1}}, []string{"3", "2", "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubsim.Options{})
			w.settle()
			count := 0
			w.Disturb(func(githubsim.Webhook) githubsim.Fate {
				count++
				return test.fates[count]
			})
			for i := range 3 {
				w.push(fmt.Sprint(i+1), map[string]string{"a": fmt.Sprint(i)})
			}
			w.settle()
			var got []string
			for _, one := range w.hook.letters() {
				if one.event == "push" {
					got = append(got, one.payload["ref"].(string)[len("refs/heads/"):])
				}
			}
			// Two that wait behind the same webhook may come in either order.
			if name == "turned all" {
				slices.Sort(got[1:])
				test.want = []string{"3", "1", "2"}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSlowHookTimesOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{HookTimeout: 20 * time.Millisecond})
	w.settle()
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer slow.Close()
	defer close(release)
	w.SetHook(slow.URL)
	w.push("main", map[string]string{"a": "1"})
	w.settle()
	log := w.Deliveries()
	if last := log[len(log)-1]; last.Delivered() || last.StatusCode != 0 {
		t.Errorf("delivery %+v", last)
	}
}

// The App hears only of what its manifest subscribes to and of repositories that
// it is installed on.
func TestWebhooksOnlyWhereSubscribed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{Manifest: appManifest(t)})
	if _, err := w.CreateRepository("acme", "other", githubsim.RepositoryOptions{
		Private: true, Files: map[string]string{"a": "1"}, Collaborators: map[string]string{"alice": "write"},
	}); err != nil {
		t.Fatal(err)
	}
	text := "2"
	if _, err := w.alice.Push("acme/other", "main", "Elsewhere", map[string]*string{"a": &text}); err != nil {
		t.Fatal(err)
	}
	number := w.pullRequest("topic", map[string]string{"a": "1"})
	if err := w.As("bob").Review(infra, number, "approve", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Install("acme", "other"); err != nil {
		t.Fatal(err)
	}
	if err := w.RemoveFromInstallation("acme/other"); err != nil {
		t.Fatal(err)
	}
	if err := w.Uninstall("acme"); err != nil {
		t.Fatal(err)
	}
	w.push("main", map[string]string{"b": "1"})
	w.settle()
	want := []string{
		"installation.created", "push", "pull_request.opened", "installation_repositories.added",
		"installation_repositories.removed", "installation.deleted",
	}
	if diff := cmp.Diff(want, w.hook.names()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestManifestIsRefused(t *testing.T) {
	t.Parallel()
	for name, manifest := range map[string]string{
		"event without permission": "name: A\ndefault_permissions: {metadata: read}\ndefault_events: [push]\n",
		"unknown event":            "name: A\ndefault_permissions: {metadata: read}\ndefault_events: [pushed]\n",
		"no name":                  "default_permissions: {metadata: read}\n",
	} {
		if _, err := githubsim.New(githubsim.Options{Dir: t.TempDir(), Manifest: []byte(manifest)}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
