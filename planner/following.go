package planner

import (
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/stack"
)

// Following says which environments follow which path or version of one component.
type Following struct {
	// Component is what people call it: the path without what is common to all and without the version.
	Component string
	// Follows are in the order of the environments, then by path. An environment without the component is not there.
	Follows []Follow
	// Diverges: not all environments follow the same.
	Diverges bool
	// Declared are the divergences that the instances declare, each once.
	Declared []Divergence `json:",omitempty"`
}

// Follow is one path that an environment follows.
type Follow struct {
	Environment string
	Version
	// Name is the path as it is shown. In Version it is from the repository's root.
	Name string
	// Stacks that follow it, where the environment follows more than one path; sorted.
	Stacks []string `json:",omitempty"`
	// Change is what the merge does to it.
	Change FollowChange `json:",omitempty"`
}

// FollowChange says what a merge does to what an environment follows.
type FollowChange string

const (
	// FollowStays: it is followed before and after.
	FollowStays FollowChange = ""
	// FollowBegins with the merge, FollowEnds with it.
	FollowBegins FollowChange = "begins"
	FollowEnds   FollowChange = "ends"
)

// Divergence is what a stack manifest declares of a planned divergence, as settings.trunkline.diverge.
type Divergence struct {
	Environment, Reason, Owner string
	// Until is a day such as 2026-12-15; empty: no end is declared.
	Until string `json:",omitempty"`
	// Overdue: the day has passed.
	Overdue bool `json:",omitempty"`
}

// Followings finds the components of which the environments follow different paths after the merge, as far as one of
// their instances is in the preview, and those of which the merge changes what an environment follows.
func Followings(before, after Snapshot, previewed []InstancePreview, now time.Time) []Following {
	shown := map[string]bool{}
	for _, instance := range previewed {
		shown[instance.Instance.Name()] = true
	}
	base := commonBase(before, after)
	rows := followRows(append(before.followed(base, FollowEnds), after.followed(base, FollowBegins)...))
	var all []Following
	for _, row := range rows {
		following, changed := row.following(after.Environments)
		seen := slices.ContainsFunc(row, func(f followed) bool { return shown[f.instance.Name()] })
		if !changed && !(following.Diverges && seen) {
			continue
		}
		if following.Diverges {
			following.Declared = row.declared(now)
		}
		all = append(all, following)
	}
	slices.SortFunc(all, func(a, b Following) int { return strings.Compare(a.Component, b.Component) })
	return all
}

// followed is one instance that follows a path, before the merge (FollowEnds) or after it (FollowBegins).
type followed struct {
	instance stack.Instance
	version  Version
	// called is the component's name, by which paths belong together although they have nothing in common.
	called string
	// shown is the path, and family its family, as people see them.
	shown, family string
	side          FollowChange
}

// followed is what the snapshot's instances follow: their components, and the versions of modules in their code.
func (s Snapshot) followed(base string, side FollowChange) (all []followed) {
	known := map[[2]string]Version{} // many instances follow the same
	read := func(name, base string) Version {
		version, is := known[[2]string{name, base}]
		if !is {
			version = VersionOf(name, base)
			known[[2]string{name, base}] = version
		}
		return version
	}
	for _, name := range slices.Sorted(maps.Keys(s.Instances)) {
		resolved := s.Instances[name]
		instance := resolved.Instance
		version := read(instance.Path, base)
		called := read(instance.Component, "").Family
		switch s.rules.Stacks.Layout {
		case config.LayoutFolders:
			// The path says the environment too; what is followed is the component.
			version = read(instance.Component, "")
		case config.LayoutList:
			version = read(withoutEnvironment(instance.Path, instance), base)
			if wholeLabel(instance.Component) != TrunkVersion {
				called = "" // the name is only a version
			}
		}
		one := followed{instance: instance, version: version, called: called, side: side}
		one.shown, one.family = under(base, version.Path), under(base, version.Family)
		all = append(all, one)
		for _, module := range resolved.Modules {
			all = append(all, followed{instance: instance, version: module, shown: module.Path, family: module.Family, side: side})
		}
	}
	return all
}

// under is the path below the base.
func under(base, name string) string { return strings.TrimPrefix(strings.TrimPrefix(name, base), "/") }

// withoutEnvironment puts a placeholder for elements that only name the environment: each has directories of its own.
func withoutEnvironment(name string, instance stack.Instance) string {
	elements := strings.Split(name, "/")
	for i, element := range elements {
		if element == instance.Environment {
			elements[i] = "{environment}"
		}
	}
	return strings.Join(elements, "/")
}

// commonBase is the directory that all components are under.
func commonBase(snapshots ...Snapshot) string {
	base, found := "", false
	for _, s := range snapshots {
		for _, resolved := range s.Instances {
			under := path.Dir(resolved.Instance.Path)
			if component, is := resolved.Instance.Metadata["component"].(string); is && strings.HasSuffix(resolved.Instance.Path, "/"+component) {
				under = strings.TrimSuffix(resolved.Instance.Path, "/"+component)
			}
			if !found {
				base, found = under, true
			}
			for base != "." && base != under && !strings.HasPrefix(under, base+"/") {
				base = path.Dir(base)
			}
		}
	}
	// A directory of versions is no directory of components.
	for base != "." && base != "" && (wholeLabel(path.Base(base)) != TrunkVersion || slices.Contains(channelFolders, path.Base(base)) || onlyVersions(base, snapshots)) {
		base = path.Dir(base)
	}
	if base == "." {
		return ""
	}
	return base
}

// onlyVersions tells whether everything right under the directory is a version.
func onlyVersions(base string, snapshots []Snapshot) bool {
	for _, s := range snapshots {
		for _, resolved := range s.Instances {
			first, _, _ := strings.Cut(under(base, resolved.Instance.Path), "/")
			if wholeLabel(first) == TrunkVersion || first != under(base, resolved.Instance.Path) {
				return false
			}
		}
	}
	return true
}

// localVersions are the versions of the local modules of a directory, by their paths.
func (g *gatherer) localVersions(directory string, modules []string) (versions []Version) {
	for _, module := range modules {
		if found, inside := g.links.resolve(directory, module); inside {
			versions = append(versions, VersionOf(found, strings.TrimPrefix(path.Dir(path.Dir(found)), ".")))
		}
	}
	return versions
}

// moduleVersions are the versions of the modules that the instance's code uses.
func (g *gatherer) moduleVersions(instance stack.Instance) []Version {
	versions := g.code[instance.Path].versions
	own := func(version Version) bool { // a module of the environment's own is no version
		return slices.Contains(strings.Split(version.Path, "/"), instance.Environment)
	}
	if !slices.ContainsFunc(versions, own) {
		return versions
	}
	return slices.DeleteFunc(slices.Clone(versions), own)
}
