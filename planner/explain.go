package planner

import (
	"context"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/planner/stack"
)

var (
	addressLine = regexp.MustCompile(`(?m)^\s*with ((?:module\.[\w-]+(?:\[[^\n]*?\])?\.)*)data\.([\w-]+)\.([\w-]+)(?:\[(.*)\])?,$`)
	moduleStep  = regexp.MustCompile(`module\.([\w-]+)(?:\[[^\n]*?\])?\.`)
	fileLine    = regexp.MustCompile(`(?m)^\s*on (.+) line \d+(?:, in .*)?:?$`)
	stateOutput = regexp.MustCompile(`data\.terraform_remote_state\.([\w-]+)(?:\[("[^"\n]*"|\w+)\])?\.outputs`)
	localName   = regexp.MustCompile(`\blocal\.([\w-]+)`)
	lackingName = regexp.MustCompile(`attribute named "([^"\n]+)"`)
	outputName  = regexp.MustCompile(`\.outputs(?:\.([\w-]+)|\["([^"\n]+)"\])`)
	// absent is how engines and providers say that what they were to read is not there, and not that they may not.
	absent = regexp.MustCompile(`(?i)unable to find remote state|no stored state|not ?found|(couldn't|could not|cannot|can't|unable to) find|no matching|no results|(does not|doesn't) exist|no such|empty result`)
)

// lacks are the titles of errors about an attribute or an element that is not there.
var lacks = []string{"Unsupported attribute", "Invalid index", "Attempt to get attribute from null value", "Attempt to index null value"}

// errorBlocks are the errors of an engine's message, each with its title first.
func errorBlocks(message string) (blocks []string) {
	for line := range strings.Lines(message) {
		if strings.HasPrefix(line, "Error: ") {
			blocks = append(blocks, "")
		} else if len(blocks) == 0 {
			if strings.TrimSpace(line) == "" {
				continue
			}
			return nil // not the words of such an engine
		}
		blocks[len(blocks)-1] += line
	}
	return blocks
}

// explain returns the instances because of which an error came up; none where it has another reason.
func (f *Foresight) explain(ctx context.Context, instance stack.Instance, block string) (map[string]bool, error) {
	title, _, _ := strings.Cut(strings.TrimPrefix(block, "Error: "), "\n")
	if found := addressLine.FindStringSubmatch(block); found != nil {
		if !absent.MatchString(block) {
			return nil, nil
		}
		if found[2] != "terraform_remote_state" {
			return f.declared(instance), nil // it asks the world for what the other makes
		}
		scopes, err := f.reader.at(ctx, instance, found[1])
		if err != nil {
			return nil, err
		}
		return f.readBy(scopes, instance, want{data: found[3], each: strings.Trim(found[4], `"`), all: true}), nil
	}
	place := fileLine.FindStringSubmatch(block)
	if place == nil || !slices.Contains(lacks, title) {
		return nil, nil
	}
	scopes, err := f.reader.inDirectory(ctx, instance, path.Join(instance.Path, path.Dir(place[1])))
	if err != nil {
		return nil, err
	}
	for _, wanted := range wants(block, scopes) {
		if names := f.readBy(scopes, instance, wanted); len(names) > 0 {
			return names, nil
		}
	}
	return nil, nil
}

// want is a data source that reads a state, and the output that is wanted of it; empty: any. All: the whole state is not there.
type want struct {
	data, each, output string
	all                bool
}

// wants are what an error about an attribute says that it wanted, directly or over a local.
func wants(block string, scopes []scope) (wanted []want) {
	output := ""
	if found := lackingName.FindStringSubmatch(block); found != nil {
		output = found[1]
	} else if found := outputName.FindStringSubmatch(block); found != nil {
		output = found[1] + found[2]
	}
	for _, found := range stateOutput.FindAllStringSubmatch(block, -1) {
		wanted = append(wanted, want{data: found[1], each: strings.Trim(found[2], `"`), output: output})
	}
	for _, found := range localName.FindAllStringSubmatch(block, -1) {
		for _, one := range scopes {
			if local := one.code.locals[found[1]]; local != nil {
				for _, name := range one.dataNames(local, map[string]bool{found[1]: true}) {
					wanted = append(wanted, want{data: name, output: output})
				}
			}
		}
	}
	return wanted
}

// readBy are the instances whose state a data source reads, if they still have to be deployed for it. Where the state
// is nobody's that we know, what is declared counts.
func (f *Foresight) readBy(scopes []scope, instance stack.Instance, wanted want) map[string]bool {
	names := map[string]bool{}
	for _, one := range scopes {
		read, there := one.code.states[wanted.data]
		if !there {
			continue
		}
		place, known := one.readPlace(read, wanted.each, instance)
		owners := f.places[place.key()]
		if !known || len(owners) == 0 {
			return f.declared(instance)
		}
		for _, name := range owners {
			if name == instance.Name() || !f.lacking(name) && !f.willHave(name, wanted) {
				if wanted.all && f.Assumed[name] && name != instance.Name() {
					f.absent = append(f.absent, name)
				}
				return nil
			}
			names[name] = true
		}
	}
	return names
}

// willHave tells whether an instance runs something older than what is planned, and has what is wanted then: an output, or, where
// it was only assumed to be deployed, a state at all.
func (f *Foresight) willHave(name string, wanted want) bool {
	resolved := f.Target.Instances[name]
	if f.Runs[name] == resolved.Digest {
		return false
	}
	return wanted.all && f.Assumed[name] || wanted.output != "" && f.reader.code[resolved.Instance.Path].outputs[wanted.output]
}

// at is the scope of a module by its address, such as "module.net.module.dns.".
func (r *reader) at(ctx context.Context, instance stack.Instance, address string) ([]scope, error) {
	current, err := r.root(ctx, instance)
	if err != nil {
		return nil, err
	}
	for _, step := range moduleStep.FindAllStringSubmatch(address, -1) {
		call, there := current.code.modules[step[1]]
		if !there {
			return nil, nil
		}
		inside := false
		if current, inside, err = r.called(ctx, current, call, instance); err != nil || !inside {
			return nil, err
		}
	}
	return []scope{current}, nil
}

// mostScopes limits how many uses of modules are looked at; modules that use each other would never end.
const mostScopes = 1000

// inDirectory are the scopes of all uses of the code in a directory.
func (r *reader) inDirectory(ctx context.Context, instance stack.Instance, directory string) (found []scope, err error) {
	root, err := r.root(ctx, instance)
	if err != nil {
		return nil, err
	}
	waiting := []scope{root}
	for i := 0; i < len(waiting) && i < mostScopes; i++ {
		if waiting[i].directory == directory {
			found = append(found, waiting[i])
		}
		for _, name := range slices.Sorted(maps.Keys(waiting[i].code.modules)) {
			inner, inside, err := r.called(ctx, waiting[i], waiting[i].code.modules[name], instance)
			if err != nil {
				return nil, err
			}
			if inside {
				waiting = append(waiting, inner)
			}
		}
	}
	return found, nil
}
