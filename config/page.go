package config

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// InProduction tells whether people would call the environment so: GitHub marks its deployments, and leaves those before
// the newest to us. Where the configuration does not say, its name does: a part of it is prod, production or live.
func (e Environment) InProduction() bool {
	if e.Production != nil {
		return *e.Production
	}
	return slices.ContainsFunc(strings.Split(e.Name, "-"), func(part string) bool {
		return slices.Contains([]string{"prod", "production", "live"}, part)
	})
}

// Page is the address at which people find what the environment runs, once it runs a commit; empty: there is none.
func (e Environment) Page(commit string) string {
	text := placeholder.ReplaceAllStringFunc(e.URL, func(found string) string { return e.Variables[found[2:len(found)-1]] })
	text = strings.NewReplacer("{environment}", e.Name, "{commit}", commit).Replace(text)
	if !isAddress(text) {
		return ""
	}
	return text
}

// isAddress tells whether a text is what GitHub takes for an address.
func isAddress(text string) bool {
	address, err := url.Parse(text)
	return err == nil && (address.Scheme == "https" || address.Scheme == "http") && address.Host != "" && address.User == nil &&
		!strings.ContainsAny(text, " \t\r\n<>\"")
}

// pageBraces are the placeholders of a page, apart from variables.
var pageBraces = regexp.MustCompile(`\{[^{}]*\}`)

// page reads `url`. Its variables are looked at when all of the environment is read.
func (d *decoder) page(node *yaml.Node) string {
	text := d.filled(node, "url", "an address such as https://app.example.com")
	for _, one := range pageBraces.FindAllString(placeholder.ReplaceAllString(text, ""), -1) {
		if one != "{environment}" && one != "{commit}" {
			d.problem(node, "url has %s; expected {environment}, {commit}, or ${NAME} of a name under `variables`", one)
			return ""
		}
	}
	return text
}

// checkPage finds variables in `url` that the environment does not have, and what is no address with all of them.
func (d *decoder) checkPage(node *yaml.Node, e Environment) {
	if e.URL == "" {
		return
	}
	for _, found := range placeholder.FindAllString(e.URL, -1) {
		name := found[2 : len(found)-1]
		if _, ok := e.Variables[name]; !ok {
			d.problem(node, "url has %s, which is not among the environment's `variables`%s", found,
				didYouMean(name, slices.Sorted(maps.Keys(e.Variables))))
			return
		}
	}
	if e.Page(strings.Repeat("0", 40)) == "" {
		d.problem(node, "url is %q; expected an address such as https://app.example.com", e.URL)
	}
}
