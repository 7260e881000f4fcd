package bot

import "testing"

// However many repositories, people and things there are, routes are few.
func TestRoutes(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/users/alice": "/users/{username}",
		"/repos/acme/infra/collaborators/bob/permission":                           "/repos/{owner}/{repo}/collaborators/{username}/permission",
		"/api/v3/repos/acme/infra/issues/12/comments":                              "/api/v3/repos/{owner}/{repo}/issues/{id}/comments",
		"/orgs/acme/teams/platform/members":                                        "/orgs/{org}/teams/{team_slug}/members",
		"/repos/acme/infra/environments/prod%2Feu/variables/NAME":                  "/repos/{owner}/{repo}/environments/{environment_name}/variables/{name}",
		"/repos/acme/infra/commits/9f1c2ab49f1c2ab49f1c2ab49f1c2ab49f1c2ab4/pulls": "/repos/{owner}/{repo}/commits/{id}/pulls",
		"/repos/acme/infra/actions/workflows/deploy.yml/dispatches":                "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
		"/app/installations/12/access_tokens":                                      "/app/installations/{id}/access_tokens",
		"/repos/acme/infra/compare/main...topic/of/alice":                          "/repos/{owner}/{repo}/compare/{basehead}",
	} {
		if got := route(path); got != want {
			t.Errorf("%s is %s; want %s", path, got, want)
		}
	}
}
