package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Any stands for all repositories, or for all environments, in [SecretSources].
const Any = "*"

// SecretSources are where the values of secrets come from: by repository ("owner/name", its number, or [Any]), by
// environment (or [Any]), and by the operator's name for them. The zero value has none.
type SecretSources map[string]map[string]map[string]SecretSource

// SecretSource is where the value of one secret comes from: one of File, Variable and Command.
type SecretSource struct {
	// File is the absolute path of a file that holds the value.
	File string
	// Variable of the server's own environment. It is what it was when the server was started.
	Variable string
	// Command is a program with its arguments that prints the value. No shell is involved.
	Command []string
	// Timeout of Command. Zero: 30 seconds.
	Timeout time.Duration
}

// Kind says what the source is: "file", "variable" or "command".
func (s SecretSource) Kind() string {
	switch {
	case s.File != "":
		return "file"
	case s.Variable != "":
		return "variable"
	default:
		return "command"
	}
}

// UnmarshalYAML reads the sources strictly: a key that is mistyped here would be a deployment without its password.
func (s *SecretSources) UnmarshalYAML(node *yaml.Node) error {
	d := &decoder{}
	*s = d.secretSources(node)
	if len(d.problems) == 0 {
		return nil
	}
	first := d.problems[0]
	return fmt.Errorf("line %d: %s", first.At.Line, first.Message)
}

var (
	repositoryName   = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}$`)
	repositoryNumber = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
)

func (d *decoder) secretSources(node *yaml.Node) SecretSources {
	sources := SecretSources{}
	spelled := map[string]string{}
	d.entries(node, "secrets", func(repository, value *yaml.Node) {
		name := repository.Value
		if name != Any && !repositoryName.MatchString(name) && !repositoryNumber.MatchString(name) {
			d.problem(repository, "secrets are by repository first, and %q is none; expected owner/name, the repository's number, or \"*\" for all", name)
			return
		}
		if other, twice := spelled[strings.ToLower(name)]; twice {
			d.problem(repository, "%s and %s are one repository to GitHub; put their secrets together", other, name)
			return
		}
		spelled[strings.ToLower(name)] = name
		sources[name] = map[string]map[string]SecretSource{}
		d.entries(value, "the secrets of "+name, func(environment, value *yaml.Node) {
			if environment.Value != Any && !environmentName.MatchString(environment.Value) {
				d.problem(environment, "secrets of %s are by environment, and %q cannot name one; expected a name, or \"*\" for all", name, environment.Value)
				return
			}
			of := map[string]SecretSource{}
			d.entries(value, "the secrets of "+environment.Value, func(key, value *yaml.Node) {
				if !secretSource.MatchString(key.Value) {
					d.problem(key, "%q cannot name a secret; expected letters, digits, dots, hyphens and _", key.Value)
					return
				}
				of[key.Value] = d.secretSource(key.Value, value)
			})
			sources[name][environment.Value] = of
		})
	})
	return sources
}

// entries calls each for the keys of a mapping whose keys are names.
func (d *decoder) entries(node *yaml.Node, what string, each func(key, value *yaml.Node)) {
	content := resolved(node)
	if content.Kind != yaml.MappingNode {
		d.problem(node, "%s is %s; expected names", what, kind(node))
		return
	}
	d.duplicates(content)
	for i := 0; i+1 < len(content.Content); i += 2 {
		each(content.Content[i], content.Content[i+1])
	}
}

func (d *decoder) secretSource(name string, node *yaml.Node) (s SecretSource) {
	if resolved(node).Kind != yaml.MappingNode {
		// Not shown: somebody may have written the value itself.
		d.problem(node, "the secret %s does not say where it comes from; expected {file: …}, {variable: …} or {command: […]}, never the value itself", name)
		return s
	}
	seen := d.mapping(node, "the secret "+name, fields{
		"file":     func(n *yaml.Node) { s.File = d.text(n, "file") },
		"variable": func(n *yaml.Node) { s.Variable = d.text(n, "variable") },
		"command":  func(n *yaml.Node) { s.Command = d.arguments(n) },
		"timeout":  func(n *yaml.Node) { s.Timeout = d.duration(n, "timeout") },
	})
	sources := 0
	for _, key := range []string{"file", "variable", "command"} {
		if seen[key] {
			sources++
		}
	}
	switch {
	case sources != 1:
		d.problem(node, "the secret %s needs exactly one of `file`, `variable` and `command`", name)
	case seen["file"] && !filepath.IsAbs(s.File):
		d.problem(node, "the file of the secret %s is %q; expected an absolute path", name, s.File)
	case seen["variable"] && !variableName.MatchString(s.Variable):
		d.problem(node, "the variable of the secret %s is %q; expected the name of a variable of the server", name, s.Variable)
	case seen["variable"] && Reserved(s.Variable):
		d.problem(node, "the variable of the secret %s is %s, which is the server's own; expected one that holds nothing else", name, s.Variable)
	case seen["timeout"] && !seen["command"]:
		d.problem(node, "`timeout` belongs to a secret with `command`; %s has none", name)
	}
	return s
}

// arguments reads a program and its arguments.
func (d *decoder) arguments(node *yaml.Node) (words []string) {
	if resolved(node).Kind != yaml.SequenceNode {
		d.problem(node, "command is %s; expected a list of the program and its arguments, such as [vault, kv, get, -field=x, secret/x]", kind(node))
		return nil
	}
	words = d.texts(node, "command")
	if len(words) > 0 && strings.Contains(words[0], "/") && !filepath.IsAbs(words[0]) {
		d.problem(node, "command runs %q; expected a program's name, or its absolute path", words[0])
	}
	if len(words) == 0 || words[0] == "" || slices.ContainsFunc(words, func(word string) bool { return strings.Contains(word, "\x00") }) {
		d.problem(node, "command names no program; expected a list such as [vault, kv, get, -field=x, secret/x]")
	}
	return words
}

// Find returns where a secret of an environment of a repository comes from, the most exact entry first, and the name of
// the repository's entry. A name counts whatever its case, as it does to GitHub.
func (s SecretSources) Find(repository int64, fullName, environment, name string) (source SecretSource, entry string, found bool) {
	return s.find(repository, fullName, name, environment, Any)
}

// FindExactly is [SecretSources.Find] without what is for all environments.
func (s SecretSources) FindExactly(repository int64, fullName, environment, name string) (source SecretSource, entry string, found bool) {
	return s.find(repository, fullName, name, environment)
}

// find looks below the environments in their order.
func (s SecretSources) find(repository int64, fullName, name string, environments ...string) (source SecretSource, entry string, found bool) {
	for _, entry := range s.entriesOf(repository, fullName) {
		for _, of := range environments {
			if source, found := s[entry][of][name]; found {
				return source, entry, true
			}
		}
	}
	return SecretSource{}, "", false
}

// entriesOf are the keys of a repository, the most exact first.
func (s SecretSources) entriesOf(repository int64, fullName string) []string {
	entries := []string{strconv.FormatInt(repository, 10)}
	for entry := range s {
		if strings.EqualFold(entry, fullName) {
			entries = append(entries, entry)
		}
	}
	return append(entries, Any)
}

// passed finds a variable that is both a secret's source and passed to all engines, previews among them.
func (s SecretSources) passed(to []string) error {
	for _, environments := range s {
		for _, secrets := range environments {
			for name, source := range secrets {
				if source.Variable != "" && slices.Contains(to, source.Variable) {
					return errors.New("TRUNKLINE_PASS_ENVIRONMENT names " + source.Variable + ", which is the secret " + name +
						": all engines would get it, those of pull requests too; take it out there")
				}
			}
		}
	}
	return nil
}
