package githubsim

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim/contract"
)

// getApp answers apps/get-authenticated.
func getApp(c *call) (reply, error) {
	return ok(merge(c.gh.integration(), object{"installations_count": len(c.gh.installations)}))
}

func (gh *GitHub) sortedInstallations() []*installation {
	var found []*installation
	for _, one := range gh.installations {
		found = append(found, one)
	}
	slices.SortFunc(found, func(a, b *installation) int { return int(a.id - b.id) })
	return found
}

// listInstallations answers apps/list-installations.
func listInstallations(c *call) (reply, error) {
	return listed(c, c.gh.sortedInstallations(), c.gh.installationShape)
}

// getInstallation answers apps/get-installation.
func getInstallation(c *call) (reply, error) {
	found, err := c.installation()
	if err != nil {
		return reply{}, err
	}
	return ok(c.gh.installationShape(found))
}

func (c *call) installation() (*installation, error) {
	id, err := c.number("installation_id")
	if err != nil {
		return nil, err
	}
	if found := c.gh.installations[id]; found != nil {
		return found, nil
	}
	return nil, notFound()
}

// getRepoInstallation answers apps/get-repo-installation.
func getRepoInstallation(c *call) (reply, error) {
	repo, err := c.gh.repo(c.values["owner"] + "/" + c.values["repo"])
	if err != nil {
		return reply{}, err
	}
	if found := c.gh.installed(repo); found != nil {
		return ok(c.gh.installationShape(found))
	}
	return reply{}, notFound()
}

// getAccountInstallation answers apps/get-org-installation and
// apps/get-user-installation.
func getAccountInstallation(c *call) (reply, error) {
	login, kind := c.values["org"], "Organization"
	if login == "" {
		login, kind = c.values["username"], "User"
	}
	holder := c.gh.accounts[strings.ToLower(login)]
	if holder == nil || holder.kind != kind {
		return reply{}, notFound()
	}
	if found := c.gh.installationOf(holder); found != nil {
		return ok(c.gh.installationShape(found))
	}
	return reply{}, notFound()
}

// tokenRequest is what apps/create-installation-access-token takes: what the
// token is narrowed to.
type tokenRequest struct {
	Repositories  []string          `json:"repositories"`
	RepositoryIDs []int64           `json:"repository_ids"`
	Permissions   map[string]string `json:"permissions"`
}

// tokenLifetime is how long an installation token is good for.
const tokenLifetime = time.Hour

// createToken answers apps/create-installation-access-token.
func createToken(c *call) (reply, error) {
	found, err := c.installation()
	if err != nil {
		return reply{}, err
	}
	if !found.suspended.IsZero() {
		return reply{}, asleep()
	}
	var request tokenRequest
	if err := c.decode(&request); err != nil {
		return reply{}, err
	}
	made := &token{
		text: "ghs_" + decimal(c.gh.app.id) + "_" + randomHex(40), installation: found,
		permissions: found.permissions, expires: c.gh.options.TokenClock().Add(tokenLifetime),
	}
	if err := c.narrowRepositories(made, request); err != nil {
		return reply{}, err
	}
	if err := narrowPermissions(made, request.Permissions); err != nil {
		return reply{}, err
	}
	c.gh.tokens[made.text] = made
	shape := object{
		"token": made.text, "expires_at": stamp(made.expires), "permissions": made.permissions,
		"repository_selection": "selected",
	}
	if made.repositories != nil {
		shape["repositories"] = shown(made.selected(), c.gh.repository)
	}
	return created(shape)
}

// narrowRepositories limits the token to the repositories of the request, which
// must be among the installation's.
func (c *call) narrowRepositories(made *token, request tokenRequest) error {
	if request.Repositories == nil && request.RepositoryIDs == nil {
		return nil
	}
	unknown := &Problem{
		Status:  http.StatusUnprocessableEntity,
		Message: "There is at least one repository that does not exist or is not accessible to the parent installation.",
	}
	made.repositories = map[int64]*repository{}
	for _, id := range request.RepositoryIDs {
		repo := made.installation.repositories[id]
		if repo == nil {
			return unknown
		}
		made.repositories[id] = repo
	}
	for _, name := range request.Repositories {
		at := slices.IndexFunc(sortedRepositories(made.installation), func(repo *repository) bool {
			return strings.EqualFold(repo.name, name)
		})
		if at < 0 {
			return unknown
		}
		repo := sortedRepositories(made.installation)[at]
		made.repositories[repo.id] = repo
	}
	return nil
}

// narrowPermissions limits the token to the permissions of the request, which
// must be granted to the installation. Reading metadata is always among them.
func narrowPermissions(made *token, wanted map[string]string) error {
	if wanted == nil {
		return nil
	}
	made.permissions = map[string]string{"metadata": "read"}
	for name, access := range wanted {
		if !contract.Allows(made.installation.permissions[name], access) {
			return &Problem{
				Status:  http.StatusUnprocessableEntity,
				Message: "The permissions requested are not granted to this installation.",
			}
		}
		made.permissions[name] = access
	}
	return nil
}

// revokeToken answers apps/revoke-installation-access-token.
func revokeToken(c *call) (reply, error) {
	delete(c.gh.tokens, c.caller.token.text)
	return noContent()
}

// listInstallationRepositories answers apps/list-repos-accessible-to-installation.
func listInstallationRepositories(c *call) (reply, error) {
	all := c.caller.token.selected()
	return page(c, all, func(cut []*repository) any {
		return object{
			"total_count": len(all), "repository_selection": "selected", "repositories": shown(cut, c.gh.repository),
		}
	})
}

// getMeta answers meta/get.
func getMeta(c *call) (reply, error) {
	return ok(object{"verifiable_password_authentication": false})
}
