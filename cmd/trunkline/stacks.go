package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/planner/stack/atmos"
)

func stacksCommand() *cobra.Command {
	var asJSON bool
	var repository, revision string
	command := &cobra.Command{
		Use:   "stacks",
		Short: "Print the instances that a repository asks for, with their resolved configuration",
		Long: `Print the instances that a repository asks for, with their resolved configuration.

Nothing is fetched: values that a cloud, a store or a state would know are named under "unresolved". Without ` + config.Path + `
a repository with an atmos.yaml is read all the same; its instances have no environment then.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			listed, err := listStacks(command.Context(), repository, revision)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(command.OutOrStdout(), listed)
			}
			return printTable(command.OutOrStdout(), listed)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON, with everything that is known")
	command.Flags().StringVar(&repository, "repo", ".", "the repository's directory")
	command.Flags().StringVar(&revision, "at", "", "a commit, branch or tag; default: the files as they lie in the directory")
	return command
}

// listedInstance is an instance as it is printed.
type listedInstance struct {
	Environment   string             `json:"environment"`
	Stack         string             `json:"stack"`
	Manifest      string             `json:"manifest,omitempty"`
	Component     string             `json:"component"`
	ComponentPath string             `json:"component_path"`
	Workspace     string             `json:"workspace"`
	Enabled       bool               `json:"enabled"`
	Locked        bool               `json:"locked"`
	Vars          map[string]any     `json:"vars"`
	VariableFile  string             `json:"variable_file,omitempty"`
	VariableFiles []string           `json:"variable_files,omitempty"`
	Env           map[string]any     `json:"env"`
	Settings      map[string]any     `json:"settings"`
	Metadata      map[string]any     `json:"metadata"`
	BackendType   string             `json:"backend_type"`
	Backend       map[string]any     `json:"backend"`
	Providers     map[string]any     `json:"providers,omitempty"`
	DependsOn     []atmos.Dependency `json:"depends_on"`
	Unresolved    []string           `json:"unresolved,omitempty"`
	Digest        string             `json:"digest"`
}

// listStacks resolves the instances of a directory, or of a commit of its repository.
func listStacks(ctx context.Context, directory, revision string) ([]listedInstance, error) {
	if info, err := os.Stat(directory); err != nil || !info.IsDir() {
		return nil, wrongSetting{fmt.Errorf("there is no directory %s", directory)}
	}
	scratch, err := os.MkdirTemp("", "trunkline-stacks-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	tree, err := openTree(ctx, scratch, directory, revision)
	if err != nil {
		return nil, err
	}
	rules, err := readRules(ctx, tree)
	if err != nil {
		return nil, err
	}
	snapshot, err := planner.TakeSnapshot(ctx, tree, rules)
	if err != nil {
		return nil, err
	}
	listed := make([]listedInstance, 0, len(snapshot.Instances)+len(snapshot.Disabled))
	for _, resolved := range snapshot.Instances {
		listed = append(listed, listedAs(resolved.Instance, resolved.Digest))
	}
	for _, instance := range snapshot.Disabled {
		listed = append(listed, listedAs(instance, ""))
	}
	slices.SortFunc(listed, func(a, b listedInstance) int {
		return cmp.Or(
			cmp.Compare(slices.Index(snapshot.Environments, a.Environment), slices.Index(snapshot.Environments, b.Environment)),
			cmp.Compare(a.Stack, b.Stack), cmp.Compare(a.Component, b.Component))
	})
	return listed, nil
}

func listedAs(instance stack.Instance, digest string) listedInstance {
	listed := listedInstance{
		Environment: instance.Environment, Stack: instance.Stack, Manifest: instance.ManifestPath, Component: instance.Component,
		ComponentPath: instance.Path, Workspace: instance.Workspace, Enabled: !instance.Disabled, Locked: instance.Locked,
		Vars: instance.Variables, VariableFile: instance.VariablesName, VariableFiles: instance.VariableFiles, Env: instance.Env,
		Settings: instance.Settings, Metadata: instance.Metadata, BackendType: instance.BackendType, Backend: instance.Backend,
		Providers: instance.Providers, DependsOn: instance.DependsOn, Digest: digest,
	}
	for _, section := range []*map[string]any{&listed.Vars, &listed.Env, &listed.Settings, &listed.Metadata, &listed.Backend} {
		if *section == nil {
			*section = map[string]any{}
		}
	}
	if listed.DependsOn == nil {
		listed.DependsOn = []atmos.Dependency{}
	}
	for _, value := range instance.Unresolved {
		listed.Unresolved = append(listed.Unresolved, value.Path+": "+value.Text)
	}
	return listed
}

// readRules reads the repository's configuration, or makes do with its atmos.yaml.
func readRules(ctx context.Context, tree *mirror.Tree) (config.Repository, error) {
	text, err := tree.Read(ctx, config.Path)
	switch {
	case err == nil:
		return config.Parse(config.Path, text)
	case !errors.Is(err, fs.ErrNotExist):
		return config.Repository{}, err
	case !tree.HasFile("atmos.yaml") && !tree.HasFile(".atmos.yaml"):
		return config.Repository{}, fmt.Errorf("there is no %s, which says where instances come from, and no atmos.yaml", config.Path)
	}
	return config.Repository{
		Version: 1, Stacks: config.Stacks{Layout: config.LayoutAtmos, Engine: config.Engine{Kind: config.Terraform}},
		Environments: []config.Environment{{Stacks: []string{"**"}}},
	}, nil
}

// openTree lists a commit of the directory's repository or, without a revision, the files in it that are not ignored.
// The repository is only read: what Git has to write goes to scratch.
func openTree(ctx context.Context, scratch, directory, revision string) (*mirror.Tree, error) {
	directory, err := filepath.Abs(directory)
	if err != nil {
		return nil, err
	}
	git := gitIn{ctx: ctx, scratch: scratch}
	source, commit := directory, ""
	if revision != "" {
		if commit, err = git.run("-C", directory, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}"); err != nil {
			return nil, wrongSetting{fmt.Errorf("there is no commit %q in %s", revision, directory)}
		}
	} else {
		source = filepath.Join(scratch, "files.git")
		if commit, err = git.commitFiles(source, directory); err != nil {
			return nil, fmt.Errorf("read the files of %s: %w", directory, err)
		}
	}
	copied := mirror.Open(filepath.Join(scratch, "mirror"), source, nil)
	if err := copied.Fetch(ctx, "+"+commit+":refs/heads/asked"); err != nil {
		return nil, fmt.Errorf("read %s: %w", directory, err)
	}
	return copied.Tree(ctx, commit)
}

// gitIn runs git with nobody's settings.
type gitIn struct {
	ctx     context.Context
	scratch string
}

func (g gitIn) run(arguments ...string) (string, error) {
	output := filepath.Join(g.scratch, "git.out")
	result, err := process.Run(g.ctx, process.Command{
		Name: "git", Args: arguments, Dir: g.scratch, Home: g.scratch, Output: output, Log: filepath.Join(g.scratch, "git.log"),
		Env: map[string]string{
			"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.DevNull, "GIT_AUTHOR_NAME": "Trunkline", "GIT_AUTHOR_EMAIL": "trunkline@localhost",
			"GIT_COMMITTER_NAME": "Trunkline", "GIT_COMMITTER_EMAIL": "trunkline@localhost",
		},
	})
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(output)
	if err != nil {
		return "", err
	}
	if result.ExitCode != 0 {
		return "", fmt.Errorf("git: %s", strings.TrimSpace(result.Log))
	}
	return strings.TrimSpace(string(text)), nil
}

// commitFiles makes a repository with the files of the directory in one commit.
func (g gitIn) commitFiles(repository, directory string) (string, error) {
	if _, err := g.run("init", "--quiet", "--bare", repository); err != nil {
		return "", err
	}
	at := []string{"--git-dir=" + repository, "--work-tree=" + directory, "-C", directory, "-c", "core.bare=false", "-c", "advice.addEmbeddedRepo=false"}
	if _, err := g.run(append(at, "add", "--all", ".")...); err != nil {
		return "", err
	}
	tree, err := g.run(append(at, "write-tree")...)
	if err != nil {
		return "", err
	}
	commit, err := g.run(append(at, "commit-tree", "-m", "The files as they lie there", tree)...)
	if err != nil {
		return "", err
	}
	_, err = g.run(append(at, "update-ref", "refs/heads/asked", commit)...)
	return commit, err
}

func printJSON(to io.Writer, listed []listedInstance) error {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(listed)
}

func printTable(to io.Writer, listed []listedInstance) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ENVIRONMENT\tSTACK\tCOMPONENT\tDIRECTORY\tWORKSPACE")
	for _, instance := range listed {
		fmt.Fprintln(table, strings.Join([]string{
			instance.Environment, instance.Stack, instance.Component, instance.ComponentPath, instance.Workspace,
		}, "\t"))
	}
	return table.Flush()
}
