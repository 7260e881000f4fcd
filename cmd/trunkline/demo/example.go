package demo

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/stack"
)

// The example repositories: one for terraform or tofu, one for an engine of commands. In their files $DEPLOYED stands
// for the directory of deployed things, and $ENGINE for the engine.
//
//go:embed all:example
var examples embed.FS

var (
	environments = []string{"dev", "staging", "prod"}
	components   = []string{"network", "app"}
)

// engineOnPath is the first engine of this host; "" means that the example uses commands.
func engineOnPath() config.EngineKind {
	for _, kind := range []config.EngineKind{config.Terraform, config.Tofu} {
		if _, err := exec.LookPath(string(kind)); err == nil {
			return kind
		}
	}
	return ""
}

// example is the repository of the demo, placed.
type example struct {
	engine   config.EngineKind // "": commands
	deployed string
	files    map[string]string
}

func newExample(kind config.EngineKind, deployed string) (*example, error) {
	e := &example{engine: kind, deployed: deployed, files: map[string]string{}}
	root := "example/commands"
	if kind != "" {
		root = "example/terraform"
	}
	replace := strings.NewReplacer("$DEPLOYED", deployed, "$ENGINE", string(kind))
	err := fs.WalkDir(examples, root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := examples.ReadFile(path)
		e.files[strings.TrimPrefix(path, root+"/")] = replace.Replace(string(text))
		return err
	})
	return e, err
}

// says who plans and applies, for the person who looks.
func (e *example) says() string {
	if e.engine == "" {
		return "neither terraform nor tofu is on the PATH, so an engine of two commands (diff, cp) plans and applies"
	}
	return string(e.engine) + " plans and applies"
}

// resize is the change that the story is about: larger subnets in every environment.
func (e *example) resize() map[string]*string {
	changed := map[string]*string{}
	for _, environment := range environments {
		path := e.path(environment, "network")
		text := strings.Replace(e.files[path], "subnet_size = 256", "subnet_size = 512", 1)
		changed[path] = &text
	}
	return changed
}

// path of the file that says what a component should be.
func (e *example) path(environment, component string) string {
	file := "settings"
	if e.engine != "" {
		file = "main.tf"
	}
	return strings.Join([]string{"environments", environment, component, file}, "/")
}

// deploy puts the first state of all environments there, as if it had been for a long time: with the same engine, but
// before Trunkline is there.
func (e *example) deploy(ctx context.Context, dir string) error {
	for path, text := range e.files {
		file := filepath.Join(dir, "root", filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o700); err != nil {
			return err
		}
	}
	rules, err := config.Parse(config.Path, []byte(e.files[config.Path]))
	if err != nil {
		return err
	}
	chosen, err := engine.New(rules.Stacks.Engine, engine.Settings{})
	if err != nil {
		return err
	}
	failed := make(chan error, len(environments))
	for _, environment := range environments {
		if err := os.MkdirAll(filepath.Join(e.deployed, environment), 0o700); err != nil {
			return err
		}
		go func() { failed <- e.deployOne(ctx, chosen, dir, environment) }()
	}
	for range environments {
		if one := <-failed; one != nil && err == nil {
			err = one
		}
	}
	return err
}

func (e *example) deployOne(ctx context.Context, chosen engine.Engine, dir, environment string) error {
	for _, component := range components {
		instance := stack.Instance{Environment: environment, Stack: environment, Component: component,
			Path: "environments/" + environment + "/" + component, Workspace: "default"}
		work := engine.Work{Instance: instance, Root: filepath.Join(dir, "root"), Scratch: filepath.Join(dir, "scratch", instance.Folder()),
			State: filepath.Join(dir, "state", instance.Folder()), Lock: true}
		plan, err := chosen.Plan(ctx, work)
		if err == nil {
			err = chosen.Apply(ctx, work, plan)
		}
		if err != nil {
			return fmt.Errorf("deploy the example's first state: %s: %w", instance.Name(), err)
		}
	}
	return nil
}
