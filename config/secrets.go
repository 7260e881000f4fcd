package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// SecretName is a secret that an environment's runs are given. The repository has its name alone; the value is the
// operator's, see [SecretSources].
type SecretName struct {
	// Name of the environment variable that holds it.
	Name string
	// From is the operator's name for it. In the file it may be left out where it is the same.
	From string
	At   Position
}

// mostVariable is how many bytes a variable may have: more than this no process can be started with.
const mostVariable = 64 << 10

var (
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)
	secretSource = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
)

// reserved are variables that the process itself, or who starts it, lives by, and prefixes of such.
var (
	reserved = []string{"PATH", "HOME", "TMPDIR", "SHELL", "IFS", "ENV", "PWD", "OLDPWD", "BASH_ENV", "BASHOPTS", "SHELLOPTS", "PS4",
		"TF_DATA_DIR", "TF_WORKSPACE", "TF_IN_AUTOMATION", "TF_INPUT", "TF_REATTACH_PROVIDERS", "CHECKPOINT_DISABLE"}
	reservedPrefixes = []string{"LD_", "DYLD_", "GIT_", "TRUNKLINE_", "TF_CLI_", "BASH_FUNC_", "GITHUB_APP_", "GITHUB_OAUTH_"}
)

// Reserved tells whether a repository may not set a variable of that name: it would change what program runs, or where
// it looks for things.
func Reserved(name string) bool {
	upper := strings.ToUpper(name)
	return slices.Contains(reserved, upper) ||
		slices.ContainsFunc(reservedPrefixes, func(prefix string) bool { return strings.HasPrefix(upper, prefix) })
}

// variableNamed tells whether a variable may have the name, and reports it where it may not.
func (d *decoder) variableNamed(node *yaml.Node, name string) bool {
	switch {
	case !variableName.MatchString(name):
		d.problem(node, "%q cannot name a variable; expected letters, digits and _, such as DB_PASSWORD or TF_VAR_region", name)
	case Reserved(name):
		d.problem(node, "%s belongs to the process itself and cannot be set; choose another name, such as TF_VAR_%s", name, strings.ToLower(name))
	default:
		return true
	}
	return false
}

// plainVariables reads variables with plain values.
func (d *decoder) plainVariables(node *yaml.Node) map[string]string {
	content := resolved(node)
	if content.Kind != yaml.MappingNode {
		d.problem(node, "variables is %s; expected names with values, such as {TF_VAR_region: eu-central-1}", kind(node))
		return nil
	}
	d.duplicates(content)
	variables := map[string]string{}
	for i := 0; i+1 < len(content.Content); i += 2 {
		key, value := content.Content[i], content.Content[i+1]
		if !d.variableNamed(key, key.Value) {
			continue
		}
		text := d.text(value, key.Value)
		if len(text) > mostVariable || strings.Contains(text, "\x00") {
			d.problem(value, "%s cannot be given to a process: it has a NUL or more than %d bytes", key.Value, mostVariable)
			continue
		}
		variables[key.Value] = text
	}
	return variables
}

// secretNames reads names, or mappings with the name and where it comes from.
func (d *decoder) secretNames(node *yaml.Node) (secrets []SecretName) {
	first := map[string]int{}
	d.sequence(node, "secrets", func(item *yaml.Node) {
		secret := SecretName{At: position(item)}
		if resolved(item).Kind == yaml.MappingNode {
			seen := d.mapping(item, "a secret", fields{
				"name": func(n *yaml.Node) { secret.Name = d.text(n, "name") },
				"from": func(n *yaml.Node) { secret.From = d.text(n, "from") },
			})
			d.require(item, seen, "a secret", "name")
		} else {
			secret.Name = d.text(item, "a secret")
		}
		if secret.Name == "" || !d.variableNamed(item, secret.Name) {
			return
		}
		if secret.From == "" {
			secret.From = secret.Name
		}
		if !secretSource.MatchString(secret.From) {
			d.problem(item, "the secret %s is from %q; expected the operator's name for it: letters, digits, dots, hyphens and _", secret.Name, secret.From)
		}
		if line, again := first[secret.Name]; again {
			d.problem(item, "the secret %s is already on line %d", secret.Name, line)
		}
		first[secret.Name] = item.Line
		secrets = append(secrets, secret)
	})
	return secrets
}

// checkSecrets finds names that are given both as a plain variable and as a secret.
func checkSecrets(file string, e Environment) (problems Problems) {
	for _, secret := range e.Secrets {
		if _, plain := e.Variables[secret.Name]; plain {
			problems = append(problems, &Problem{File: file, At: secret.At, Message: fmt.Sprintf(
				"%s has %s both under `variables` and under `secrets`; take one of them out", e.Name, secret.Name)})
		}
	}
	return problems
}
