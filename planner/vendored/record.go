package vendored

import (
	"context"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// records are the files in which code says of itself which version it is.
var records = []string{"VERSION", "VERSION.txt", "version.txt", ".version"}

var onlyVersion = regexp.MustCompile(`^v?[0-9]+(\.[0-9]+)+(-[0-9A-Za-z.-]+)?$`)

// recorded finds folders that say of themselves that they are another version than their pin: in a file of the version,
// or in a component.yaml, beside the pin of the vendoring manifest.
func (f *findings) recorded(ctx context.Context) error {
	var files []string
	for _, pin := range f.manifest.Pins {
		for _, name := range records {
			if file := path.Join(pin.Target, name); f.Merge.HasFile(file) && pin.Version != "" && pin.has(name) {
				files = append(files, file)
			}
		}
	}
	slices.Sort(files)
	contents, err := f.Merge.ReadAll(ctx, slices.Compact(files))
	if err != nil {
		return err
	}
	for _, pin := range f.manifest.Pins {
		// A branch or a commit may well be any version.
		if numberOf(pin.Version) == "" {
			continue
		}
		for _, name := range records {
			said := strings.TrimSpace(string(contents[path.Join(pin.Target, name)]))
			if onlyVersion.MatchString(said) && !compatible(said, pin.Version) {
				f.warn(pin, pin.Line, "`%s` is pinned at `%s`, but says of itself in `%s` that it is `%s`", pin.Target, pin.Version, name, said)
			}
		}
		for _, own := range f.manifest.Pins {
			if own.Own && !pin.Own && own.Target == pin.Target && own.Version != "" && !compatible(own.Version, pin.Version) {
				f.warn(pin, pin.Line, "`%s` is pinned at `%s`, but at `%s` in `%s`", pin.Target, pin.Version, own.Version, own.File)
			}
		}
	}
	return f.locked(ctx)
}

// lockFile is the file in which Atmos writes down what it vendored, as far as it matters here.
type lockFile struct {
	Artifacts map[string]struct {
		Target string `yaml:"target"`
		Source struct {
			Declared        string `yaml:"declared"`
			ResolvedVersion string `yaml:"resolved_version"`
		} `yaml:"source"`
	} `yaml:"artifacts"`
}

// locked finds folders that were vendored at another version than they are pinned at now, by the lock file.
func (f *findings) locked(ctx context.Context) error {
	name := f.manifest.Places.Lock
	if !f.Merge.HasFile(name) {
		return nil
	}
	content, err := f.Merge.Read(ctx, name)
	if err != nil {
		return err
	}
	var lock lockFile
	if yaml.Unmarshal(content, &lock) != nil {
		return nil // Atmos will say so
	}
	for _, key := range slices.Sorted(maps.Keys(lock.Artifacts)) {
		artifact := lock.Artifacts[key]
		version := refOf(artifact.Source.Declared)
		if artifact.Source.ResolvedVersion != "" {
			version = artifact.Source.ResolvedVersion
		}
		for _, pin := range f.manifest.Pins {
			if version == "" || pin.Version == "" || path.Clean(artifact.Target) != pin.Target || sourceOf(artifact.Source.Declared) != sourceOf(pin.Source) || compatible(version, pin.Version) {
				continue
			}
			f.warn(pin, pin.Line, "`%s` is pinned at `%s`, but `%s` says that `%s` was vendored", pin.Target, pin.Version, name, version)
		}
	}
	return nil
}

// sourceOf is a source without the version that it names.
func sourceOf(source string) string {
	before, _, _ := strings.Cut(withoutSecret(source), "?")
	return strings.TrimPrefix(before, "git::")
}
