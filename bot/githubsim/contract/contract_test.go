package contract

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func loaded(t *testing.T) *Contract {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryWebhookHasASchema(t *testing.T) {
	t.Parallel()
	c := loaded(t)
	for _, key := range c.Webhooks() {
		if _, err := c.webhook(key, ""); err != nil {
			t.Error(err)
		}
	}
	if err := c.CheckWebhook("push", "", []byte(`{"ref": "refs/heads/main"}`)); err == nil {
		t.Error("half a push fits")
	}
	if err := c.CheckWebhook("issue_comment", "pinned_down", []byte(`{}`)); err == nil {
		t.Error("an unknown action fits")
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	c := loaded(t)
	for _, test := range []struct{ method, path, want, parameter, value string }{
		{"GET", "/repos/a/b/commits/main", "repos/get-commit", "ref", "main"},
		{"GET", "/repos/a/b/commits/feature/x", "repos/get-commit", "ref", "feature/x"},
		{"GET", "/repos/a/b/commits/feature/x/status", "repos/get-combined-status-for-ref", "ref", "feature/x"},
		{"GET", "/repos/a/b/commits/feature%2Fx/check-runs", "checks/list-for-ref", "ref", "feature/x"},
		{"GET", "/repos/a/b/commits/0123/pulls", "repos/list-pull-requests-associated-with-commit", "commit_sha", "0123"},
		{"GET", "/repos/a/b/compare/main...feature/x", "repos/compare-commits-with-basehead", "basehead", "main...feature/x"},
		{"GET", "/repos/a/b/contents/", "repos/get-content", "path", ""},
		{"GET", "/repos/a/b/contents/x/y.txt", "repos/get-content", "path", "x/y.txt"},
		{"GET", "/repos/a/b/environments/prod%2Feu", "repos/get-environment", "environment_name", "prod/eu"},
		{"POST", "/repos/a/b/issues/7/comments", "issues/create-comment", "issue_number", "7"},
		{"DELETE", "/repos/a/b", "", "", ""},
		{"GET", "/repos/a/b/nothing", "", "", ""},
	} {
		operation, values, ok := c.Match(test.method, test.path)
		if ok != (test.want != "") || operation.ID != test.want || values[test.parameter] != test.value {
			t.Errorf("%s %s is %q with %v, want %s", test.method, test.path, operation.ID, values, test.want)
		}
	}
}

// exchange is a call as it would be checked.
func exchange(t *testing.T, c *Contract, method, path, body string) Exchange {
	t.Helper()
	request := httptest.NewRequest(method, "http://localhost/api/v3"+path, nil)
	operation, values, ok := c.Match(method, request.URL.EscapedPath()[len("/api/v3"):])
	if !ok {
		t.Fatalf("no operation for %s %s", method, path)
	}
	return Exchange{
		Operation: operation, Values: values, Request: request, Body: []byte(body),
		Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	c := loaded(t)
	for _, test := range []struct{ name, method, path, body, wrong string }{
		{"a comment", "POST", "/repos/a/b/issues/7/comments", `{"body": "x"}`, ""},
		{"a comment without text", "POST", "/repos/a/b/issues/7/comments", `{}`, "body"},
		{"a number that is none", "POST", "/repos/a/b/issues/x/comments", `{"body": "x"}`, "issue_number"},
		{"an unknown reaction", "POST", "/repos/a/b/issues/comments/7/reactions", `{"content": "fish"}`, "content"},
		{"a token for everything", "POST", "/app/installations/7/access_tokens", ``, ""},
		{"a token for null", "POST", "/app/installations/7/access_tokens", `null`, ""},
		{"a long label", "POST", "/repos/a/b/check-runs", `{"name":"n","head_sha":"s","actions":[{"label":"a label that is too long","description":"d","identifier":"i"}]}`, "label"},
		{"a parameter of another type", "GET", "/repos/a/b/pulls?page=x", ``, "page"},
	} {
		err := c.CheckRequest(exchange(t, c, test.method, test.path, test.body))
		if test.wrong == "" && err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)) {
			t.Errorf("%s: %v, want something about %s", test.name, err, test.wrong)
		}
	}
}

func TestResponses(t *testing.T) {
	t.Parallel()
	c := loaded(t)
	for _, test := range []struct {
		name, path, answer string
		status             int
		wrong              string
	}{
		{"a reference", "/repos/a/b/git/ref/heads/main", `{"ref":"refs/heads/main","node_id":"x","url":"http://x","object":{"type":"commit","sha":"0123456789012345678901234567890123456789","url":"http://x"}}`, 200, ""},
		{"half a reference", "/repos/a/b/git/ref/heads/main", `{"ref":"refs/heads/main"}`, 200, "node_id"},
		{"a refusal", "/repos/a/b/git/ref/heads/main", `{"message":"Not Found","documentation_url":"http://x"}`, 404, ""},
		{"a refusal that is not described", "/repos/a/b/git/ref/heads/main", `{"message":"Bad credentials","documentation_url":"http://x"}`, 401, ""},
		{"a refusal without words", "/repos/a/b/git/ref/heads/main", `{}`, 401, "message"},
		{"a status that is not described", "/repos/a/b/git/ref/heads/main", `{}`, 202, "status"},
	} {
		made := exchange(t, c, "GET", test.path, "")
		made.Status, made.Answer = test.status, []byte(test.answer)
		err := c.CheckResponse(made)
		if test.wrong == "" && err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)) {
			t.Errorf("%s: %v, want something about %s", test.name, err, test.wrong)
		}
	}
}

func TestAccess(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		granted, needed string
		want            bool
	}{
		{"write", "read", true}, {"read", "read", true}, {"read", "write", false}, {"", "read", false}, {"write", "", false},
	} {
		if got := Allows(test.granted, test.needed); got != test.want {
			t.Errorf("%q allows %q: %v", test.granted, test.needed, got)
		}
	}
}
