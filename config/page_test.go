package config

import (
	"strings"
	"testing"
)

// page parses a repository with one environment, written in flow style after its name.
func page(t *testing.T, environment string) (Environment, error) {
	t.Helper()
	rules, problems := Parse(Path, []byte("version: 1\nstacks: {layout: folders, path: \"environments/{environment}/{component}\"}\nenvironments:\n  "+environment+"\n"))
	if problems != nil {
		return Environment{}, problems
	}
	return rules.Environments[0], nil
}

func TestPages(t *testing.T) {
	t.Parallel()
	for environment, want := range map[string]string{
		"dev: {}":                               "",
		`dev: {url: "https://app.example.com"}`: "https://app.example.com",
		`dev: {url: "https://{environment}.example.com/?v={commit}"}`:                        "https://dev.example.com/?v=4d03e77",
		`dev: {url: "https://${HOST}/${HOST}", variables: {HOST: eu.example.com}}`:           "https://eu.example.com/eu.example.com",
		`dev: {variables: {PAGE: "https://app.example.com/{commit}"}, url: "${PAGE}"}`:       "https://app.example.com/4d03e77",
		`dev: {url: "http://${environment}.example.com", variables: {environment: staging}}`: "http://staging.example.com",
	} {
		e, problems := page(t, environment)
		if problems != nil || e.Page("4d03e77") != want {
			t.Errorf("%s: %q, %v; want %q", environment, e.Page("4d03e77"), problems, want)
		}
	}
	for environment, want := range map[string]string{
		`dev: {url: app.example.com}`:                                      `4:14: url is "app.example.com"; expected an address`,
		`dev: {url: "javascript:alert(1)"}`:                                `url is "javascript:alert(1)"; expected an address`,
		`dev: {url: "https://admin:pw@app.example.com"}`:                   `expected an address`,
		`dev: {url: "https://app.example.com/<b>"}`:                        `expected an address`,
		`dev: {url: "https://{sha}.example.com"}`:                          `url has {sha}; expected {environment}, {commit}`,
		`dev: {url: "https://${HOTS}/", variables: {HOST: a.example.com}}`: `url has ${HOTS}, which is not among the environment's ` + "`variables`; did you mean HOST?",
		`dev: {url: "https://${TOKEN}/", secrets: [TOKEN]}`:                `which is not among`,
		`dev: {url: ""}`:           `url is empty`,
		`dev: {url: [a]}`:          `url is a list`,
		`dev: {production: maybe}`: `production`,
	} {
		if _, problems := page(t, environment); problems == nil || !strings.Contains(problems.Error(), want) {
			t.Errorf("%s: %v; want %s", environment, problems, want)
		}
	}
}

func TestInProduction(t *testing.T) {
	t.Parallel()
	for environment, want := range map[string]bool{
		"dev: {}": false, "prod: {}": true, "production: {}": true, "prod-eu: {}": true, "eu-prod: {}": true, "live: {}": true,
		"reproduction: {}": false, "preprod: {}": false, "prod: {production: false}": false, "blue: {production: true}": true,
	} {
		if e, problems := page(t, environment); problems != nil || e.InProduction() != want {
			t.Errorf("%s is in production: %v, %v; want %v", environment, e.InProduction(), problems, want)
		}
	}
}
