package githubsim

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// RepositoryOptions say what a new repository is like.
type RepositoryOptions struct {
	Private bool
	// DefaultBranch is main when empty.
	DefaultBranch string
	// Files is its first commit, by path. A path that ends in .sh is executable.
	Files map[string]string
	// FS holds further files of the first commit, executable as they are there.
	FS fs.FS
	// Collaborators maps people to their roles: read, triage, write, maintain or
	// admin. Who is not there yet is made.
	Collaborators map[string]string
}

// CreateRepository makes a repository with its first commit and returns its id.
// An owner who is not there yet becomes an organization.
func (gh *GitHub) CreateRepository(owner, name string, options RepositoryOptions) (int64, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	holder := gh.account(owner, "Organization")
	key := strings.ToLower(owner + "/" + name)
	if gh.repositories[key] != nil {
		return 0, invalid("Repository", "name", "custom", "name already exists on this account")
	}
	if options.DefaultBranch == "" {
		options.DefaultBranch = "main"
	}
	made := gh.newRepository(holder, name)
	made.private, made.defaultBranch = options.Private, options.DefaultBranch
	for login, role := range options.Collaborators {
		made.collaborators[strings.ToLower(gh.account(login, "User").login)] = role
	}
	if err := made.git.initialise(made.defaultBranch); err != nil {
		return 0, fmt.Errorf("create repository %s/%s: %w", owner, name, err)
	}
	files, err := firstFiles(options)
	if err != nil {
		return 0, fmt.Errorf("create repository %s/%s: %w", owner, name, err)
	}
	if len(files) > 0 {
		first := change{branch: made.defaultBranch, message: "Initial commit", by: signature{holder, gh.now()}, files: files}
		if _, err := made.git.commit(first); err != nil {
			return 0, fmt.Errorf("create repository %s/%s: %w", owner, name, err)
		}
	}
	gh.repositories[key] = made
	gh.touch()
	return made.id, nil
}

func (gh *GitHub) newRepository(owner *account, name string) *repository {
	id := gh.id()
	return &repository{
		id: id, owner: owner, name: name, created: gh.now(), pushed: gh.now(), collaborators: map[string]string{},
		issues: map[int]*issue{}, git: gitDir(filepath.Join(gh.options.Dir, "repositories", decimal(id)+".git")),
	}
}

func firstFiles(options RepositoryOptions) (map[string]*File, error) {
	files := map[string]*File{}
	for path, content := range options.Files {
		files[path] = textFile(path, content)
	}
	if options.FS == nil {
		return files, nil
	}
	err := fs.WalkDir(options.FS, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(options.FS, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		// Embedded files have lost their permissions; their names still tell.
		executable := info.Mode()&0o111 != 0 || strings.HasSuffix(path, ".sh")
		files[path] = &File{Content: content, Executable: executable}
		return nil
	})
	return files, err
}

// textFile is a file to commit; scripts are executable.
func textFile(path, content string) *File {
	return &File{Content: []byte(content), Executable: strings.HasSuffix(path, ".sh")}
}

// SetRole gives a person a role in a repository: none, read, triage, write,
// maintain or admin.
func (gh *GitHub) SetRole(fullName, login, role string) error {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return err
	}
	repo.collaborators[strings.ToLower(gh.account(login, "User").login)] = role
	gh.touch()
	return nil
}

// Role is what a person may do in a repository: none, read, triage, write,
// maintain or admin.
func (gh *GitHub) Role(fullName, login string) (string, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return "", err
	}
	return repo.role(gh.account(login, "User")), nil
}

// Person does on GitHub what a person does there. What GitHub refuses comes back
// as a *Problem.
type Person struct {
	gh    *GitHub
	login string
}

// As lets the program act as a person, who is made if there is none of that
// name.
func (gh *GitHub) As(login string) *Person {
	gh.AddPerson(login)
	return &Person{gh: gh, login: login}
}

// Login is the person's name.
func (p *Person) Login() string { return p.login }

// on finds the repository and checks that the person has at least the role. To
// those who may not even read it, it is not there. The caller holds the lock.
func (p *Person) on(fullName, role string) (*repository, *account, error) {
	who := p.gh.account(p.login, "User")
	repo, err := p.gh.repo(fullName)
	if err != nil {
		return nil, nil, err
	}
	if !repo.may(who, "read") {
		return nil, nil, notFound()
	}
	if !repo.may(who, role) {
		return nil, nil, forbidden("Must have " + role + " access to " + repo.fullName() + ".")
	}
	return repo, who, nil
}

// Push commits files to a branch and returns the new commit. A branch that is
// not there begins at the default branch. A nil file is deleted.
func (p *Person) Push(fullName, branch, message string, files map[string]*string) (string, error) {
	made := map[string]*File{}
	for path, content := range files {
		made[path] = nil
		if content != nil {
			made[path] = textFile(path, *content)
		}
	}
	return p.PushFiles(fullName, branch, message, made)
}

// PushFiles is Push with control over which files are executable.
func (p *Person) PushFiles(fullName, branch, message string, files map[string]*File) (string, error) {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "write")
	if err != nil {
		return "", err
	}
	if err := repo.throughQueue(branch); err != nil {
		return "", err
	}
	before := repo.git.branch(branch)
	parent := before
	if parent == "" {
		parent = repo.git.branch(repo.defaultBranch)
	}
	after, err := repo.git.commit(change{
		branch: branch, parent: parent, message: message, by: signature{who, p.gh.now()}, files: files,
	})
	if err != nil {
		return "", fmt.Errorf("push to %s of %s: %w", branch, fullName, err)
	}
	return after, p.gh.moved(move{repo, branch, before, after, who})
}

// ResetBranch moves a branch to a commit, as a forced push does.
func (p *Person) ResetBranch(fullName, branch, sha string) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "write")
	if err != nil {
		return err
	}
	if !repo.git.has(sha) {
		return &Problem{Status: http.StatusUnprocessableEntity, Message: "Object does not exist"}
	}
	if err := repo.throughQueue(branch); err != nil {
		return err
	}
	before := repo.git.branch(branch)
	if err := repo.git.setRef("refs/heads/"+branch, sha); err != nil {
		return err
	}
	return p.gh.moved(move{repo, branch, before, sha, who})
}

// DeleteBranch deletes a branch. An open pull request from it is closed, and one
// into it goes where the branch itself was merged, or is closed as well.
func (p *Person) DeleteBranch(fullName, branch string) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "write")
	if err != nil {
		return err
	}
	if err := repo.throughQueue(branch); err != nil {
		return err
	}
	before := repo.git.branch(branch)
	switch {
	case before == "":
		return &Problem{Status: http.StatusUnprocessableEntity, Message: "Reference does not exist"}
	case branch == repo.defaultBranch:
		return &Problem{Status: http.StatusUnprocessableEntity, Message: "Cannot delete the default branch"}
	}
	if err := p.gh.leaveBase(repo, branch, who); err != nil {
		return err
	}
	if err := repo.git.deleteRef("refs/heads/" + branch); err != nil {
		return err
	}
	return p.gh.moved(move{repo, branch, before, "", who})
}

// Fork makes the person's own copy of a repository and returns its owner/name.
// One that is there already stays.
func (p *Person) Fork(fullName string) (string, error) {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "read")
	if err != nil {
		return "", err
	}
	key := strings.ToLower(who.login + "/" + repo.name)
	if found := p.gh.repositories[key]; found != nil {
		return found.fullName(), nil
	}
	made := p.gh.newRepository(who, repo.name)
	made.private, made.defaultBranch, made.parent = repo.private, repo.defaultBranch, repo
	if _, err := repo.git.run("clone", "--quiet", "--bare", string(repo.git), string(made.git)); err != nil {
		return "", fmt.Errorf("fork %s: %w", fullName, err)
	}
	if err := errors.Join(made.git.configure(), os.RemoveAll(filepath.Join(string(made.git), "logs"))); err != nil {
		return "", fmt.Errorf("fork %s: %w", fullName, err)
	}
	p.gh.repositories[key] = made
	p.gh.touch()
	return made.fullName(), nil
}

// Status sets a commit status, as a continuous integration service does.
func (p *Person) Status(fullName, sha, context, state string) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "write")
	if err != nil {
		return err
	}
	_, err = p.gh.setStatus(repo, &commitStatus{sha: sha, state: state, context: context, creator: who})
	return err
}

// reopened is a pull request or issue that is not closed any more.
func (gh *GitHub) reopened(held *issue) {
	held.state, held.closed, held.closedBy = "open", time.Time{}, nil
}
