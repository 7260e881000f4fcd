package engine

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/stack"
)

// DestroyCommands are the commands with which a person destroys what an instance deployed, one a line: for a shell at the root
// of a commit that has the instance. State that Trunkline keeps is in the folder that kept names. It is not run by
// Trunkline itself, which destroys nothing that nobody planned.
func DestroyCommands(engine config.Engine, instance stack.Instance, address Address, kept string) []string {
	switch {
	case engine.Kind == config.Command:
		return undo(engine, instance)
	case instance.ManifestPath != "" && address.Backend != Ours:
		// It generates what Trunkline generates: the backend and the variable file.
		return []string{fmt.Sprintf("atmos terraform destroy %s -s %s", quoted(instance.Component), quoted(instance.Stack))}
	}
	program := string(engine.Kind)
	var commands []string
	if instance.ManifestPath != "" {
		commands = append(commands, fmt.Sprintf("atmos terraform generate varfile %s -s %s", quoted(instance.Component), quoted(instance.Stack)))
	}
	commands = append(commands, "cd "+quoted(filepath.ToSlash(filepath.Clean(instance.Path))))
	commands = append(commands, variablesFile(instance)...)
	initialise := program + " init -reconfigure"
	if address.Backend == Ours {
		commands = append(commands, "state="+kept, "echo "+quoted(strings.TrimSpace(overrideContent))+" > "+overrideName)
		initialise += fmt.Sprintf(` -backend-config="path=$state/%s" -backend-config="workspace_dir=$state/%s"`, ourState, ourWorkspaces)
	}
	if address.Backend == "cloud" {
		initialise = program + " init"
	}
	commands = append(commands, initialise)
	if address.Workspace != defaultWorkspace && address.Workspace != "" && address.Settings["workspaces.name"] == "" {
		commands = append(commands, program+" workspace select "+quoted(address.Workspace))
	}
	return append(commands, program+" destroy"+variableArguments(instance))
}

// variablesFile writes the variables of the configuration into a file, where there are some. Their values may be
// secret, so they are not shown here.
func variablesFile(instance stack.Instance) []string {
	if instance.ManifestPath != "" || len(instance.Variables) == 0 {
		return nil
	}
	selected := fmt.Sprintf(`.[] | select(.stack == %q and .component == %q) | .vars`, instance.Stack, instance.Component)
	return []string{fmt.Sprintf("trunkline stacks --repo \"$(git rev-parse --show-toplevel)\" --at HEAD --json | jq %s > destroy.tfvars.json", quoted(selected))}
}

func variableArguments(instance stack.Instance) string {
	arguments := ""
	for _, file := range instance.VariableFiles {
		if up, err := filepath.Rel(filepath.FromSlash(path.Join("/", instance.Path)), filepath.FromSlash(path.Join("/", file))); err == nil {
			arguments += " -var-file=" + quoted(filepath.ToSlash(up))
		}
	}
	switch {
	case instance.ManifestPath != "" && instance.VariablesName != "":
		arguments += " -var-file=" + quoted(instance.VariablesName)
	case instance.ManifestPath == "" && len(instance.Variables) > 0:
		arguments += " -var-file=destroy.tfvars.json"
	}
	return arguments
}

// undo shows what an engine of commands did, which only a person can undo.
func undo(engine config.Engine, instance stack.Instance) []string {
	commands := []string{
		"cd " + quoted(filepath.ToSlash(filepath.Clean(instance.Path))),
		fmt.Sprintf("export TRUNKLINE_ENVIRONMENT=%s TRUNKLINE_STACK=%s TRUNKLINE_COMPONENT=%s TRUNKLINE_WORKSPACE=%s",
			quoted(instance.Environment), quoted(instance.Stack), quoted(instance.Component), quoted(instance.Workspace)),
		"# There is no command for it. This is what deployed it, and what is to be undone by hand:",
	}
	for line := range strings.Lines(strings.TrimSpace(engine.Apply)) {
		commands = append(commands, "# "+strings.TrimRight(line, "\n"))
	}
	return commands
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=-]+$`)

// quoted is a word that a shell takes as it is.
func quoted(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
