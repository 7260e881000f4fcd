package githubsim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// account is a person, an organization or an App's bot.
type account struct {
	id    int64
	login string
	kind  string // User, Organization or Bot
	// members of an organization, who may read its private repositories.
	members map[int64]bool
	// plan that it pays for; empty: the largest that there is for it.
	plan Plan
}

// repository is a repository with everything that hangs on it.
type repository struct {
	id            int64
	owner         *account
	name          string
	private       bool
	defaultBranch string
	created       time.Time
	pushed        time.Time
	updated       time.Time // by its name, owner or settings; pushes count as well
	git           gitDir
	parent        *repository
	collaborators map[string]string // login in lower case -> role
	issues        map[int]*issue    // pull requests among them
	lastNumber    int
	suites        []*checkSuite
	runs          []*checkRun
	statuses      []*commitStatus
	deployments   []*deployment
	environments  []*environment
	protected     map[string]bool // branches with branch protection
	workflows     []*workflow
	workflowRuns  []*workflowRun
	queues        []*mergeQueue
	groupHeads    []string // of all merge groups that ever were
}

func (r *repository) fullName() string { return r.owner.login + "/" + r.name }

// issue is an issue, or the conversation of a pull request.
type issue struct {
	id        int64
	repo      *repository
	number    int
	title     string
	body      string
	user      *account
	state     string // open or closed
	created   time.Time
	updated   time.Time
	closed    time.Time
	closedBy  *account
	comments  []*comment
	pull      *pull // nil for a plain issue
	reactions []*reaction
	timeline  []Entry
}

type pull struct {
	id         int64
	issue      *issue
	repo       *repository
	base       string // branch
	baseSHA    string
	headRepo   *repository
	head       string // branch
	headSHA    string
	draft      bool
	merged     time.Time
	mergedBy   *account
	mergeSHA   string   // on the base branch, once merged
	rebased    []string // all that are on it then, where they were rebased
	testMerge  string   // what merging would make, while open and mergeable
	reviews    []*review
	commitList []string // shas, oldest first, as of the last push
}

type comment struct {
	id        int64
	issue     *issue
	user      *account
	byApp     bool
	body      string
	created   time.Time
	updated   time.Time
	reactions []*reaction
}

type reaction struct {
	id      int64
	user    *account
	content string
	created time.Time
}

type review struct {
	id        int64
	user      *account
	state     string // APPROVED, CHANGES_REQUESTED or COMMENTED
	body      string
	sha       string
	submitted time.Time
}

// account finds or makes an account.
func (gh *GitHub) account(login, kind string) *account {
	key := strings.ToLower(login)
	if found := gh.accounts[key]; found != nil {
		return found
	}
	made := &account{id: gh.id(), login: login, kind: kind}
	gh.accounts[key] = made
	return made
}

// AddPerson makes a person and returns the person's id. One who is there
// already stays.
func (gh *GitHub) AddPerson(login string) int64 {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	return gh.account(login, "User").id
}

// People lists everyone who has an account, by login.
func (gh *GitHub) People() []string {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	var found []string
	for _, who := range gh.accounts {
		if who.kind == "User" {
			found = append(found, who.login)
		}
	}
	slices.Sort(found)
	return found
}

// repo finds a repository by owner/name.
func (gh *GitHub) repo(fullName string) (*repository, error) {
	if found := gh.repositories[strings.ToLower(fullName)]; found != nil {
		return found, nil
	}
	return nil, notFound()
}

// pull finds a pull request of a repository.
func (r *repository) pullRequest(number int) (*pull, error) {
	if found := r.issues[number]; found != nil && found.pull != nil {
		return found.pull, nil
	}
	return nil, notFound()
}

// findComment finds a comment by id in any conversation of the repository.
func (r *repository) findComment(id int64) (*comment, error) {
	for _, held := range r.issues {
		for _, found := range held.comments {
			if found.id == id {
				return found, nil
			}
		}
	}
	return nil, notFound()
}

// pulls lists the repository's pull requests, oldest first.
func (r *repository) pulls() []*pull {
	var found []*pull
	for _, held := range r.issues {
		if held.pull != nil {
			found = append(found, held.pull)
		}
	}
	slices.SortFunc(found, func(a, b *pull) int { return a.issue.number - b.issue.number })
	return found
}

// roles orders what people may do in a repository.
var roles = []string{"none", "read", "triage", "write", "maintain", "admin"}

// role is what the person may do in the repository, one of roles.
func (r *repository) role(who *account) string {
	if who == r.owner {
		return "admin"
	}
	if given := r.collaborators[strings.ToLower(who.login)]; given != "" {
		return given
	}
	if r.private && !r.owner.members[who.id] {
		return "none"
	}
	return "read"
}

// may reports whether the person's role is at least the needed one.
func (r *repository) may(who *account, needed string) bool {
	return slices.Index(roles, r.role(who)) >= slices.Index(roles, needed)
}

// Problem is a refusal as GitHub words it. Methods of Person return it too.
type Problem struct {
	Status  int
	Message string
	// Errors says more about a 422, one entry for each field.
	Errors []FieldError
	// header is sent along, such as Retry-After.
	header http.Header
	// documentation is the link in the answer where it is a telling one: by it
	// clients know a secondary rate limit.
	documentation string
}

// FieldError is what is wrong with one field.
type FieldError struct {
	Resource string `json:"resource"`
	Field    string `json:"field,omitempty"`
	Code     string `json:"code"`
	Message  string `json:"message,omitempty"`
}

// Error says what GitHub answered.
func (p *Problem) Error() string {
	text := fmt.Sprintf("GitHub: %d %s", p.Status, p.Message)
	for _, one := range p.Errors {
		text += fmt.Sprintf(" (%s %s %s)", one.Field, one.Code, one.Message)
	}
	return text
}

func notFound() *Problem { return &Problem{Status: http.StatusNotFound, Message: "Not Found"} }

func notAccessible() *Problem {
	return &Problem{Status: http.StatusForbidden, Message: "Resource not accessible by integration"}
}

func forbidden(message string) *Problem {
	return &Problem{Status: http.StatusForbidden, Message: message}
}

func invalid(resource, field, code, message string) *Problem {
	return &Problem{
		Status: http.StatusUnprocessableEntity, Message: "Validation Failed",
		Errors: []FieldError{{Resource: resource, Field: field, Code: code, Message: message}},
	}
}
