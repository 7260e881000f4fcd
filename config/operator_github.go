package config

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"strings"
)

const (
	publicWeb = "https://github.com/"
	publicAPI = "https://api.github.com/"
)

// complete fills in the addresses that were not given, and checks all of them. On GitHub Enterprise Server the API is under
// /api/v3/ of the web address, on GitHub Enterprise Cloud with data residency at api. before it:
// https://docs.github.com/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api
func (g *GitHub) complete() error {
	for name, address := range map[string]*string{"GITHUB_WEB_URL": &g.WebURL, "GITHUB_V3_API_URL": &g.APIURL} {
		if *address == "" {
			continue
		}
		parsed, err := url.Parse(*address)
		if err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Host == "" || parsed.User != nil || parsed.RawQuery != "" {
			return fmt.Errorf("%s is %q; expected an address that begins with https://", name, *address)
		}
		*address = strings.TrimSuffix(*address, "/") + "/"
	}
	switch {
	case g.WebURL == "" && g.APIURL == "":
		g.WebURL, g.APIURL = publicWeb, publicAPI
	case g.APIURL == "":
		g.APIURL = apiOf(g.WebURL)
	case g.WebURL == "":
		if g.WebURL = webOf(g.APIURL); g.WebURL == "" {
			return fmt.Errorf("GITHUB_V3_API_URL is %q and GITHUB_WEB_URL is not set; on GitHub Enterprise Server the API ends in /api/v3/", g.APIURL)
		}
	}
	if parsed, err := url.Parse(g.APIURL); err == nil && parsed.Path == "/" && g.APIURL == g.WebURL {
		return fmt.Errorf("GITHUB_V3_API_URL is %q, where people go; on GitHub Enterprise Server the API is at %sapi/v3/", g.APIURL, g.WebURL)
	}
	if g.CAFile == "" {
		return nil
	}
	_, err := g.Authorities()
	return err
}

// apiOf is the address of the API of a GitHub, by its web address.
func apiOf(web string) string {
	if parsed, err := url.Parse(web); err == nil && (web == publicWeb || strings.HasSuffix(parsed.Host, ".ghe.com")) {
		parsed.Host = "api." + parsed.Host
		return parsed.String()
	}
	return web + "api/v3/"
}

// webOf is the web address of a GitHub, by that of its API; empty: it is not to be seen.
func webOf(api string) string {
	if web, ok := strings.CutSuffix(api, "api/v3/"); ok {
		return web
	}
	if before, after, ok := strings.Cut(api, "//api."); ok && (api == publicAPI || strings.HasSuffix(strings.TrimSuffix(after, "/"), ".ghe.com")) {
		return before + "//" + after
	}
	return ""
}

// issuerOf is who issues the tokens of jobs on another GitHub than github.com:
// https://docs.github.com/enterprise-server/actions/reference/security/oidc
func issuerOf(web string) string {
	if parsed, err := url.Parse(web); err == nil && strings.HasSuffix(parsed.Host, ".ghe.com") {
		return parsed.Scheme + "://token.actions." + parsed.Host
	}
	return web + "_services/token"
}

// Authorities are the certificates that GitHub's may be signed with: those that the host trusts, and those in CAFile. Nil:
// those of the host alone.
func (g GitHub) Authorities() (*x509.CertPool, error) {
	if g.CAFile == "" {
		return nil, nil
	}
	text, err := os.ReadFile(g.CAFile)
	if err != nil {
		return nil, fmt.Errorf("GITHUB_CA_FILE cannot be read: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("GITHUB_CA_FILE %s has no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----", g.CAFile)
	}
	return pool, nil
}
