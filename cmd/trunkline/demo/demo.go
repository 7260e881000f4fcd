// Package demo shows Trunkline on one machine: the real bot as a process of its own, with SQLite and a real engine,
// beside a stand-in for GitHub that holds an example repository. A person looks at its pages and plays the people, or
// [Play] plays the story without one.
package demo

import (
	"context"
	_ "embed" // the App's manifest
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/bot/githubsim/web"
)

// manifest is a copy of app.yml, which no file below the top folder can embed; a test holds them equal.
//
//go:embed app.yml
var manifest []byte

const repository = "acme/infrastructure"

// Options of the demo.
type Options struct {
	// Listen is the address of the pages; a port of 0 is any.
	Listen string
	// Data is a directory to keep everything in. Empty: a new one, removed at the end.
	Data string
	// Program is the path of trunkline itself.
	Program string
	// Commands uses the engine of commands even where terraform or tofu is there.
	Commands bool
	// Browse opens a browser.
	Browse bool
	// Out is for the person, Log for what the bot logs; nil: bot.log in the data directory.
	Out, Log io.Writer
}

// scene is everything that runs during a demo.
type scene struct {
	gh      *githubsim.GitHub
	bot     *bot
	example *example
	dir     string
	close   []func()
}

// Show runs the demo for a person until ctx ends, and leaves nothing behind.
func Show(ctx context.Context, options Options) (err error) {
	s, err := open(ctx, options)
	defer func() { err = errors.Join(err, s.end()) }()
	if err != nil {
		return err
	}
	number, err := s.propose()
	if err != nil {
		return err
	}
	address := fmt.Sprintf("%s/%s/pull/%d", s.gh.URL(), repository, number)
	fmt.Fprintf(options.Out, `Trunkline follows a commit through dev, staging and prod.

  The pull request:  %s
  The engine:        %s
  What is deployed:  %s

On the page you may be alice (writes), bob (reviews), carol (releases) or mallory (may only read). Try this:

  1. read the preview comment on the pull request, then merge it as bob;
  2. watch dev converge by itself;
  3. comment /promote staging as carol, and then /promote prod;
  4. or do it wrong: /promote prod first, /promote as mallory, or kill the bot (it goes on where it was).

Ctrl-C ends it and leaves nothing behind.
`, address, s.example.says(), s.example.deployed)
	if options.Browse {
		browse(address)
	}
	<-ctx.Done()
	fmt.Fprintln(options.Out, "\nEnding.")
	return nil
}

// open starts GitHub and the bot. The scene is to be ended in any case.
func open(ctx context.Context, options Options) (*scene, error) {
	s := &scene{}
	if err := s.prepare(ctx, options); err != nil {
		return s, err
	}
	var pages http.Handler
	gh, err := githubsim.New(githubsim.Options{Dir: filepath.Join(s.dir, "github"), Manifest: manifest, Unchecked: true,
		Web: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { pages.ServeHTTP(w, r) })})
	if err != nil {
		return s, err
	}
	s.gh = gh
	pages, err = web.New(web.Options{GitHub: gh, Home: repository, Notice: "A stand-in for GitHub, on this machine: " + s.example.says() + ".",
		People:  []web.Person{{Login: "alice", Role: "writes"}, {Login: "bob", Role: "reviews"}, {Login: "carol", Role: "releases"}, {Login: "mallory", Role: "may only read"}},
		Results: s.example.results})
	if err != nil {
		return s, err
	}
	if err := gh.Start(options.Listen); err != nil {
		return s, err
	}
	s.close = append(s.close, func() { _ = gh.Close() })
	_, err = gh.CreateRepository("acme", "infrastructure", githubsim.RepositoryOptions{Private: true, Files: s.example.files,
		Collaborators: map[string]string{"alice": "write", "bob": "write", "carol": "admin", "mallory": "read"}})
	if err != nil {
		return s, err
	}
	return s, s.hire(ctx, options)
}

// prepare makes the directory, and deploys what was there before.
func (s *scene) prepare(ctx context.Context, options Options) (err error) {
	if s.dir = options.Data; s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "trunkline-demo-"); err != nil {
			return fmt.Errorf("make a directory for the demo: %w", err)
		}
		s.close = append(s.close, func() { _ = os.RemoveAll(s.dir) })
	} else if entries, err := os.ReadDir(s.dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("the directory %s is not empty; the demo begins in an empty one", s.dir)
	}
	if s.dir, err = filepath.Abs(s.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(s.dir, "github"), 0o700); err != nil {
		return fmt.Errorf("make a directory for the demo: %w", err)
	}
	kind := engineOnPath()
	if options.Commands {
		kind = ""
	}
	if s.example, err = newExample(kind, filepath.Join(s.dir, "deployed")); err != nil {
		return err
	}
	return s.example.deploy(ctx, filepath.Join(s.dir, "before"))
}

// hire starts the bot and installs the App.
func (s *scene) hire(ctx context.Context, options Options) error {
	log := options.Log
	if log == nil {
		file, err := os.Create(filepath.Join(s.dir, "bot.log"))
		if err != nil {
			return fmt.Errorf("make a log for the bot: %w", err)
		}
		s.close = append(s.close, func() { _ = file.Close() })
		log = file
	}
	s.bot = &bot{program: options.Program, data: filepath.Join(s.dir, "bot"), gh: s.gh, log: log,
		died: func() { fmt.Fprintln(options.Out, "The bot was killed. It is started again and goes on.") }}
	if err := startBot(s.bot); err != nil {
		return err
	}
	s.close = append(s.close, s.bot.stop)
	if err := s.bot.ready(ctx); err != nil {
		return err
	}
	_, err := s.gh.Install("acme", "infrastructure")
	return err
}

// propose opens alice's pull request.
func (s *scene) propose() (int, error) {
	alice := s.gh.As("alice")
	if _, err := alice.Push(repository, "resize-subnets", "Double the subnets", s.example.resize()); err != nil {
		return 0, err
	}
	return alice.OpenPull(repository, "resize-subnets", "Double the subnets",
		"The shop is short of addresses. This doubles the subnets, in every environment.", githubsim.OpenOptions{})
}

// end stops everything, the last first.
func (s *scene) end() error {
	for i := len(s.close) - 1; i >= 0; i-- {
		s.close[i]()
	}
	return nil
}

// browse opens the page in a browser, if there is one.
func browse(address string) {
	opener := "xdg-open"
	if runtime.GOOS == "darwin" {
		opener = "open"
	}
	if program, err := exec.LookPath(opener); err == nil {
		command := exec.Command(program, address)
		if command.Start() == nil {
			go func() { _ = command.Wait() }()
		}
	}
}
