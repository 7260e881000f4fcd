package web

import (
	"errors"
	"html"
	"net/http"
	"strconv"
	"strings"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// request is what a reader asks for.
type request struct {
	*http.Request
	// repository is owner/name.
	repository string
	// number of the pull request, 0 where none is concerned.
	number int
}

// errNothing is answered where the address leads nowhere.
var errNothing = &githubsim.Problem{Status: http.StatusNotFound, Message: "There is nothing at this address."}

// read takes the address apart.
func read(r *http.Request) (*request, error) {
	asked := &request{Request: r, repository: r.PathValue("owner") + "/" + r.PathValue("name")}
	if text := r.PathValue("number"); text != "" {
		var err error
		if asked.number, err = strconv.Atoi(text); err != nil {
			return nil, errNothing
		}
	}
	return asked, nil
}

// base is the address of the repository.
func (r *request) base() string { return "/" + r.repository }

// pull is the address of the pull request.
func (r *request) pull() string { return r.base() + "/pull/" + strconv.Itoa(r.number) }

// text is a field of the form, with the line ends that files have: browsers send
// those of the network.
func (r *request) text(field string) string {
	return strings.ReplaceAll(r.PostFormValue(field), "\r\n", "\n")
}

// page answers with a rendered page.
func (s *site) page(show func(*request) (page, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, err := read(r)
		if err == nil {
			var shown page
			if shown, err = show(asked); err == nil {
				s.render(w, http.StatusOK, shown)
				return
			}
		}
		s.refuse(w, err)
	})
}

// act does something for a person. What it returns is where the reader goes
// next. To htmx it answers without a page: nothing when it is done, since what
// changed arrives as an event, or what was wrong as text for the form.
func (s *site) act(do func(*request) (string, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 4<<20)
		asked, err := read(r)
		var next string
		if err == nil {
			next, err = do(asked)
		}
		scripted := r.Header.Get("HX-Request") != ""
		switch {
		case err != nil && scripted:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = w.Write([]byte(html.EscapeString(reason(err))))
		case err != nil:
			s.refuse(w, err)
		case scripted && next != asked.pull():
			w.Header().Set("HX-Redirect", next)
			w.WriteHeader(http.StatusNoContent)
		case scripted:
			w.WriteHeader(http.StatusNoContent)
		default:
			http.Redirect(w, r, next, http.StatusSeeOther)
		}
	})
}

// refuse shows why something is not shown or was not done.
func (s *site) refuse(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var problem *githubsim.Problem
	if errors.As(err, &problem) {
		status = problem.Status
	}
	s.render(w, status, page{template: "problem", Title: http.StatusText(status), Content: reason(err)})
}

// reason is the error for a person who uses the page.
func reason(err error) string {
	var problem *githubsim.Problem
	if !errors.As(err, &problem) {
		return err.Error()
	}
	text := problem.Message
	for _, one := range problem.Errors {
		if one.Message != "" {
			text += ": " + one.Message
		} else if one.Field != "" {
			text += ": " + one.Field + " is " + strings.ReplaceAll(one.Code, "_", " ")
		}
	}
	return text
}
