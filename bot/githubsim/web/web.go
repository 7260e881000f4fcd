// Package web shows the simulated GitHub as pages: a repository, its pull
// requests with their conversation, checks and deployments, and what people may
// do there.
//
// It is what a newcomer sees first, so it looks like the real thing where that
// helps to understand and leaves everything else out. A person chooses with each
// action as whom it is done; there are no accounts and no passwords, so it must
// never be served to others than those who may do everything.
//
// Pages are rendered on the server and complete without a script. With htmx they
// follow what happens: the page holds one stream of server-sent events, each of
// which says no more than "something changed", and the regions marked as live
// are then fetched again and morphed into place. So what is typed, chosen or
// unfolded stays.
//
// It is handed to the simulator as Options.Web:
//
//	var pages http.Handler
//	gh, err := githubsim.New(githubsim.Options{Web: http.HandlerFunc(
//		func(w http.ResponseWriter, r *http.Request) { pages.ServeHTTP(w, r) })})
//	pages, err = web.New(web.Options{GitHub: gh, Home: "acme/infrastructure"})
package web

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"strconv"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// Person is someone as whom the reader of the page may act.
type Person struct {
	Login string
	// Role says in a few words what the person does here, such as "reviews".
	Role string
}

// Result is something that was really deployed.
type Result struct {
	Environment string
	// Name of what was deployed, such as its component.
	Name string
	Text string
}

// Options say what the pages show.
type Options struct {
	GitHub *githubsim.GitHub
	// Home is the repository, owner/name, that the first page shows.
	Home string
	// People in the order in which they are offered.
	People []Person
	// Notice is said on every page. Empty: nothing.
	Notice string
	// Results looks at what is deployed, for the repository's page. nil: there is
	// nothing to look at.
	Results func() []Result
}

//go:embed assets templates
var files embed.FS

// site is the pages of one simulated GitHub.
type site struct {
	options  Options
	gh       *githubsim.GitHub
	pages    map[string]*template.Template
	markdown *markdown
}

// New makes the pages. They are served by the handler to local clients only:
// those that name this host by its address or as localhost, and that do not come
// from another site's page.
func New(options Options) (http.Handler, error) {
	if options.GitHub == nil {
		return nil, errors.New("web: Options.GitHub is nil: it is what the pages show")
	}
	s := &site{options: options, gh: options.GitHub, markdown: newMarkdown()}
	var err error
	if s.pages, err = s.parse(); err != nil {
		return nil, fmt.Errorf("read the templates: %w", err)
	}
	return localOnly(http.NewCrossOriginProtection().Handler(s.routes())), nil
}

func (s *site) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /assets/{file}", http.FileServerFS(files))
	mux.HandleFunc("GET /{$}", s.first)
	for pattern, show := range map[string]func(*request) (page, error){
		"GET /{owner}/{name}":                      s.repository,
		"GET /{owner}/{name}/pulls":                s.repository,
		"GET /{owner}/{name}/deployments":          s.deployments,
		"GET /{owner}/{name}/blob/{ref}/{path...}": s.file,
		"GET /{owner}/{name}/commit/{sha}":         s.commit,
		"GET /{owner}/{name}/compare/{range}":      s.compare,
		"GET /{owner}/{name}/runs/{id}":            s.run,
		"GET /{owner}/{name}/new":                  s.proposal,
		"GET /{owner}/{name}/pull/{number}":        s.conversation,
		"GET /{owner}/{name}/pull/{number}/files":  s.pullFiles,
	} {
		mux.Handle(pattern, s.page(show))
	}
	for pattern, do := range map[string]func(*request) (string, error){
		"POST /{owner}/{name}/pulls":                 s.propose,
		"POST /{owner}/{name}/runs/{id}/rerequest":   s.rerequest,
		"POST /{owner}/{name}/pull/{number}/comment": s.comment,
		"POST /{owner}/{name}/pull/{number}/review":  s.review,
		"POST /{owner}/{name}/pull/{number}/push":    s.push,
		"POST /{owner}/{name}/pull/{number}/merge":   s.merge,
		"POST /{owner}/{name}/pull/{number}/state":   s.setState,
	} {
		mux.Handle(pattern, s.act(do))
	}
	mux.HandleFunc("GET /{owner}/{name}/editor", s.editor)
	mux.HandleFunc("GET /{owner}/{name}/live", s.live)
	return mux
}

// localOnly refuses requests that reached us under a foreign name. Without this
// any page on the internet could have its own name lead here, and then act as if
// it were one of ours: and what people push here is run.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if host != "localhost" && net.ParseIP(host) == nil {
			http.Error(w, "This page answers under its address only, not as "+strconv.Quote(host)+".", http.StatusMisdirectedRequest)
			return
		}
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
			"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

func (s *site) first(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/"+s.options.Home, http.StatusSeeOther)
}
