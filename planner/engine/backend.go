package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/zclconf/go-cty/cty"

	"github.com/trunkline/trunkline/planner/stack"
)

// overrideName is the file that is laid beside a component's code, and overrideContent what it says. The engine
// reads it over the other files. The content is the same for all instances of the directory.
const (
	overrideName    = "trunkline_override.tf.json"
	overrideContent = `{"terraform":{"backend":{"local":{}}}}` + "\n"
)

// backend is where a component keeps its state.
type backend struct {
	// kind such as "s3"; "cloud" for a cloud block, "" where the code says nothing, which means local.
	kind string
	// path and workspaces of the local backend; empty where the code says nothing.
	path, workspaces string
	// computed: the path is not a plain text, so only the engine knows it.
	computed bool
}

// inWorktree tells whether state would be written into the directory with the code, or relative to it.
func (b backend) inWorktree(workspace string) bool {
	if b.kind != "" && b.kind != "local" || b.computed {
		return false
	}
	named := workspace != "" && workspace != "default"
	return !filepath.IsAbs(b.path) || named && !filepath.IsAbs(b.workspaces)
}

// absolute is the path that the code names, if that is absolute, or else a name in the directory.
func absolute(path, directory, name string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(directory, name)
}

var backendSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "terraform"}}}
var terraformSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "backend", LabelNames: []string{"type"}}, {Type: "cloud"}}}
var localSchema = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "path"}, {Name: "workspace_dir"}}}

// findBackend reads which backend the component's code asks for. Override files come last, as they do for the engine.
func findBackend(directory string) (backend, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return backend{}, fmt.Errorf("read the component's directory: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if stack.IsCode(entry.Name()) && entry.Name() != overrideName {
			names = append(names, entry.Name())
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return order(a) - order(b) })
	var found backend
	for _, name := range names {
		body, err := parse(directory, name)
		if err != nil {
			return backend{}, err
		}
		if one, there := backendOf(body); there {
			found = one
		}
	}
	return found, nil
}

// order is 1 for override files, which the engine reads last.
func order(name string) int {
	base, _, _ := strings.Cut(name, ".")
	if base == "override" || strings.HasSuffix(base, "_override") {
		return 1
	}
	return 0
}

func parse(directory, name string) (hcl.Body, error) {
	source, err := os.ReadFile(filepath.Join(directory, name))
	if err != nil {
		return nil, err
	}
	parser := hclparse.NewParser()
	read := parser.ParseHCL
	if strings.HasSuffix(name, ".json") {
		read = parser.ParseJSON
	}
	file, problems := read(source, name)
	if problems.HasErrors() {
		return nil, problems
	}
	return file.Body, nil
}

func backendOf(body hcl.Body) (backend, bool) {
	var found backend
	there := false
	// Problems with other parts of the file are the engine's to tell.
	content, _, _ := body.PartialContent(backendSchema)
	for _, block := range content.Blocks {
		inner, _, _ := block.Body.PartialContent(terraformSchema)
		for _, one := range inner.Blocks {
			there = true
			found = backend{kind: "cloud"}
			if one.Type == "backend" {
				found = backend{kind: one.Labels[0]}
				attributes, _, _ := one.Body.PartialContent(localSchema)
				found.path = found.text(attributes.Attributes["path"])
				found.workspaces = found.text(attributes.Attributes["workspace_dir"])
			}
		}
	}
	return found, there
}

// text is the attribute's value if it is a plain text.
func (b *backend) text(attribute *hcl.Attribute) string {
	if attribute == nil {
		return ""
	}
	value, problems := attribute.Expr.Value(nil)
	if problems.HasErrors() || value.Type() != cty.String || !value.IsKnown() || value.IsNull() {
		b.computed = b.computed || !(value.Type() == cty.String && value.IsNull())
		return ""
	}
	return value.AsString()
}

// override lays our file beside the code. Instances of the same directory do so at the same time, with the same
// content; a file of that name that is not ours is refused.
func override(directory string) error {
	path := filepath.Join(directory, overrideName)
	content, err := os.ReadFile(path)
	switch {
	case err == nil && bytes.Equal(content, []byte(overrideContent)):
		return nil
	case err == nil:
		return fmt.Errorf("the repository has a file %s of its own; Trunkline needs that name for itself: rename it", overrideName)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	// In one step, so that no other instance reads half of it.
	file, err := os.CreateTemp(directory, ".trunkline-*")
	if err != nil {
		return err
	}
	_, err = file.WriteString(overrideContent)
	if err := errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
