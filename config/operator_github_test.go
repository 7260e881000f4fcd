package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// addresses reads settings with two addresses of GitHub, empty where they are not given.
func addresses(web, api string) (GitHub, string, error) {
	environment := complete()
	environment["GITHUB_WEB_URL"], environment["GITHUB_V3_API_URL"] = web, api
	o, err := ReadOperator("", lookupIn(environment))
	return o.GitHub, o.Actions.Issuer, err
}

func TestAddressesOfGitHub(t *testing.T) {
	t.Parallel()
	for _, one := range []struct{ web, api, wantWeb, wantAPI, wantIssuer string }{
		{"", "", "https://github.com/", "https://api.github.com/", actionsIssuer},
		{"https://github.com", "", "https://github.com/", "https://api.github.com/", actionsIssuer},
		{"", "https://api.github.com", "https://github.com/", "https://api.github.com/", actionsIssuer},
		{"https://github.acme.example", "", "https://github.acme.example/", "https://github.acme.example/api/v3/", "https://github.acme.example/_services/token"},
		{"", "https://github.acme.example/api/v3", "https://github.acme.example/", "https://github.acme.example/api/v3/", "https://github.acme.example/_services/token"},
		{"https://acme.ghe.com/", "", "https://acme.ghe.com/", "https://api.acme.ghe.com/", "https://token.actions.acme.ghe.com"},
		{"", "https://api.acme.ghe.com/", "https://acme.ghe.com/", "https://api.acme.ghe.com/", "https://token.actions.acme.ghe.com"},
		{"https://www.acme.example/git", "https://api.acme.example/v3", "https://www.acme.example/git/", "https://api.acme.example/v3/", "https://www.acme.example/git/_services/token"},
	} {
		got, issuer, err := addresses(one.web, one.api)
		if err != nil || got.WebURL != one.wantWeb || got.APIURL != one.wantAPI || issuer != one.wantIssuer {
			t.Errorf("%q and %q: %q, %q and %q, %v", one.web, one.api, got.WebURL, got.APIURL, issuer, err)
		}
	}
	for _, one := range []struct{ web, api, want string }{
		{"github.acme.example", "", "GITHUB_WEB_URL is \"github.acme.example\"; expected an address that begins with https://"},
		{"ftp://github.acme.example", "", "expected an address that begins with https://"},
		{"https://bob:secret@github.acme.example", "", "expected an address that begins with https://"},
		{"https://github.acme.example", "https://github.acme.example", "the API is at https://github.acme.example/api/v3/"},
		{"", "https://github.acme.example", "GITHUB_WEB_URL is not set"},
	} {
		if _, _, err := addresses(one.web, one.api); err == nil || !strings.Contains(err.Error(), one.want) {
			t.Errorf("%q and %q: %v; want %s", one.web, one.api, err, one.want)
		}
	}
}

func TestAuthoritiesOfGitHub(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ca.pem")
	environment := complete()
	environment["GITHUB_CA_FILE"] = file
	if _, err := ReadOperator("", lookupIn(environment)); err == nil || !strings.Contains(err.Error(), "GITHUB_CA_FILE cannot be read") {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(file, []byte("no certificate\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadOperator("", lookupIn(environment)); err == nil || !strings.Contains(err.Error(), "has no certificate in PEM") {
		t.Errorf("a file without a certificate: %v", err)
	}
}
