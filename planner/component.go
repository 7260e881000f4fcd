package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/stack"
)

// component is the instance's own directory as an input: all of it, save the variable files in it that are given to
// instances. The engine reads only those that it is given, which are inputs by themselves; the file of one environment
// is nothing to another.
func (g *gatherer) component(instance stack.Instance) Input {
	input := Input{Kind: ComponentInput, Name: instance.Path, ID: g.id(instance.Path)}
	given := g.given[instance.Path]
	if g.rules.Stacks.Engine.Kind == config.Command {
		return input
	}
	given = slices.DeleteFunc(slices.Clone(given), func(file string) bool { return g.reads(instance, file) })
	if len(given) == 0 {
		return input
	}
	input.Without = strings.Join(given, "\n")
	hash := sha256.New()
	for _, entry := range g.tree.Under(instance.Path) {
		if entry.Kind != mirror.Directory && !slices.Contains(given, entry.Path) {
			fmt.Fprintf(hash, "%s %s %d %s\n", entry.Mode, entry.ID, len(entry.Path), entry.Path)
		}
	}
	input.ID = "files " + hex.EncodeToString(hash.Sum(nil))
	return input
}

// reads tells whether the engine, or the code, reads a variable file in the directory by itself.
func (g *gatherer) reads(instance stack.Instance, file string) bool {
	name := path.Base(file)
	automatic := name == "terraform.tfvars" || name == "terraform.tfvars.json" || strings.HasSuffix(name, ".auto.tfvars") || strings.HasSuffix(name, ".auto.tfvars.json")
	if automatic && path.Dir(file) == path.Clean(instance.Path) {
		return true
	}
	for _, reference := range g.code[instance.Path].files {
		base, name := reference.in(instance.Path, instance)
		found, inside := g.links.resolve(base, name)
		if inside && (found == file || found == "." || strings.HasPrefix(file, found+"/")) {
			return true
		}
	}
	return false
}

// givenFiles are the variable files in the directories of components that are given to instances, by the directory.
func givenFiles(instances []stack.Instance) map[string][]string {
	given := map[string][]string{}
	for _, instance := range instances {
		for _, file := range instance.VariableFiles {
			if instance.Path == "." || strings.HasPrefix(file, instance.Path+"/") {
				given[instance.Path] = append(given[instance.Path], file)
			}
		}
	}
	for directory, files := range given {
		slices.Sort(files)
		given[directory] = slices.Compact(files)
	}
	return given
}
