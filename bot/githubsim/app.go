package githubsim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/trunkline/trunkline/bot/githubsim/contract"
)

// manifest is the part of an App's manifest that matters here.
type manifest struct {
	Name        string            `yaml:"name"`
	URL         string            `yaml:"url"`
	Description string            `yaml:"description"`
	Permissions map[string]string `yaml:"default_permissions"`
	Events      []string          `yaml:"default_events"`
}

// register makes the App of the manifest. Like GitHub it refuses an event that
// none of the App's permissions covers.
func (gh *GitHub) register(text []byte) (*app, error) {
	var read manifest
	if err := yaml.Unmarshal(text, &read); err != nil {
		return nil, fmt.Errorf("read the App's manifest: %w", err)
	}
	if read.Name == "" {
		return nil, fmt.Errorf("the App's manifest has no name")
	}
	if err := gh.checkEvents(read); err != nil {
		return nil, err
	}
	key, err := appKey(gh.options.Key)
	if err != nil {
		return nil, err
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	slug := strings.ToLower(strings.ReplaceAll(read.Name, " ", "-"))
	made := &app{
		id: gh.id(), slug: slug, name: read.Name, description: read.Description, externalURL: read.URL,
		created: gh.now(), permissions: read.Permissions, events: slices.Sorted(slices.Values(read.Events)),
		key: key, pem: pem.EncodeToMemory(block), secret: randomHex(20),
	}
	made.owner = gh.account(slug, "Organization")
	made.bot = gh.account(slug+"[bot]", "Bot")
	return made, nil
}

// appKey reads the App's private key, or makes one.
func appKey(text []byte) (*rsa.PrivateKey, error) {
	if text == nil {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, fmt.Errorf("make the App's key: %w", err)
		}
		return key, nil
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the App's key is not in PEM")
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the App's key: %w", err)
	}
	return key, nil
}

func (gh *GitHub) checkEvents(read manifest) error {
	for _, event := range read.Events {
		need, known := gh.contract.EventPermission(event)
		if !known || need.Access == "default" {
			return fmt.Errorf("the App's manifest subscribes to %q, which is no event an App can subscribe to", event)
		}
		if !contract.Allows(read.Permissions[need.Permission], need.Access) {
			return fmt.Errorf("the App's manifest subscribes to %s without the permission %s: %s", event, need.Permission, need.Access)
		}
	}
	return nil
}

// installation is the App on one account, for some of its repositories.
type installation struct {
	id           int64
	account      *account
	repositories map[int64]*repository
	permissions  map[string]string
	events       []string
	created      time.Time
	updated      time.Time
	suspended    time.Time // zero: it is not
}

// installed finds the installation that covers a repository.
func (gh *GitHub) installed(repo *repository) *installation {
	for _, found := range gh.installations {
		if found.repositories[repo.id] != nil {
			return found
		}
	}
	return nil
}

// Install puts the App on repositories of the owner and returns the
// installation's id. A second call for the same owner adds repositories to the
// installation that is there.
func (gh *GitHub) Install(owner string, names ...string) (int64, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	holder := gh.accounts[strings.ToLower(owner)]
	if holder == nil {
		return 0, notFound()
	}
	var added []*repository
	for _, name := range names {
		repo := gh.repositories[strings.ToLower(owner+"/"+name)]
		if repo == nil {
			return 0, notFound()
		}
		added = append(added, repo)
	}
	if found := gh.installationOf(holder); found != nil {
		return found.id, gh.addToInstallation(found, added)
	}
	made := &installation{
		id: gh.id(), account: holder, repositories: map[int64]*repository{},
		permissions: grantedBy(holder, gh.app.permissions), events: gh.app.events, created: gh.now(), updated: gh.now(),
	}
	for _, repo := range added {
		made.repositories[repo.id] = repo
	}
	gh.installations[made.id] = made
	gh.emitInstallation(made, "installation.created", added, map[string]any{
		"repositories": repositoryStubs(added), "requester": nil,
	})
	gh.touch()
	return made.id, nil
}

// grantedBy are the permissions that an account can give: a person has no
// members.
func grantedBy(holder *account, asked map[string]string) map[string]string {
	granted := maps.Clone(asked)
	if holder.kind == "User" {
		delete(granted, "members")
	}
	return granted
}

func (gh *GitHub) installationOf(holder *account) *installation {
	for _, found := range gh.installations {
		if found.account == holder {
			return found
		}
	}
	return nil
}

func (gh *GitHub) addToInstallation(found *installation, added []*repository) error {
	for _, repo := range added {
		found.repositories[repo.id] = repo
	}
	found.updated = gh.now()
	gh.emitInstallation(found, "installation_repositories.added", added, map[string]any{
		"repository_selection": "selected", "requester": nil,
		"repositories_added": repositoryStubs(added), "repositories_removed": []any{},
	})
	gh.touch()
	return nil
}

// Uninstall takes the App off the owner's account. Its tokens are void at once.
func (gh *GitHub) Uninstall(owner string) error {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	holder := gh.accounts[strings.ToLower(owner)]
	found := gh.installationOf(holder)
	if holder == nil || found == nil {
		return notFound()
	}
	delete(gh.installations, found.id)
	gh.voidTokens(found)
	gh.emitInstallation(found, "installation.deleted", sortedRepositories(found), map[string]any{
		"repositories": repositoryStubs(sortedRepositories(found)), "requester": nil,
	})
	gh.touch()
	return nil
}

// RemoveFromInstallation takes the App off one repository and leaves it on the
// owner's others.
func (gh *GitHub) RemoveFromInstallation(fullName string) error {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo := gh.repositories[strings.ToLower(fullName)]
	if repo == nil {
		return notFound()
	}
	found := gh.installed(repo)
	if found == nil {
		return notFound()
	}
	delete(found.repositories, repo.id)
	found.updated = gh.now()
	gh.emitInstallation(found, "installation_repositories.removed", []*repository{repo}, map[string]any{
		"repository_selection": "selected", "requester": nil,
		"repositories_added": []any{}, "repositories_removed": repositoryStubs([]*repository{repo}),
	})
	gh.touch()
	return nil
}

// installer is who changed the installation: an administrator of one of its
// repositories, since an organization does nothing by itself.
func (gh *GitHub) installer(found *installation, repos []*repository) *account {
	if found.account.kind == "User" {
		return found.account
	}
	for _, repo := range repos {
		for _, login := range slices.Sorted(maps.Keys(repo.collaborators)) {
			if repo.collaborators[login] == "admin" {
				return gh.accounts[login]
			}
		}
	}
	return gh.account(found.account.login+"-owner", "User")
}

func sortedRepositories(from *installation) []*repository {
	var found []*repository
	for _, repo := range from.repositories {
		found = append(found, repo)
	}
	slices.SortFunc(found, func(a, b *repository) int { return int(a.id - b.id) })
	return found
}

func randomHex(bytes int) string {
	text := make([]byte, bytes)
	_, _ = rand.Read(text) // never fails
	return hex.EncodeToString(text)
}
