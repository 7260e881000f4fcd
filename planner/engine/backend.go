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
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/stack"
)

// overrideName is the file that is laid beside a component's code, and overrideContent what it says. The engine
// reads it over the other files. The content is the same for all instances of the directory.
const (
	overrideName    = "trunkline_override.tf.json"
	overrideContent = `{"terraform":{"backend":{"local":{}}}}` + "\n"
)

// Backend is what a component's code says about where its state is kept.
type Backend struct {
	// Kind such as "s3"; "cloud" for a cloud block, "" where the code says nothing, which means local.
	Kind string
	// Settings of it, flat: "bucket", "workspaces.name". A value that is computed is the text of its expression.
	Settings map[string]string
	// Computed are the settings whose values only the engine knows.
	Computed []string
}

// inWorktree tells whether state would be written into the directory with the code, or relative to it.
func (b Backend) inWorktree(workspace string) bool {
	if b.Kind != "" && b.Kind != "local" || slices.Contains(b.Computed, localPath) || slices.Contains(b.Computed, localWorkspaces) {
		return false
	}
	named := workspace != "" && workspace != "default"
	return !filepath.IsAbs(b.Settings[localPath]) || named && !filepath.IsAbs(b.Settings[localWorkspaces])
}

// Settings of the local backend: the file of the default workspace, and the directory of all others.
const (
	localPath       = "path"
	localWorkspaces = "workspace_dir"
)

// Names in [Work.State]: the file of the default workspace, and the directory of all others.
const (
	ourState      = "terraform.tfstate"
	ourWorkspaces = "workspaces"
)

// absolute is the path that the code names, if that is absolute, or else a name in the directory.
func absolute(path, directory, name string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(directory, name)
}

var backendSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "terraform"}}}
var terraformSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "backend", LabelNames: []string{"type"}}, {Type: "cloud"}}}

// findBackend reads which backend the component's code asks for.
func (t *terraform) findBackend(directory string) (Backend, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return Backend{}, fmt.Errorf("read the component's directory: %w", err)
	}
	files := map[string][]byte{}
	for _, entry := range entries {
		if !stack.IsCode(entry.Name()) || entry.Name() == overrideName {
			continue
		}
		if files[entry.Name()], err = os.ReadFile(filepath.Join(directory, entry.Name())); err != nil {
			return Backend{}, err
		}
	}
	return ReadBackend(files, config.EngineKind(t.name))
}

// ReadBackend reads which backend a directory's code asks for, as the engine would: files by name, override files last,
// and where OpenTofu has a file of its own in place of one of Terraform's, that one. The error is of a file that cannot
// be read; what the others say is returned all the same.
func ReadBackend(files map[string][]byte, kind config.EngineKind) (found Backend, problem error) {
	for _, name := range codeFiles(files, kind) {
		// Most files name no backend, and need not be parsed to know that.
		if !bytes.Contains(files[name], []byte("backend")) && !bytes.Contains(files[name], []byte("cloud")) {
			continue
		}
		file, problems := parse(name, files[name])
		if problems.HasErrors() {
			problem = errors.Join(problem, problems)
		}
		if file == nil || file.Body == nil {
			continue
		}
		if one, there := backendOf(file); there {
			found = one
		}
	}
	return found, problem
}

// codeFiles are the names of the files that the engine reads, in its order.
func codeFiles(files map[string][]byte, kind config.EngineKind) []string {
	var names []string
	for name := range files {
		terraform := strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".tf.json")
		if terraform && kind == config.Tofu {
			_, shadowed := files[strings.Replace(name, ".tf", ".tofu", 1)]
			terraform = !shadowed
		}
		if terraform || kind == config.Tofu && stack.IsCode(name) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if order(a) != order(b) {
			return order(a) - order(b)
		}
		return strings.Compare(a, b)
	})
	return names
}

// order is 1 for override files, which the engine reads last.
func order(name string) int {
	base, _, _ := strings.Cut(name, ".")
	if base == "override" || strings.HasSuffix(base, "_override") {
		return 1
	}
	return 0
}

func parse(name string, source []byte) (*hcl.File, hcl.Diagnostics) {
	parser := hclparse.NewParser()
	if strings.HasSuffix(name, ".json") {
		return parser.ParseJSON(source, name)
	}
	return parser.ParseHCL(source, name)
}

func backendOf(file *hcl.File) (found Backend, there bool) {
	// Problems with other parts of the file are the engine's to tell.
	content, _, _ := file.Body.PartialContent(backendSchema)
	for _, block := range content.Blocks {
		inner, _, _ := block.Body.PartialContent(terraformSchema)
		for _, one := range inner.Blocks {
			there = true
			found = Backend{Kind: "cloud", Settings: map[string]string{}}
			if one.Type == "backend" {
				found.Kind = one.Labels[0]
			}
			found.read("", one.Body, file.Bytes)
		}
	}
	return found, there
}

// read takes the settings of a block, and of the blocks in it.
func (b *Backend) read(prefix string, body hcl.Body, source []byte) {
	if native, is := body.(*hclsyntax.Body); is {
		for name, attribute := range native.Attributes {
			b.set(prefix+name, attribute.Expr, source)
		}
		for _, block := range native.Blocks {
			b.read(prefix+block.Type+".", block.Body, source)
		}
		return
	}
	attributes, _ := body.JustAttributes()
	for name, attribute := range attributes {
		b.set(prefix+name, attribute.Expr, source)
	}
}

func (b *Backend) set(name string, expression hcl.Expression, source []byte) {
	value, problems := expression.Value(nil)
	if problems.HasErrors() || !value.IsWhollyKnown() {
		b.Computed = append(b.Computed, name)
		b.Settings[name] = strings.TrimSpace(string(expression.Range().SliceBytes(source)))
		return
	}
	flattenValue(name, value, b.Settings)
}

// flattenValue puts a value's parts under names such as "workspaces.name". What is null is as if it were not there.
func flattenValue(name string, value cty.Value, into map[string]string) {
	switch {
	case value.IsNull():
	case value.Type() == cty.String:
		into[name] = value.AsString()
	case value.Type().IsPrimitiveType():
		if text, err := convert.Convert(value, cty.String); err == nil {
			into[name] = text.AsString()
		}
	case value.CanIterateElements():
		for it := value.ElementIterator(); it.Next(); {
			key, element := it.Element()
			if key.Type() == cty.String {
				flattenValue(name+"."+key.AsString(), element, into)
				continue
			}
			if element.Type().IsPrimitiveType() && !element.IsNull() { // a list of texts, such as tags
				text, err := convert.Convert(element, cty.String)
				if err == nil {
					into[name] = strings.TrimPrefix(into[name]+","+text.AsString(), ",")
				}
				continue
			}
			flattenValue(name, element, into) // a block is a list of one in JSON
		}
	}
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
