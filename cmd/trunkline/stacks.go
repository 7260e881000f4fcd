package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/jsontext"
	"github.com/trunkline/trunkline/planner/mirror"
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
			sparing()
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
	command.Flags().StringVar(&revision, "at", "", "a commit, branch or tag; default: the files as they lie in the directory, or HEAD of a bare repository")
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
	Problem       string             `json:"problem,omitempty"`
	Digest        string             `json:"digest"`
}

// listStacks resolves the instances of a directory, or of a commit of its repository.
func listStacks(ctx context.Context, directory, revision string) ([]listedInstance, error) {
	tree, done, err := openRepositoryTree(ctx, directory, revision)
	if err != nil {
		return nil, err
	}
	defer done()
	rules, err := readRules(ctx, tree)
	if err != nil {
		return nil, err
	}
	snapshot, err := planner.Survey(ctx, tree, rules)
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
	if instance.Problem != nil {
		listed.Problem = instance.Problem.Error()
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
	case !atmos.HasSettings(tree):
		return config.Repository{}, fmt.Errorf("there is no %s, which says where instances come from, and no atmos.yaml", config.Path)
	}
	return config.Repository{
		Version: 1, Stacks: config.Stacks{Layout: config.LayoutAtmos, Engine: config.Engine{Kind: config.Terraform}},
		Environments: []config.Environment{{Stacks: []string{"**"}}},
	}, nil
}

// openRepositoryTree is [openTree] of a directory that somebody has named.
func openRepositoryTree(ctx context.Context, directory, revision string) (tree *mirror.Tree, done func(), err error) {
	if info, err := os.Stat(directory); err != nil || !info.IsDir() {
		return nil, nil, wrongSetting{fmt.Errorf("there is no directory %s", directory)}
	}
	return openTree(ctx, directory, revision)
}

// openTree lists a commit of the directory's repository or, without a revision, the files in it that are not ignored.
// A bare repository has no files but those of its HEAD. done is to be called when the tree has been read.
func openTree(ctx context.Context, directory, revision string) (tree *mirror.Tree, done func(), err error) {
	if revision == "" && mirror.IsBare(directory) {
		revision = "HEAD"
	}
	if revision == "" {
		tree, err := mirror.OnDisk(ctx, directory)
		return tree, func() {}, err
	}
	repository, err := mirror.OpenRepository(ctx, directory)
	if err != nil {
		return nil, nil, err
	}
	done = func() { _ = repository.Close() } // there is nothing to lose
	if tree, err = treeAt(ctx, repository, revision); err != nil {
		done()
	}
	return tree, done, err
}

// treeAt lists a revision that somebody has named.
func treeAt(ctx context.Context, repository *mirror.Repository, revision string) (*mirror.Tree, error) {
	tree, err := repository.Tree(ctx, revision)
	if errors.Is(err, mirror.ErrNoCommit) {
		return nil, wrongSetting{err}
	}
	return tree, err
}

// printJSON prints a list, one element after the other: it may be long.
func printJSON[T any](to io.Writer, listed []T) error {
	if len(listed) == 0 {
		_, err := io.WriteString(to, "[]\n")
		return err
	}
	var text []byte
	for i, one := range listed {
		opening := ",\n  "
		if i == 0 {
			opening = "[\n  "
		}
		var err error
		if text, err = jsontext.AppendIndented(append(text, opening...), one, 1); err != nil {
			return err
		}
		if len(text) < 64<<10 && i+1 < len(listed) {
			continue
		}
		if _, err := to.Write(text); err != nil {
			return err
		}
		text = text[:0]
	}
	_, err := io.WriteString(to, "\n]\n")
	return err
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

// sparing makes the garbage collector of a command that lists everything and ends spend a little time to save memory,
// unless its user has other wishes.
func sparing() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(40)
	}
}
