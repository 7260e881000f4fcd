package bot

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/palantir/go-githubapp/githubapp"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

// purpose is what a token is for: each has the permissions of the job at hand and no more.
type purpose string

const (
	// fetching trunk and pull requests with Git.
	fetching purpose = "fetching"
	// talking on pull requests: comments, reactions, check runs; and asking who may do what.
	talking purpose = "talking"
	// looking at a pull request that no delivery has told of.
	looking purpose = "looking"
	// membership: who is in the teams that rules name.
	membership purpose = "membership"
	// reading the statuses of commits of trunk.
	reading purpose = "reading"
	// reversing: a branch with commits taken back, and the pull request for it. Nothing else writes to the repository's files.
	reversing purpose = "reversing"
	// dispatching workflows of the repository, and reading what they say in notices.
	dispatching purpose = "dispatching"
	// watching runs of workflows, and who consented to what of them.
	watching purpose = "watching"
	// deploying: GitHub deployments and their statuses.
	deploying purpose = "deploying"
	// surveying: what protects the environments of GitHub.
	surveying purpose = "surveying"
	// recalling: what variables the environments of GitHub have.
	recalling purpose = "recalling"
	// protecting: the rules of environments of GitHub. No other token can administer.
	protecting purpose = "protecting"
	// filling in variables of environments of GitHub.
	filling purpose = "filling"
)

// permissions of each purpose; together they are those of app.yml.
var permissions = map[purpose]*github.InstallationPermissions{
	fetching: {Contents: github.String("read"), Metadata: github.String("read")},
	talking: {Checks: github.String("write"), Issues: github.String("write"), PullRequests: github.String("read"),
		Metadata: github.String("read")},
	looking:     {Contents: github.String("read"), PullRequests: github.String("read"), Metadata: github.String("read")},
	membership:  {Members: github.String("read"), Metadata: github.String("read")},
	reading:     {Statuses: github.String("read"), Metadata: github.String("read")},
	reversing:   {Contents: github.String("write"), PullRequests: github.String("write"), Metadata: github.String("read")},
	dispatching: {Actions: github.String("write"), Checks: github.String("read"), Metadata: github.String("read")},
	watching:    {Actions: github.String("read"), Metadata: github.String("read")},
	deploying:   {Deployments: github.String("write"), Metadata: github.String("read")},
	surveying:   {Actions: github.String("read"), Metadata: github.String("read")},
	recalling:   {Environments: github.String("read"), Metadata: github.String("read")},
	protecting:  {Administration: github.String("write"), Metadata: github.String("read")},
	filling:     {Environments: github.String("write"), Metadata: github.String("read")},
}

// clients makes GitHub clients whose tokens reach one repository and carry the permissions of one purpose.
type clients struct {
	// creator of clients that are the App itself.
	creator githubapp.ClientCreator
	// url and agent are those of the clients that have a token.
	url, agent string
	// base is the way to GitHub, with nothing around it.
	base http.RoundTripper
	// limits of each installation, and meter counts the calls of one.
	limits limits
	meter  func(installation string, next http.RoundTripper) http.RoundTripper

	mu     sync.Mutex
	tokens map[tokenKey]*token
	ways   map[int64]http.RoundTripper // by installation

	withheld withheld
	// leave is told of repositories on which the App may not work any more; left is false where that is not so. Nil: nobody is.
	leave func(ctx context.Context, repository store.Repository, why string) (left bool, err error)
}

// callTimeout is the most that a call may take.
const callTimeout = 30 * time.Second

type tokenKey struct {
	installation, repository int64
	purpose                  purpose
}

type token struct {
	mu      sync.Mutex // held while one is made
	value   atomic.Pointer[config.Secret]
	expires time.Time
}

// current value; empty: there is none yet.
func (t *token) current() string {
	if value := t.value.Load(); value != nil {
		return string(*value)
	}
	return ""
}

// newClients prepares clients for the GitHub and the App of the settings.
func newClients(settings config.GitHub, agent string, meter func(string, http.RoundTripper) http.RoundTripper) (*clients, error) {
	base, err := transportTo(settings)
	if err != nil {
		return nil, err
	}
	c := &clients{base: base, url: settings.APIURL, agent: agent, limits: limitsAt(settings.APIURL), meter: meter,
		tokens: map[tokenKey]*token{}, ways: map[int64]http.RoundTripper{}}
	c.creator = githubapp.NewClientCreator(settings.APIURL, strings.TrimSuffix(settings.APIURL, "/")+"/graphql",
		settings.App.ID, []byte(settings.App.PrivateKey),
		githubapp.WithClientUserAgent(agent),
		githubapp.WithClientTimeout(callTimeout),
		githubapp.WithTransport(c.wayOf(0)),
	)
	return c, nil
}

// transportTo is the way to GitHub. An Enterprise Server may have a certificate that only its company's authority vouches for.
func transportTo(settings config.GitHub) (http.RoundTripper, error) {
	authorities, err := settings.Authorities()
	if err != nil || authorities == nil {
		return http.DefaultTransport, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}
	return transport, nil
}

// forgetting forgets the token of a call that GitHub does not take any more: it was revoked, or the App was suspended
// for a while. Whatever tries again gets another.
func (c *clients) forgetting(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(r)
		if err != nil || response.StatusCode != http.StatusUnauthorized {
			return response, err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for key, kept := range c.tokens {
			if value := kept.current(); value != "" && strings.HasSuffix(r.Header.Get("Authorization"), " "+value) {
				delete(c.tokens, key)
			}
		}
		return response, nil
	})
}

// plain is a client that proves nothing, for what GitHub tells everybody.
func (c *clients) plain() *http.Client { return &http.Client{Transport: c.base, Timeout: callTimeout} }

// app returns a client that is the App itself.
func (c *clients) app() (*github.Client, error) { return c.creator.NewAppClient() }

// forRepository returns a client for one repository and purpose.
func (c *clients) forRepository(ctx context.Context, repository store.Repository, purpose purpose) (*github.Client, error) {
	value, err := c.token(ctx, repository, purpose)
	if err != nil {
		return nil, err
	}
	// The creator's clients for tokens would go round the transport that counts and waits.
	client := github.NewClient(&http.Client{Transport: c.wayOf(repository.Installation), Timeout: callTimeout}).WithAuthToken(string(value))
	if client.BaseURL, err = url.Parse(c.url); err != nil {
		return nil, fmt.Errorf("the address of GitHub's API, %s, is none: %w", c.url, err)
	}
	client.UserAgent = c.agent
	return client, nil
}

// token returns a token for one repository and purpose; one is kept until shortly before it expires.
func (c *clients) token(ctx context.Context, repository store.Repository, purpose purpose) (config.Secret, error) {
	if repository.Away != "" {
		return "", awayFrom(repository, repository.Away)
	}
	if err := c.withheld.why(lack{repository.Installation, purpose}); err != nil {
		return "", err
	}
	key := tokenKey{repository.Installation, repository.ID, purpose}
	c.mu.Lock()
	kept, ok := c.tokens[key]
	if !ok {
		kept = &token{}
		c.tokens[key] = kept
	}
	c.mu.Unlock()

	kept.mu.Lock()
	defer kept.mu.Unlock()
	if time.Until(kept.expires) > 5*time.Minute {
		return config.Secret(kept.current()), nil
	}
	app, err := c.app()
	if err != nil {
		return "", fmt.Errorf("prove to be the App: %w", err)
	}
	minted, _, err := app.Apps.CreateInstallationToken(ctx, repository.Installation,
		&github.InstallationTokenOptions{RepositoryIDs: []int64{repository.ID}, Permissions: permissions[purpose]})
	if err != nil {
		return "", c.refused(ctx, repository, purpose, err)
	}
	value := config.Secret(minted.GetToken())
	kept.value.Store(&value)
	kept.expires = minted.GetExpiresAt().Time
	return value, nil
}
