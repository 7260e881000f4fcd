package vendored

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/mirror"
)

// Comparison is what is compared: trunk, and the pull request merged into it.
type Comparison struct {
	Trunk, Merge *mirror.Tree
	// Instances of the merge.
	Instances map[string]planner.Resolved
}

// Finding is a warning. Its Line is the one to show, First to EndLine are the whole entry of the pin.
type Finding struct {
	planner.Finding
	First int
}

// Compare finds what is vendored otherwise than it is pinned after the merge, and what the merge itself changes by hand
// in a vendored folder; there ChangedFile is the first file. All are warnings at the pin's line. Changed lines are for the
// caller to find.
func Compare(ctx context.Context, c Comparison) ([]Finding, error) {
	manifest, err := Read(ctx, c.Merge)
	if err != nil || len(manifest.Pins)+len(manifest.Problems) == 0 {
		return nil, err
	}
	before, err := Read(ctx, c.Trunk)
	if err != nil {
		before = Manifest{} // trunk's own fault: then it is not known what was pinned
	}
	f := &findings{Comparison: c, manifest: manifest}
	for _, problem := range manifest.Problems {
		f.all = append(f.all, Finding{planner.Finding{Level: planner.Warn, Message: problem.Message, File: problem.File, Line: problem.Line, EndLine: problem.Line}, problem.Line})
	}
	f.missing()
	f.named()
	f.followed()
	f.edited(before)
	if err := f.recorded(ctx); err != nil {
		return nil, err
	}
	return f.all, nil
}

type findings struct {
	Comparison
	manifest Manifest
	all      []Finding
}

func (f *findings) warn(pin Pin, line int, format string, arguments ...any) {
	f.all = append(f.all, Finding{planner.Finding{Level: planner.Warn, Message: fmt.Sprintf(format, arguments...), File: pin.File, Line: line,
		EndLine: max(line, pin.Last), Instances: f.following(pin.Target)}, min(line, pin.First)})
}

// following are the instances whose component is the folder, or lies in it.
func (f *findings) following(folder string) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(f.Instances)) {
		if at := f.Instances[name].Instance.Path; at == folder || strings.HasPrefix(at, folder+"/") {
			names = append(names, name)
		}
	}
	return names
}

// manyMissing targets without a single one that is there are of a repository that vendors elsewhere.
const manyMissing = 5

// missing finds targets that are not in Git.
func (f *findings) missing() {
	var gone []Pin
	for _, pin := range f.manifest.Pins {
		if !f.Merge.HasDirectory(pin.Target) && !f.Merge.HasFile(pin.Target) {
			gone = append(gone, pin)
		}
	}
	if len(gone) > manyMissing && len(gone) == len(f.manifest.Pins) {
		f.warn(gone[0], gone[0].TargetLine, "none of the %d targets is in Git: what is vendored cannot be compared with its pins", len(gone))
		return
	}
	for _, pin := range gone {
		f.warn(pin, pin.TargetLine, "`%s` is pinned at %s, but it is not there: it was never vendored, or removed", pin.Target, at(pin))
	}
}

func at(pin Pin) string {
	if pin.Version == "" {
		return "no version"
	}
	return "`" + pin.Version + "`"
}

// version of a path below the components' folder, or of any other path by its last elements.
func (f *findings) version(name string) planner.Version {
	base := f.manifest.Places.Components
	if !strings.HasPrefix(name, base+"/") {
		base = strings.TrimPrefix(path.Dir(path.Dir(name)), ".")
	}
	return planner.VersionOf(name, base)
}

// named finds folders whose names say another version than the pin, and pins that say two.
func (f *findings) named() {
	for _, pin := range f.manifest.Pins {
		if pin.Declared != "" {
			f.warn(pin, pin.Line, "the version is `%s`, but the source names `%s`, which is what counts", pin.Declared, pin.Version)
		}
		version := f.version(pin.Target)
		switch {
		case pin.Version == "" || compatible(version.Label, pin.Version):
		case version.Kind == planner.PinnedVersion, version.Kind == planner.FolderVersion && numberOf(pin.Version) != "":
			f.warn(pin, pin.Line, "`%s` is pinned at `%s`, but the folder's name says `%s`", pin.Target, pin.Version, version.Label)
		}
	}
}

// followed finds instances that follow a version of a component that is pinned only at others.
func (f *findings) followed() {
	byPath := map[string][]string{}
	for name, resolved := range f.Instances {
		byPath[resolved.Instance.Path] = append(byPath[resolved.Instance.Path], name)
	}
	for _, at := range slices.Sorted(maps.Keys(byPath)) {
		version := f.version(at)
		if version.Kind != planner.PinnedVersion && version.Kind != planner.FolderVersion || f.pinned(at) {
			continue
		}
		var others []string
		var first *Pin
		for i, pin := range f.manifest.Pins {
			// A component's own pin is about nothing but its folder.
			if pin.Own || f.version(pin.Target).Family != version.Family || pin.Version == "" || compatible(version.Label, pin.Version) {
				continue
			}
			if first == nil {
				first = &f.manifest.Pins[i]
			}
			others = append(others, "`"+pin.Version+"`")
		}
		if first == nil {
			continue
		}
		slices.Sort(byPath[at])
		f.warn(*first, first.Line, "`%s` is followed%s, but %s is pinned at %s only", at, f.where(byPath[at]), path.Base(version.Family),
			strings.Join(slices.Compact(others), ", "))
		f.all[len(f.all)-1].Instances = byPath[at]
	}
}

// where says which manifest makes the first of the instances follow its path.
func (f *findings) where(names []string) string {
	sources := f.Instances[names[0]].Instance.Sources
	if len(sources) == 0 {
		return ""
	}
	last := sources[len(sources)-1]
	return fmt.Sprintf(" (`%s:%d`)", last.File, last.Line)
}

// pinned tells whether a pin vendors the folder, or one around it.
func (f *findings) pinned(folder string) bool {
	return slices.ContainsFunc(f.manifest.Pins, func(pin Pin) bool {
		return folder == pin.Target || strings.HasPrefix(folder, pin.Target+"/")
	})
}

// edited finds vendored folders that the merge changes although their pins are those of trunk.
func (f *findings) edited(before Manifest) {
	was := map[string][]Pin{}
	for _, pin := range before.Pins {
		was[pin.Target] = append(was[pin.Target], pin)
	}
	now := map[string][]Pin{}
	for _, pin := range f.manifest.Pins {
		now[pin.Target] = append(now[pin.Target], pin)
	}
	for _, target := range slices.Sorted(maps.Keys(now)) {
		pins := now[target]
		if !slices.EqualFunc(was[target], pins, Pin.same) {
			continue
		}
		var files []string
		for _, file := range f.changed(target) {
			if !f.innermost(file, target) || !slices.ContainsFunc(pins, func(pin Pin) bool { return pin.has(strings.TrimPrefix(file, target+"/")) }) {
				continue
			}
			files = append(files, file)
		}
		if len(files) == 0 {
			continue
		}
		f.warn(pins[0], pins[0].Line, "%s by hand, but its pin stays at %s: what is vendored in `%s` no longer is what the pin names",
			listed(files, target), at(pins[0]), target)
		if kept := slices.IndexFunc(files, f.Merge.HasFile); kept >= 0 {
			f.all[len(f.all)-1].ChangedFile = files[kept]
		}
	}
}

// changed are the files of the folder that differ between trunk and merge. A folder that is new or gone has none.
func (f *findings) changed(folder string) (files []string) {
	if one, two := f.Trunk.HasFile(folder), f.Merge.HasFile(folder); one && two {
		before, _ := f.Trunk.Entry(folder)
		after, _ := f.Merge.Entry(folder)
		if before.ID != after.ID {
			return []string{folder}
		}
		return nil
	}
	if before, after := f.Trunk.DirectoryID(folder), f.Merge.DirectoryID(folder); before == "" || after == "" || before == after {
		return nil
	}
	ids := map[string]string{}
	for _, entry := range f.Trunk.Under(folder) {
		if entry.Kind != mirror.Directory {
			ids[entry.Path] = entry.ID
		}
	}
	for _, entry := range f.Merge.Under(folder) {
		if entry.Kind == mirror.Directory {
			continue
		}
		if ids[entry.Path] != entry.ID {
			files = append(files, entry.Path)
		}
		delete(ids, entry.Path)
	}
	files = append(files, slices.Collect(maps.Keys(ids))...)
	slices.Sort(files)
	return files
}

// innermost tells whether no other target lies between the folder and the file.
func (f *findings) innermost(file, folder string) bool {
	return !slices.ContainsFunc(f.manifest.Pins, func(pin Pin) bool {
		return strings.HasPrefix(pin.Target, folder+"/") && (file == pin.Target || strings.HasPrefix(file, pin.Target+"/"))
	})
}

// local are files that engines and people lay beside vendored code, and that no source has.
var local = []string{".terraform.lock.hcl", "component.yaml", "component.yml", "backend.tf.json", "providers_override.tf.json"}

// has tells whether the pin vendors the file, by its path in the target.
func (p Pin) has(file string) bool {
	if slices.Contains(local, path.Base(file)) {
		return false
	}
	matches := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool {
			pattern = strings.TrimPrefix(pattern, "./")
			return doublestar.MatchUnvalidated(pattern, file) || doublestar.MatchUnvalidated(pattern, path.Join("source", file))
		})
	}
	return (len(p.Included) == 0 || matches(p.Included)) && !matches(p.Excluded)
}

// listed names the first files.
func listed(files []string, folder string) string {
	const most = 3
	var names []string
	for _, file := range files[:min(most, len(files))] {
		names = append(names, "`"+strings.TrimPrefix(file, folder+"/")+"`")
	}
	if more := len(files) - most; more > 0 {
		return fmt.Sprintf("%s and %d more files are changed", strings.Join(names, ", "), more)
	}
	if len(names) == 1 {
		return names[0] + " is changed"
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1] + " are changed"
}
