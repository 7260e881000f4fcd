// Package vendored compares what a repository vendors with what it says that it vendors: the pins of Atmos' vendor.yaml
// and component.yaml with the folders in the Git tree, without any network.
//
// Nothing here fails a check: what is found are warnings, each with the line of the pin.
package vendored

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"gopkg.in/yaml.v3"

	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/stack/atmos"
)

// Pin is one folder that is vendored, from where, and at which version.
type Pin struct {
	// File and Line of the version, or else of the source; First to Last are the lines of the whole entry.
	File              string
	Line, First, Last int
	// TargetLine is the line of the target.
	TargetLine int
	// Component as the manifest calls it.
	Component string
	// Source and Version as they are with the templates filled in. Without a version of its own, it is the source's ref.
	Source, Version string
	// Target is the folder, or file, from the repository's root.
	Target string
	// Included and Excluded are globs of files; none: all are vendored.
	Included, Excluded []string
	// Declared is the version that the manifest has beside a source that names another one: Version is what counts.
	Declared string
	// Own tells that the pin lies in the folder itself, as component.yaml.
	Own bool
}

// same tells whether both pin the same content.
func (p Pin) same(other Pin) bool {
	return p.Source == other.Source && p.Version == other.Version && p.Declared == other.Declared &&
		slices.Equal(p.Included, other.Included) && slices.Equal(p.Excluded, other.Excluded)
}

// Problem is something in a manifest that cannot be read.
type Problem struct {
	File    string
	Line    int
	Message string
}

// Manifest is all that a commit pins.
type Manifest struct {
	Pins     []Pin
	Problems []Problem
	// Places are where it was read.
	Places atmos.Vendoring
}

// Read reads the pins of a commit: those of the vendoring manifest with its imports, and those that lie in components.
// The error is of reading, or of an atmos.yaml that is at fault.
func Read(ctx context.Context, tree *mirror.Tree) (Manifest, error) {
	places, err := atmos.ReadVendoring(ctx, tree)
	if err != nil {
		return Manifest{}, err
	}
	r := &reader{ctx: ctx, tree: tree, seen: map[string]bool{}, manifest: Manifest{Places: places}, root: path.Dir(places.Manifest)}
	for _, file := range r.files(places.Manifest) {
		if err := r.read(file, path.Base(file) == "vendor.yaml" || places.Named); err != nil {
			return Manifest{}, err
		}
	}
	for _, file := range tree.Files() {
		if name := path.Base(file); (name == "component.yaml" || name == "component.yml") && strings.HasPrefix(file, places.Components+"/") {
			if err := r.read(file, false); err != nil {
				return Manifest{}, err
			}
		}
	}
	return r.manifest, nil
}

type reader struct {
	ctx      context.Context
	tree     *mirror.Tree
	seen     map[string]bool
	manifest Manifest
	// root is the directory that targets are relative to.
	root string
}

// mostFiles are read of one repository's manifests.
const mostFiles = 500

// files are those that a path of a manifest means: a file, its extension left out or not, the files of a folder, or
// what a glob matches.
func (r *reader) files(name string) []string {
	for _, candidate := range []string{name, strings.TrimSuffix(name, ".yaml") + ".yml", name + ".yaml", name + ".yml"} {
		if r.tree.HasFile(candidate) {
			return []string{candidate}
		}
	}
	pattern := name
	if r.tree.HasDirectory(name) {
		pattern = name + "/*.{yaml,yml}"
	}
	if !strings.ContainsAny(pattern, "*?[{") || !doublestar.ValidatePattern(pattern) {
		return nil
	}
	var found []string
	for _, file := range r.tree.Files() {
		if doublestar.MatchUnvalidated(pattern, file) && len(found) < mostFiles {
			found = append(found, file)
		}
	}
	return found
}

func (r *reader) problem(file string, line int, format string, arguments ...any) {
	r.manifest.Problems = append(r.manifest.Problems, Problem{file, max(line, 1), fmt.Sprintf(format, arguments...)})
}

// document is a manifest's file, as far as it matters here.
type document struct {
	Kind string `yaml:"kind"`
	Spec struct {
		Imports []yaml.Node `yaml:"imports"`
		Sources []yaml.Node `yaml:"sources"`
		Source  yaml.Node   `yaml:"source"` // of a component's own manifest
	} `yaml:"spec"`
}

// read reads one file. Its kind must be right where it is a manifest for sure.
func (r *reader) read(file string, sure bool) error {
	if r.seen[file] || len(r.seen) > mostFiles {
		return nil
	}
	r.seen[file] = true
	content, err := r.tree.Read(r.ctx, file)
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	var d document
	if err := yaml.Unmarshal(content, &d); err != nil {
		if sure {
			r.problem(file, lineOf(err), "it cannot be read: %s", err)
		}
		return nil
	}
	switch d.Kind {
	case "ComponentVendorConfig":
		r.component(file, &d.Spec.Source)
	case "AtmosVendorConfig":
		for i := range d.Spec.Sources {
			r.source(file, &d.Spec.Sources[i])
		}
		for i := range d.Spec.Imports {
			if err := r.imported(file, &d.Spec.Imports[i]); err != nil {
				return err
			}
		}
	default:
		if sure {
			r.problem(file, 1, "its kind is %q, not AtmosVendorConfig", d.Kind)
		}
	}
	return nil
}

func (r *reader) imported(file string, node *yaml.Node) error {
	wanted := node.Value
	if wanted == "" || strings.Contains(wanted, "://") || path.IsAbs(wanted) {
		return nil // from elsewhere: nothing is fetched
	}
	var files []string
	for _, base := range []string{r.manifest.Places.Base, path.Dir(file)} {
		if files = r.files(path.Join(base, wanted)); len(files) > 0 {
			break
		}
	}
	if len(files) == 0 {
		r.problem(file, node.Line, "it imports %q, which is not there", wanted)
	}
	for _, imported := range files {
		if err := r.read(imported, true); err != nil {
			return err
		}
	}
	return nil
}
