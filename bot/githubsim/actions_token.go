package githubsim

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// jobTokenLife is how long a job's token lives at most: as long as its job.
const jobTokenLife = 24 * time.Hour

// permissions are what the job's token may do: what the job says, else what the
// workflow says, else reading contents. A called workflow gets no more than its
// caller.
func (j *job) permissions() *granted {
	written := j.scope.permissions
	if j.scope.definition.Permissions != nil {
		written = j.scope.definition.Permissions
	}
	if j.written.Permissions != nil {
		written = j.written.Permissions
	}
	if written == nil {
		written = &granted{named: map[string]string{"contents": "read"}}
	}
	return written
}

// mayIdentify reports whether the job may ask the issuer for a token: it, or its
// workflow, asks for id-token, and no caller withholds it.
func (j *job) mayIdentify() bool {
	if j.permissions().of("id-token") != "write" {
		return false
	}
	for in := j.scope; in.parent != nil; in = in.parent {
		if in.permissions != nil && in.permissions.of("id-token") != "write" {
			return false
		}
	}
	return true
}

// grantTokens gives a job that begins its token, and the one with which it asks
// the issuer for others.
func (gh *GitHub) grantTokens(held *job) {
	repo := held.run.repo
	permissions := map[string]string{"metadata": "read"}
	written := held.permissions()
	for _, name := range []string{"actions", "checks", "contents", "deployments", "issues", "pull-requests", "statuses"} {
		if access := written.of(name); access == "read" || access == "write" {
			permissions[strings.ReplaceAll(name, "-", "_")] = access
		}
	}
	held.token = &token{
		text: "ghs_" + randomHex(18), permissions: permissions, expires: gh.options.TokenClock().Add(jobTokenLife),
		job: held, installation: &installation{
			id: gh.actionsApp().id, account: repo.owner, permissions: permissions,
			repositories: map[int64]*repository{repo.id: repo}, created: held.started, updated: held.started,
		},
	}
	gh.tokens[held.token.text] = held.token
	if held.mayIdentify() {
		held.idToken = randomHex(32)
	}
}

// jobEnvironment are the variables that GitHub sets for every step.
func (gh *GitHub) jobEnvironment(held *job) map[string]string {
	run := held.run
	kind := "branch"
	if strings.HasPrefix(run.ref, "refs/tags/") {
		kind = "tag"
	}
	made := map[string]string{
		"CI": "true", "GITHUB_ACTIONS": "true",
		"GITHUB_REPOSITORY": run.repo.fullName(), "GITHUB_REPOSITORY_ID": decimal(run.repo.id),
		"GITHUB_REPOSITORY_OWNER": run.repo.owner.login, "GITHUB_REPOSITORY_OWNER_ID": decimal(run.repo.owner.id),
		"GITHUB_RUN_ID": decimal(run.id), "GITHUB_RUN_NUMBER": decimal(int64(run.number)),
		"GITHUB_RUN_ATTEMPT": decimal(int64(held.attempt)), "GITHUB_JOB": held.key,
		"GITHUB_SHA": run.sha, "GITHUB_REF": run.ref, "GITHUB_REF_NAME": run.branch, "GITHUB_REF_TYPE": kind,
		"GITHUB_EVENT_NAME": run.event, "GITHUB_ACTOR": run.actor.login, "GITHUB_ACTOR_ID": decimal(run.actor.id),
		"GITHUB_TRIGGERING_ACTOR": run.triggering.login, "GITHUB_WORKFLOW": run.definition.Name,
		"GITHUB_WORKFLOW_REF": workflowRef(run.definition), "GITHUB_WORKFLOW_SHA": run.definition.sha,
		"GITHUB_SERVER_URL": gh.url, "GITHUB_API_URL": gh.url + apiPrefix, "GITHUB_GRAPHQL_URL": gh.url + "/api/graphql",
		"RUNNER_ENVIRONMENT": "github-hosted", "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64", "RUNNER_NAME": held.runner,
	}
	maps.Copy(made, run.definition.Env)
	if held.token != nil {
		made["GITHUB_TOKEN"] = held.token.text
	}
	if held.idToken != "" {
		made["ACTIONS_ID_TOKEN_REQUEST_URL"] = gh.url + servicesPrefix + "token/request?job=" + decimal(held.id) + "&api-version=2.0"
		made["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = held.idToken
	}
	return made
}

func sortedKeys[T any](of map[string]T) []string { return slices.Sorted(maps.Keys(of)) }
