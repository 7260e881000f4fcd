package web

import (
	"bytes"
	"html/template"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// page is what a template shows.
type page struct {
	template string
	Title    string
	// Base is the address of the repository, and Repository its name; empty on
	// pages of none.
	Base, Repository string
	// Here is the page's own address, which its live regions are fetched from.
	Here    string
	Notice  string
	People  []Person
	Content any
}

// pageOf begins a page of the repository that was asked for.
func (s *site) pageOf(r *request, name, title string, content any) page {
	return page{
		template: name, Title: title, Base: r.base(), Repository: r.repository, Here: r.URL.EscapedPath(),
		People: s.options.People, Content: content,
	}
}

// parse reads the templates: each page with the layout and the parts.
func (s *site) parse() (map[string]*template.Template, error) {
	common, err := template.New("").Funcs(s.functions()).ParseFS(files, "templates/layout.html", "templates/parts/*.html")
	if err != nil {
		return nil, err
	}
	names, err := files.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, entry := range names {
		if entry.IsDir() || entry.Name() == "layout.html" {
			continue
		}
		one, err := common.Clone()
		if err != nil {
			return nil, err
		}
		if one, err = one.ParseFS(files, "templates/"+entry.Name()); err != nil {
			return nil, err
		}
		pages[strings.TrimSuffix(entry.Name(), ".html")] = one
	}
	return pages, nil
}

func (s *site) functions() template.FuncMap {
	return template.FuncMap{
		"markdown": s.markdown.render,
		"short":    short,
		"clock":    func(at time.Time) string { return at.Local().Format("15:04:05") },
		"stamp":    func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
		"emoji":    emoji,
		"patch":    patch,
		"words":    func(text string) string { return strings.ReplaceAll(text, "_", " ") },
		"base":     path.Base,
		"initial":  func(login string) string { return strings.ToUpper(login[:min(1, len(login))]) },
		"bot":      func(login string) bool { return strings.HasSuffix(login, "[bot]") },
		"check":    checkState,
		"choose":   choose,
		"part":     part,
		"newest":   newest,
	}
}

// render writes a whole page, or nothing but an error where it cannot be made.
func (s *site) render(w http.ResponseWriter, status int, shown page) {
	shown.Notice = s.options.Notice
	var out bytes.Buffer
	if err := s.pages[shown.template].ExecuteTemplate(&out, "layout", shown); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w)
}

// renderPart writes a part of a page.
func (s *site) renderPart(w http.ResponseWriter, name string, content any) {
	var out bytes.Buffer
	if err := s.pages["pull"].ExecuteTemplate(&out, name, content); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = out.WriteTo(w)
}

// short is a SHA as people read it.
func short(sha string) string { return sha[:min(7, len(sha))] }

// emoji of a reaction.
func emoji(content string) string {
	return map[string]string{
		"+1": "👍", "-1": "👎", "laugh": "😄", "confused": "😕", "heart": "❤️", "hooray": "🎉", "rocket": "🚀", "eyes": "👀",
	}[content]
}

// patch marks the lines of a difference.
func patch(text string) []line {
	var lines []line
	for one := range strings.Lines(text) {
		lines = append(lines, line{Class: mark(one), Text: one})
	}
	return lines
}

type line struct{ Class, Text string }

// checkState is the one word that tells how a check is: its conclusion, or how
// far it is.
func checkState(check githubsim.CheckView) string {
	if check.Conclusion != "" {
		return check.Conclusion
	}
	return check.Status
}

// chooser is a field to choose a person in.
type chooser struct {
	ID      string
	People  []Person
	Default string
}

func choose(id string, people []Person, preferred string) chooser {
	return chooser{id, people, preferred}
}

// part is what a part of a page is shown with: the address of the repository,
// and one thing by its name.
func part(base, name string, value any) map[string]any {
	return map[string]any{"Base": base, name: value}
}

// newest is what the last status of a deployment says.
func newest(deployment *githubsim.DeploymentView) string {
	if len(deployment.Statuses) == 0 {
		return deployment.Description
	}
	return deployment.Statuses[len(deployment.Statuses)-1].Description
}
