package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// as is the person whom the reader chose. Only those who are offered can be
// chosen, so that a mistyped name does not make a new person.
func (s *site) as(r *request) (*githubsim.Person, error) {
	login := r.text("as")
	if !slices.ContainsFunc(s.options.People, func(p Person) bool { return p.Login == login }) {
		return nil, refusal("Choose as whom to do this.")
	}
	return s.gh.As(login), nil
}

func refusal(message string) error {
	return &githubsim.Problem{Status: http.StatusUnprocessableEntity, Message: message}
}

func (s *site) comment(r *request) (string, error) {
	who, err := s.as(r)
	if err != nil {
		return "", err
	}
	body := r.text("body")
	if strings.TrimSpace(body) == "" {
		return "", refusal("Write something first.")
	}
	_, err = who.Comment(r.repository, r.number, body)
	return r.pull(), err
}

func (s *site) review(r *request) (string, error) {
	who, err := s.as(r)
	if err != nil {
		return "", err
	}
	verdict, body := r.text("verdict"), r.text("body")
	if verdict != "approve" && strings.TrimSpace(body) == "" {
		return "", refusal("This kind of review needs a text.")
	}
	return r.pull(), who.Review(r.repository, r.number, verdict, body)
}

func (s *site) merge(r *request) (string, error) {
	who, err := s.as(r)
	if err != nil {
		return "", err
	}
	_, err = who.Merge(r.repository, r.number, r.text("method"))
	return r.pull(), err
}

// setState closes, reopens or marks as ready or as a draft.
func (s *site) setState(r *request) (string, error) {
	who, err := s.as(r)
	if err != nil {
		return "", err
	}
	do := map[string]func(string, int) error{
		"close": who.Close, "reopen": who.Reopen, "ready": who.Ready, "draft": who.Draft,
	}[r.text("state")]
	if do == nil {
		return "", refusal("A pull request can be closed, reopened, marked as ready or turned into a draft.")
	}
	return r.pull(), do(r.repository, r.number)
}

// push commits one file to the branch of the pull request.
func (s *site) push(r *request) (string, error) {
	who, err := s.as(r)
	if err != nil {
		return "", err
	}
	pull, err := s.gh.Pull(r.repository, r.number)
	if err != nil {
		return "", err
	}
	if pull.State != "open" {
		return "", refusal("The pull request is " + pull.State + ". Open a new one.")
	}
	if owner, _, _ := strings.Cut(pull.HeadLabel, ":"); !strings.HasPrefix(r.repository, owner+"/") {
		return "", refusal("The branch is in a fork; it cannot be pushed to from here.")
	}
	return r.pull(), s.commitFile(r, who, pull.HeadBranch)
}

// commitFile commits what the editor holds to a branch.
func (s *site) commitFile(r *request, who *githubsim.Person, branch string) error {
	path, content, message := r.text("path"), r.text("content"), strings.TrimSpace(r.text("message"))
	if path == "" {
		return refusal("Choose a file.")
	}
	from := branch
	view, err := s.gh.Repository(r.repository)
	if err != nil {
		return err
	}
	if view.Branches[from] == "" {
		from = view.DefaultBranch
	}
	if before, err := s.gh.File(r.repository, from, path); err == nil && before == content {
		return refusal("Nothing has changed in " + path + ".")
	}
	if message == "" {
		message = "Update " + path
	}
	_, err = who.Push(r.repository, branch, message, map[string]*string{path: &content})
	return err
}

// propose commits to a new branch and opens a pull request from it.
func (s *site) propose(r *request) (string, error) {
	who, err := s.as(r)
	if err != nil {
		return "", err
	}
	title := strings.TrimSpace(r.text("title"))
	if title == "" {
		return "", refusal("Give the pull request a title.")
	}
	view, err := s.gh.Repository(r.repository)
	if err != nil {
		return "", err
	}
	branch := branchName(title, view.Branches)
	if err := r.ParseForm(); err != nil {
		return "", refusal("The form cannot be read.")
	}
	r.PostForm.Set("message", title)
	if err := s.commitFile(r, who, branch); err != nil {
		return "", err
	}
	open := githubsim.OpenOptions{Draft: r.text("draft") != ""}
	number, err := who.OpenPull(r.repository, branch, title, r.text("body"), open)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s/pull/%d", r.base(), number), nil
}

// branchName makes the name of a new branch from a title.
func branchName(title string, taken map[string]string) string {
	words := strings.FieldsFunc(strings.ToLower(title), func(char rune) bool {
		return (char < 'a' || char > 'z') && (char < '0' || char > '9')
	})
	name := strings.Join(words[:min(len(words), 6)], "-")
	if name == "" {
		name = "change"
	}
	for n, first := 2, name; taken[name] != ""; n++ {
		name = first + "-" + strconv.Itoa(n)
	}
	return name
}

func (s *site) rerequest(r *request) (string, error) {
	who, err := s.as(r)
	if err != nil {
		return "", err
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return "", errNothing
	}
	next := r.base() + "/runs/" + r.PathValue("id")
	return next, who.RerequestCheck(r.repository, id)
}

// editor answers with the field that holds a file's text.
func (s *site) editor(w http.ResponseWriter, r *http.Request) {
	asked, err := read(r)
	if err != nil {
		s.refuse(w, err)
		return
	}
	query := r.URL.Query()
	text, err := s.gh.File(asked.repository, query.Get("ref"), query.Get("path"))
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.renderPart(w, "editor", text)
}
