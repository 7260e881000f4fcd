package vendored

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// entry is a source of a manifest as it is written.
type entry struct {
	Component     string      `yaml:"component"`
	Source        string      `yaml:"source"`
	URI           string      `yaml:"uri"` // of a component's own manifest
	Version       yaml.Node   `yaml:"version"`
	Targets       []yaml.Node `yaml:"targets"`
	IncludedPaths []string    `yaml:"included_paths"`
	ExcludedPaths []string    `yaml:"excluded_paths"`
}

// target is one that is a map.
type target struct {
	Path    string    `yaml:"path"`
	Version yaml.Node `yaml:"version"`
}

// source takes the pins of one source of a vendoring manifest.
func (r *reader) source(file string, node *yaml.Node) {
	var e entry
	if err := node.Decode(&e); err != nil {
		r.problem(file, node.Line, "this source cannot be read: %s", err)
		return
	}
	for i := range e.Targets {
		one := &e.Targets[i]
		to := target{Path: one.Value, Version: e.Version}
		if one.Kind == yaml.MappingNode {
			if err := one.Decode(&to); err != nil {
				r.problem(file, one.Line, "this target cannot be read: %s", err)
				continue
			}
			if to.Version.Value == "" {
				to.Version = e.Version
			}
		}
		pin, err := e.pin(to)
		if err != nil {
			r.problem(file, one.Line, "the target %q cannot be read: %s", to.Path, err)
			continue
		}
		if pin.Target = path.Join(r.root, pin.Target); path.IsAbs(pin.Target) || pin.Target == "." || strings.HasPrefix(pin.Target, "..") {
			continue // outside of the repository
		}
		pin.File, pin.First, pin.Last, pin.TargetLine = file, node.Line, lastLine(node), one.Line
		if pin.Line = to.Version.Line; pin.Line == 0 {
			pin.Line = node.Line
		}
		r.manifest.Pins = append(r.manifest.Pins, pin)
	}
}

// component takes the pin of a component's own manifest.
func (r *reader) component(file string, node *yaml.Node) {
	var e entry
	if node.Kind == 0 || node.Decode(&e) != nil {
		return
	}
	e.Source, e.Component = e.URI, path.Base(path.Dir(file))
	pin, err := e.pin(target{Path: path.Dir(file), Version: e.Version})
	if err != nil {
		r.problem(file, node.Line, "its source cannot be read: %s", err)
		return
	}
	pin.Target, pin.Own = path.Dir(file), true
	pin.File, pin.First, pin.Last, pin.TargetLine = file, node.Line, lastLine(node), node.Line
	if pin.Line = e.Version.Line; pin.Line == 0 {
		pin.Line = node.Line
	}
	r.manifest.Pins = append(r.manifest.Pins, pin)
}

// pin fills in the templates.
func (e entry) pin(to target) (Pin, error) {
	data := map[string]string{"Component": e.Component, "Version": to.Version.Value, "Source": e.Source}
	source, err := expand(e.Source, data)
	if err != nil {
		return Pin{}, err
	}
	data["Source"] = source
	where, err := expand(to.Path, data)
	if err != nil {
		return Pin{}, err
	}
	pin := Pin{Component: e.Component, Source: withoutSecret(source), Version: to.Version.Value, Target: where, Included: e.IncludedPaths, Excluded: e.ExcludedPaths}
	if ref := refOf(source); ref != "" && ref != pin.Version {
		if pin.Version != "" && !compatible(pin.Version, ref) {
			pin.Declared = pin.Version
		}
		if pin.Version == "" || pin.Declared != "" {
			pin.Version = ref
		}
	}
	return pin, nil
}

var refQuery = regexp.MustCompile(`[?&]ref=([^&]+)`)

// refOf is the version that the source itself names.
func refOf(source string) string {
	if match := refQuery.FindStringSubmatch(source); match != nil {
		return match[1]
	}
	if rest, oci := strings.CutPrefix(source, "oci://"); oci {
		if i := strings.LastIndexAny(rest, ":/"); i >= 0 && rest[i] == ':' {
			return rest[i+1:]
		}
	}
	return ""
}

var secret = regexp.MustCompile(`(https?://)[^/@]+@`)

func withoutSecret(source string) string { return secret.ReplaceAllString(source, "$1") }

// lastLine is the last line of a node.
func lastLine(node *yaml.Node) int {
	last := node.Line + strings.Count(strings.TrimSuffix(node.Value, "\n"), "\n")
	for _, inner := range node.Content {
		last = max(last, lastLine(inner))
	}
	return last
}

var errorLine = regexp.MustCompile(`line (\d+)`)

// lineOf is the line that yaml.v3 names in an error; 0: none.
func lineOf(err error) int {
	match := errorLine.FindStringSubmatch(err.Error())
	if match == nil {
		return 0
	}
	line, _ := strconv.Atoi(match[1])
	return line
}
