package config

import (
	"fmt"
	"maps"
	"net/textproto"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Header is sent with the requests of a watch.
type Header struct {
	Name string
	// Value may hold variables and secrets of the environment, as ${NAME}.
	Value string
	At    Position
}

// Fill returns the header's value with what its variables stand for, without white space at the end: files and commands
// that secrets come from often end with a new line.
func (h Header) Fill(values map[string]string) string {
	return strings.TrimSpace(placeholder.ReplaceAllStringFunc(h.Value, func(found string) string { return values[found[2:len(found)-1]] }))
}

var (
	placeholder = regexp.MustCompile(`\$\{[^}]*\}`)
	headerName  = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	// connecting are headers that belong to the connection, not to who asks.
	connecting = []string{"Host", "Connection", "Content-Length", "Transfer-Encoding", "Upgrade", "Te", "Trailer", "Proxy-Connection"}
)

// headers reads names with values, in the order of the file.
func (d *decoder) headers(node *yaml.Node) (headers []Header) {
	content := resolved(node)
	if content.Kind != yaml.MappingNode {
		d.problem(node, "headers is %s; expected names with values, such as {Authorization: \"Bearer ${PROMETHEUS_TOKEN}\"}", kind(node))
		return nil
	}
	d.duplicates(content)
	for i := 0; i+1 < len(content.Content); i += 2 {
		key, value := content.Content[i], content.Content[i+1]
		header := Header{Name: textproto.CanonicalMIMEHeaderKey(key.Value), Value: d.text(value, key.Value), At: position(value)}
		switch {
		case !headerName.MatchString(key.Value):
			d.problem(key, "%q cannot name a header; expected letters, digits and hyphens, such as X-Scope-OrgID", key.Value)
		case slices.Contains(connecting, header.Name):
			d.problem(key, "%s belongs to the connection and cannot be set", header.Name)
		case strings.ContainsAny(header.Value, "\r\n\x00"):
			d.problem(value, "%s has several lines; a header has one", header.Name)
		default:
			headers = append(headers, header)
		}
	}
	return headers
}

// checkHeaders finds variables in headers that the environment does not have.
func checkHeaders(file string, e Environment) (problems Problems) {
	known := slices.Sorted(maps.Keys(e.Variables))
	for _, secret := range e.Secrets {
		known = append(known, secret.Name)
	}
	find := func(of string, headers []Header) {
		for _, header := range headers {
			for _, found := range placeholder.FindAllString(header.Value, -1) {
				if name := found[2 : len(found)-1]; !slices.Contains(known, name) {
					problems = append(problems, &Problem{File: file, At: header.At, Message: fmt.Sprintf(
						"%s has neither a variable nor a secret named %q, which the header %s of %s asks for%s",
						e.Name, name, header.Name, of, didYouMean(name, known))})
				}
			}
		}
	}
	for _, watch := range e.Watches() {
		find("the watch "+watch.Name, watch.Headers)
	}
	for _, check := range e.checks() {
		find("the check "+check.Name, check.Headers)
	}
	return problems
}

// checks are those of the environment, of its waves and of its canaries.
func (e Environment) checks() []Check {
	checks := slices.Clone(e.Verify)
	for _, scheduled := range e.Scheduled {
		checks = append(checks, scheduled.Check)
	}
	for _, wave := range e.Waves {
		checks = append(checks, wave.Verify...)
	}
	for _, canary := range e.Canary {
		checks = append(checks, canary.Verify...)
	}
	return checks
}
