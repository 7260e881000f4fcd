package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/trunkline/trunkline/planner/stack"
)

// needs are what init depends on in the code of a component and of the local modules that it uses: the terraform
// blocks, the sources of modules, and the names of providers. Everything else in the code may change
// without another init.
type needs struct {
	noted strings.Builder
	// providers by the names that the code has for them, without the one that is part of the engine.
	providers map[string]bool
	read      map[string]bool
}

// errUnsure says that what init depends on cannot be told from the code, or not from the code alone.
type errUnsure struct{ why string }

func (e errUnsure) Error() string { return e.why }

// readNeeds reads the code in the directory. An error means that only init itself knows what it depends on.
func readNeeds(directory string) (*needs, error) {
	n := &needs{providers: map[string]bool{}, read: map[string]bool{}}
	if err := n.directory(directory, "."); err != nil {
		return nil, err
	}
	lock, err := os.ReadFile(filepath.Join(directory, lockName))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	if len(n.providers) > 0 && len(lock) == 0 {
		return nil, errUnsure{"which version of a provider it gets is for init to find out: no " + lockName}
	}
	n.note("lock", string(lock))
	n.note("providers", slices.Sorted(maps.Keys(n.providers))...)
	return n, nil
}

// lockName is the file in which the engine keeps which provider packages it may use.
const lockName = ".terraform.lock.hcl"

// digest of all that was read.
func (n *needs) digest() string {
	sum := sha256.Sum256([]byte(n.noted.String()))
	return hex.EncodeToString(sum[:])
}

func (n *needs) note(what string, values ...string) {
	fmt.Fprintf(&n.noted, "%s %q\n", what, values)
}

// directory reads one module, at a path that is relative to the component's.
func (n *needs) directory(root, relative string) error {
	if n.read[relative] {
		return nil
	}
	n.read[relative] = true
	directory := filepath.Join(root, relative)
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	n.note("module", filepath.ToSlash(relative))
	for _, entry := range entries {
		if !stack.IsCode(entry.Name()) {
			continue
		}
		source, err := os.ReadFile(filepath.Join(directory, entry.Name()))
		if err != nil {
			return err
		}
		if strings.HasSuffix(entry.Name(), ".json") {
			if err := n.generated(entry.Name(), source); err != nil {
				return err
			}
			continue
		}
		file, problems := hclparse.NewParser().ParseHCL(source, entry.Name())
		body, native := file.Body.(*hclsyntax.Body)
		if problems.HasErrors() || !native {
			return errUnsure{"the code in " + entry.Name() + " cannot be read"}
		}
		n.note("file", entry.Name())
		for _, block := range body.Blocks {
			if err := n.block(root, relative, block, source); err != nil {
				return err
			}
		}
	}
	return nil
}

// generated notes a file in JSON, if it holds nothing but what we write ourselves: a backend, or providers.
func (n *needs) generated(name string, source []byte) error {
	var content map[string]map[string]any
	if json.Unmarshal(source, &content) != nil {
		return errUnsure{"the code in " + name + " cannot be read"}
	}
	for kind, block := range content {
		if kind != "terraform" && kind != "provider" {
			return errUnsure{"the code in " + name + " is JSON"}
		}
		for inner := range block {
			if kind == "provider" {
				n.providers[inner] = true
			} else if inner != "backend" && inner != "cloud" {
				return errUnsure{"the code in " + name + " is JSON"}
			}
		}
	}
	n.note(name, string(source))
	return nil
}

func (n *needs) block(root, relative string, block *hclsyntax.Block, source []byte) error {
	switch block.Type {
	case "variable", "output", "locals", "moved", "removed":
		return nil
	case "terraform":
		n.note("terraform", string(block.Range().SliceBytes(source)), string(block.Body.Range().SliceBytes(source)))
		for _, inner := range block.Body.Blocks {
			if inner.Type == "required_providers" {
				n.required(inner.Body)
			}
		}
		return nil
	case "module":
		return n.module(root, relative, block)
	}
	for _, inner := range block.Body.Blocks {
		if block.Type == "check" {
			n.provider(inner)
		}
	}
	n.provider(block)
	return nil
}

// builtin is where the provider comes from that is part of the engine.
const builtin = "terraform.io/builtin/terraform"

func (n *needs) required(body *hclsyntax.Body) {
	for name, attribute := range body.Attributes {
		value, problems := attribute.Expr.Value(nil)
		if !problems.HasErrors() && value.Type().IsObjectType() && value.Type().HasAttribute("source") {
			if from := value.GetAttr("source"); from.Type() == cty.String && from.IsKnown() && !from.IsNull() && from.AsString() == builtin {
				continue
			}
		}
		n.providers[name] = true
	}
}

// provider notes the provider of a resource, of a data source, or of whatever else names one by its labels.
func (n *needs) provider(block *hclsyntax.Block) {
	if named, there := block.Body.Attributes["provider"]; there {
		if traversal, problems := hcl.AbsTraversalForExpr(named.Expr); !problems.HasErrors() {
			n.uses(traversal.RootName())
			return
		}
	}
	if block.Type == "check" || len(block.Labels) == 0 {
		return
	}
	name := block.Labels[0]
	if block.Type != "provider" {
		name, _, _ = strings.Cut(name, "_")
	}
	n.uses(name)
}

func (n *needs) uses(provider string) {
	if provider != "terraform" {
		n.providers[provider] = true
	}
}

// module notes a call of a module, and reads it where it is local.
func (n *needs) module(root, relative string, block *hclsyntax.Block) error {
	from := text(block.Body.Attributes["source"])
	n.note("call", append(slices.Clone(block.Labels), from)...)
	if !strings.HasPrefix(from, "./") && !strings.HasPrefix(from, "../") {
		// It may call others in turn, of whatever version is the newest when init looks.
		return errUnsure{"what a module from elsewhere is and needs is for init to find out"}
	}
	return n.directory(root, filepath.Join(relative, filepath.FromSlash(from)))
}

// text is the value of an attribute that is a plain text; else it is empty.
func text(attribute *hclsyntax.Attribute) string {
	if attribute == nil {
		return ""
	}
	value, problems := attribute.Expr.Value(nil)
	if problems.HasErrors() || value.Type() != cty.String || !value.IsKnown() || value.IsNull() {
		return ""
	}
	return value.AsString()
}
