package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// Played is one thing that happened, as it is printed.
type Played struct {
	At    time.Time `json:"at"`
	Actor string    `json:"actor"`
	// Kind is pull, push, review, comment, comment_edited, reaction, check, merge, deployment, deployment_status,
	// environment (one of GitHub's was made) or converged.
	Kind        string `json:"kind"`
	Pull        int    `json:"pull"`
	Environment string `json:"environment"`
	SHA         string `json:"sha"`
	State       string `json:"state"`
	Body        string `json:"body"`
}

// PlayOptions say how the story is played.
type PlayOptions struct {
	Options
	// JSON prints one object a line, and nothing else.
	JSON bool
	// Kill is how often the bot is killed during the story, at moments that follow from Seed.
	Kill int
	Seed uint64
	// Timeout for the whole story.
	Timeout time.Duration
}

// Play plays the story without a person. Its error says what did not happen; without one, all three environments run
// the merged commit, by what is deployed.
func Play(ctx context.Context, options PlayOptions) (err error) {
	transcript := options.Out
	if options.JSON {
		options.Out = io.Discard
	}
	ctx, cancel := context.WithTimeout(ctx, options.Timeout)
	defer cancel()
	s, err := open(ctx, options.Options)
	defer func() { err = errors.Join(err, s.end()) }()
	if err != nil {
		return err
	}
	p := &player{scene: s, out: transcript, json: options.JSON, waiting: "the story begins"}
	if !options.JSON {
		fmt.Fprintf(transcript, "%s.\n", strings.ToUpper(s.example.says()[:1])+s.example.says()[1:])
	}
	events, stop := s.gh.Subscribe()
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		p.follow(events, newKiller(options))
	}()
	err = p.story(ctx)
	stop()
	<-printed
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("the story did not end in time: it waited until %s", p.waiting)
	}
	return err
}

// killer says after which events the bot is killed.
type killer struct {
	random *rand.Rand
	left   int
	next   int
}

func newKiller(options PlayOptions) *killer {
	k := &killer{random: rand.New(rand.NewPCG(options.Seed, 0)), left: options.Kill}
	k.next = 2 + k.random.IntN(3)
	return k
}

// strikes tells whether the bot is killed now.
func (k *killer) strikes() bool {
	if k.next--; k.left == 0 || k.next > 0 {
		return false
	}
	k.left--
	k.next = 1 + k.random.IntN(3)
	return true
}

// player plays the people.
type player struct {
	*scene
	out     io.Writer
	json    bool
	waiting string
	number  int
	merged  string
}

// follow prints what happens, and kills the bot now and then.
func (p *player) follow(events <-chan githubsim.Event, killer *killer) {
	for event := range events {
		if event.Kind == "environment" && event.State == "changed" {
			continue // a step on the way to what it is to be
		}
		p.print(Played{At: event.At, Actor: event.Actor, Kind: event.Kind, Pull: event.Pull, Environment: event.Environment,
			SHA: event.SHA, State: event.State, Body: event.Body})
		if killer.strikes() {
			p.bot.kill()
		}
	}
}

func (p *player) print(played Played) {
	if p.json {
		line, err := json.Marshal(played)
		if err == nil {
			fmt.Fprintf(p.out, "%s\n", line)
		}
		return
	}
	text, _, _ := strings.Cut(strings.TrimSpace(played.Body), "\n")
	if runes := []rune(text); len(runes) > 140 {
		text = string(runes[:140]) + "…"
	}
	where := strings.TrimSpace(played.Environment + " " + played.State)
	fmt.Fprintf(p.out, "%s  %-14s %-18s %-22s %s\n", played.At.Format("15:04:05"), played.Actor, played.Kind, where, text)
}

// story is what the people do, and what they wait for.
func (p *player) story(ctx context.Context) (err error) {
	if p.number, err = p.propose(); err != nil {
		return err
	}
	steps := []func(context.Context) error{
		p.until("the check of the preview has passed", func(pull githubsim.PullView) bool {
			return len(pull.Checks) > 0 && pull.Checks[0].Conclusion == "success"
		}),
		p.until("the preview comment says what changes", p.says("Merging changes dev, staging and prod")),
		p.does("bob", func(bob *githubsim.Person) error {
			return bob.Review(repository, p.number, "approve", "Two zones, twice the size, no replacement. Good.")
		}),
		p.does("bob", func(bob *githubsim.Person) (err error) {
			p.merged, err = bob.Merge(repository, p.number, "merge")
			return err
		}),
		p.until("dev has converged and staging is ready", p.says("staging is ready")),
		p.converged("dev"),
		p.comments("mallory", "/promote prod"),
		p.until("mallory's command is turned down", p.reacted("confused")),
		p.comments("carol", "/promote prod"),
		p.until("carol's command is refused, because staging has not proven the commit", p.says("refused. prod comes after staging")),
		p.comments("carol", "/promote staging"),
		p.until("staging has converged and prod is ready", p.says("prod is ready")),
		p.converged("staging"),
		p.comments("carol", "/promote prod"),
		p.until("prod has converged", p.says("Converged: all environments run")),
		p.converged("prod"),
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) does(login string, what func(*githubsim.Person) error) func(context.Context) error {
	return func(context.Context) error { return what(p.gh.As(login)) }
}

func (p *player) comments(login, body string) func(context.Context) error {
	return p.does(login, func(person *githubsim.Person) error {
		_, err := person.Comment(repository, p.number, body)
		return err
	})
}

// until waits for something on the pull request.
func (p *player) until(what string, holds func(githubsim.PullView) bool) func(context.Context) error {
	return func(ctx context.Context) error {
		p.waiting = what
		return p.gh.Wait(ctx, func() bool {
			pull, err := p.gh.Pull(repository, p.number)
			return err == nil && holds(pull)
		})
	}
}

// says tells whether a comment of the bot says something.
func (p *player) says(text string) func(githubsim.PullView) bool {
	return func(pull githubsim.PullView) bool {
		for _, comment := range pull.Comments(p.gh.BotLogin()) {
			if strings.Contains(comment.Body, text) {
				return true
			}
		}
		return false
	}
}

// reacted tells whether the bot reacted to the last comment of a person.
func (p *player) reacted(content string) func(githubsim.PullView) bool {
	return func(pull githubsim.PullView) bool {
		comments := pull.Comments("")
		for _, reaction := range comments[len(comments)-1].Reactions {
			if reaction.Actor == p.gh.BotLogin() && reaction.Content == content {
				return true
			}
		}
		return false
	}
}

// converged looks at what is deployed in an environment, and holds it against trunk at the merged commit.
func (p *player) converged(environment string) func(context.Context) error {
	return func(context.Context) error {
		for _, component := range components {
			wanted, err := p.gh.File(repository, p.merged, p.example.path(environment, component))
			if err != nil {
				return err
			}
			if differs := p.example.differs(environment, component, wanted); differs != "" {
				return fmt.Errorf("%s has not converged, whatever the bot says: %s", environment, differs)
			}
		}
		p.print(Played{At: time.Now().UTC(), Actor: "demo", Kind: "converged", Pull: p.number, Environment: environment, SHA: p.merged,
			State: "converged", Body: "What is deployed is what trunk says at this commit."})
		return nil
	}
}
