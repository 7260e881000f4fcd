package githubsim

import (
	"fmt"
	"net/http"
	"strings"
)

// Rename gives a repository another name. It keeps its id; its former name leads
// to it until another repository takes it.
func (p *Person) Rename(fullName, name string) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "admin")
	if err != nil {
		return err
	}
	from := repo.name
	if err := p.gh.move(repo, repo.owner, name); err != nil {
		return err
	}
	p.gh.emit(repo, "repository.renamed", who, object{"changes": object{"repository": object{"name": object{"from": from}}}})
	p.gh.touch()
	return nil
}

// Transfer gives a repository to another owner. The App loses it with the old
// installation, and gets it back where the new owner has the App too.
func (p *Person) Transfer(fullName, owner string) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "admin")
	if err != nil {
		return err
	}
	from, before := repo.owner, p.gh.installed(repo)
	if err := p.gh.move(repo, p.gh.account(owner, "Organization"), repo.name); err != nil {
		return err
	}
	if before != nil {
		delete(before.repositories, repo.id)
		before.updated = p.gh.now()
		p.gh.emitInstallation(before, "installation_repositories.removed", []*repository{repo}, object{
			"repository_selection": "selected", "requester": nil,
			"repositories_added": []any{}, "repositories_removed": repositoryStubs([]*repository{repo}),
		})
	}
	after := p.gh.installationOf(repo.owner)
	if after == nil {
		p.gh.touch()
		return nil
	}
	after.repositories[repo.id] = repo
	former := object{"user": p.gh.user(from)}
	if from.kind == "Organization" {
		former = object{"organization": p.gh.organization(from)}
	}
	p.gh.emit(repo, "repository.transferred", who, object{"changes": object{"owner": object{"from": former}}})
	return p.gh.addToInstallation(after, []*repository{repo})
}

// move gives a repository another place, and leaves a sign at the old one.
func (gh *GitHub) move(repo *repository, owner *account, name string) error {
	key := strings.ToLower(owner.login + "/" + name)
	if taken := gh.repositories[key]; taken != nil && taken != repo {
		return invalid("Repository", "name", "custom", "name already exists on this account")
	}
	old := strings.ToLower(repo.fullName())
	delete(gh.repositories, old)
	delete(gh.former, key)
	repo.owner, repo.name, repo.updated = owner, name, gh.now()
	gh.repositories[key], gh.former[old] = repo, repo
	return nil
}

// formerly is the repository that had this name before, if no other one has it
// now.
func (gh *GitHub) formerly(fullName string) *repository {
	if gh.repositories[strings.ToLower(fullName)] != nil {
		return nil
	}
	return gh.former[strings.ToLower(fullName)]
}

// redirected is GitHub's answer to a request for a repository by a former name:
// where it is now, by its id. What is sent with another method than GET is to be
// sent again as it is.
func (c *call) redirected(repo *repository) error {
	path := strings.TrimPrefix(c.request.URL.EscapedPath(), apiPrefix)
	parts := strings.SplitN(path, "/", 5) // "", repos, owner, name, the rest
	to := fmt.Sprintf("%s/repositories/%d", apiPrefix, repo.id)
	if len(parts) == 5 {
		to += "/" + parts[4]
	}
	if query := c.request.URL.RawQuery; query != "" {
		to += "?" + query
	}
	problem := &Problem{Status: http.StatusMovedPermanently, Message: "Moved Permanently", header: http.Header{"Location": {to}}}
	if c.request.Method != http.MethodGet {
		problem.Status, problem.Message = http.StatusTemporaryRedirect, "Temporary Redirect"
	}
	return problem
}

// byID is the path of a request for a repository by its id, as redirects name it,
// by its name.
func (gh *GitHub) byID(path string) string {
	rest, ok := strings.CutPrefix(path, "/repositories/")
	if !ok {
		return path
	}
	id, rest, _ := strings.Cut(rest, "/")
	gh.mu.Lock()
	defer gh.mu.Unlock()
	for _, repo := range gh.repositories {
		if decimal(repo.id) == id {
			return strings.TrimSuffix("/repos/"+repo.fullName()+"/"+rest, "/")
		}
	}
	return path
}
