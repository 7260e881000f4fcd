package atmos

import (
	"context"
	"errors"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/trunkline/trunkline/config"
)

// settings are what atmos.yaml says, as far as it matters here. Paths are from the repository's root.
type settings struct {
	file string
	// stacks and components are folders.
	stacks, components string
	base               string
	included, excluded []string
	pattern, template  string
	lists              lists
	templates          templateSettings
	// inherit tells whether metadata is inherited, workspaces whether instances have any.
	inherit, workspaces bool
	// backendFile and generates tell whether files are written beside the code before it is run: that of the backend,
	// and those of the section generate.
	backendFile, generates bool
	command                string
	env                    map[string]any
	github                 map[string]any // settings.integrations.github of all instances
}

// templateSettings are templates.settings.
type templateSettings struct {
	enabled, sprig, gomplate bool
	ignoreMissing            bool
	evaluations              int
	left, right              string
	env                      map[string]any // that templates see, over the environment
}

// configNames are the files that Atmos looks for, the first that is there counts. The last one is where images have it
// that are built of the repository; its paths are from the repository's root too.
func configNames() []string {
	return []string{"atmos.yaml", "atmos.yml", ".atmos.yaml", ".atmos.yml", "rootfs/usr/local/etc/atmos/atmos.yaml"}
}

// HasSettings tells whether the files have an atmos.yaml.
func HasSettings(files Files) bool {
	return slices.ContainsFunc(configNames(), func(name string) bool {
		_, there := slices.BinarySearch(files.Files(), name)
		return there
	})
}

// readSettings reads atmos.yaml with what it imports. Its own values win over those of its imports, and these over
// atmos.d.
func readSettings(ctx context.Context, files Files, options Options) (settings, error) {
	reader := &configReader{ctx: ctx, files: files, options: options}
	name, values, err := reader.values()
	if err != nil {
		return settings{}, err
	}
	if name == "" {
		return settings{}, config.Problems{{File: "atmos.yaml", Message: "there is no atmos.yaml: a repository of the layout atmos has one at its root"}}
	}
	return reader.settings(name, values)
}

// values are those of atmos.yaml and of all that belongs to it. An empty name: there is none.
func (r *configReader) values() (name string, values map[string]any, err error) {
	for _, name := range configNames() {
		if _, there := slices.BinarySearch(r.files.Files(), name); !there {
			continue
		}
		values, err := r.read(name, nil)
		for _, folder := range []string{".atmos.d", "atmos.d"} {
			if err == nil {
				values, err = r.under(folder, values)
			}
		}
		called := caller{loader: &loader{options: r.options}}
		return name, called.section(values, ""), err
	}
	return "", nil, nil
}

// configReader reads atmos.yaml and what belongs to it.
type configReader struct {
	ctx     context.Context
	files   Files
	options Options
}

// read reads one file and merges it over its imports.
func (r *configReader) read(name string, chain []string) (map[string]any, error) {
	if slices.Contains(chain, name) {
		return nil, config.Problems{{File: name, Message: "imports itself: " + strings.Join(append(chain, name), " → ")}}
	}
	contents, err := r.files.ReadAll(r.ctx, []string{name})
	if err != nil {
		return nil, err
	}
	decoder := decoder{file: name}
	document, problem := decoder.decode(string(contents[name]))
	if problem != nil {
		return nil, config.Problems{problem}
	}
	layers := []map[string]any{}
	imports, _ := plainList(document.values["import"])
	for _, one := range imports {
		wanted, _ := one.(string)
		if wanted == "" || remote(wanted) {
			continue
		}
		for _, file := range r.matching(path.Join(path.Dir(name), wanted)) {
			imported, err := r.read(file, append(chain[:len(chain):len(chain)], name))
			if err != nil {
				return nil, err
			}
			layers = append(layers, imported)
		}
	}
	return merge(replaceLists, append(layers, document.values)...), nil
}

// under reads the files of a folder such as atmos.d, below the values.
func (r *configReader) under(folder string, values map[string]any) (map[string]any, error) {
	var layers []map[string]any
	for _, file := range r.files.Files() {
		if strings.HasPrefix(file, folder+"/") && isYAML(file) {
			read, err := r.read(file, nil)
			if err != nil {
				return nil, err
			}
			layers = append(layers, read)
		}
	}
	return merge(replaceLists, append(layers, values)...), nil
}

// matching are the files that an import of atmos.yaml means; a folder means the files in it.
func (r *configReader) matching(wanted string) []string {
	var found []string
	patterns := []string{wanted, wanted + ".yaml", wanted + ".yml", wanted + "/*.yaml", wanted + "/*.yml"}
	for _, file := range r.files.Files() {
		if isYAML(file) && slices.ContainsFunc(patterns, func(pattern string) bool { return doublestar.MatchUnvalidated(pattern, file) }) {
			found = append(found, file)
		}
	}
	return found
}

func isYAML(file string) bool {
	return strings.HasSuffix(file, ".yaml") || strings.HasSuffix(file, ".yml")
}

func (r *configReader) settings(file string, values map[string]any) (settings, error) {
	read := settings{
		file: file, pattern: textOf(values, "stacks", "name_pattern"), template: textOf(values, "stacks", "name_template"),
		included: texts(dig(values, "stacks", "included_paths")), excluded: texts(dig(values, "stacks", "excluded_paths")),
		lists: lists(textOf(values, "settings", "list_merge_strategy")), inherit: true, workspaces: true,
		command: textOf(values, "components", "terraform", "command"), env: section(values, "env"),
		templates: readTemplateSettings(values),
	}
	read.github = section(section(values, "integrations"), "github")
	read.backendFile = truth(dig(values, "components", "terraform", "auto_generate_backend_file"), false)
	read.generates = truth(dig(values, "components", "terraform", "auto_generate_files"), false)
	read.workspaces = truth(dig(values, "components", "terraform", "workspaces_enabled"), true)
	read.inherit = truth(dig(values, "stacks", "inherit", "metadata"), true)
	if read.command == "" {
		read.command = "terraform"
	}
	problem := func(format string, arguments ...any) error {
		return config.Problems{atNode(file, nil, format, arguments...)}
	}
	if read.lists == "" {
		read.lists = replaceLists
	}
	if !read.lists.known() {
		return settings{}, problem("settings.list_merge_strategy is %q: it is replace, append or merge", read.lists)
	}
	if len(read.included) == 0 {
		return settings{}, problem("stacks.included_paths is missing: it says which manifests are stacks, such as [\"**/*\"]")
	}
	for _, pattern := range append(slices.Clone(read.included), read.excluded...) {
		if !doublestar.ValidatePattern(pattern) {
			return settings{}, problem("the path %q under stacks is no pattern", pattern)
		}
	}
	if err := read.place(values); err != nil {
		return settings{}, problem("%s", err)
	}
	return read, nil
}

// place finds the folders of stacks and components.
func (s *settings) place(values map[string]any) error {
	base := textOf(values, "base_path")
	if path.IsAbs(base) && path.Dir(s.file) != "." {
		base = "." // where the image has the repository
	}
	stacks, components := textOf(values, "stacks", "base_path"), textOf(values, "components", "terraform", "base_path")
	if stacks == "" {
		stacks = "stacks"
	}
	if components == "" {
		components = path.Join("components", "terraform")
	}
	for _, one := range []string{base, stacks, components} {
		if path.IsAbs(one) {
			return errors.New("the path " + one + " is absolute: paths in it are from the repository's root")
		}
	}
	s.base, s.stacks, s.components = path.Join(".", base), path.Join(base, stacks), path.Join(base, components)
	for _, one := range []string{s.base, s.stacks} { // of components outside each instance says so
		if one == ".." || strings.HasPrefix(one, "../") {
			return errors.New("the path " + one + " leads out of the repository")
		}
	}
	return nil
}

func readTemplateSettings(values map[string]any) templateSettings {
	inner := section(section(values, "templates"), "settings")
	read := templateSettings{
		enabled: truth(inner["enabled"], false), sprig: truth(dig(inner, "sprig", "enabled"), true),
		gomplate: truth(dig(inner, "gomplate", "enabled"), true), ignoreMissing: truth(inner["ignore_missing_template_values"], false),
		evaluations: 1, left: "{{", right: "}}", env: section(inner, "env"),
	}
	if passes, is := inner["evaluations"].(int); is && passes > 1 {
		read.evaluations = min(passes, 10)
	}
	if marks := texts(inner["delimiters"]); len(marks) == 2 && marks[0] != "" && marks[1] != "" {
		read.left, read.right = marks[0], marks[1]
	}
	return read
}

// texts are the strings of a list.
func texts(value any) []string {
	list, _ := plainList(value)
	var found []string
	for _, one := range list {
		if text, is := one.(string); is {
			found = append(found, text)
		}
	}
	return found
}

func truth(value any, otherwise bool) bool {
	if is, boolean := value.(bool); boolean {
		return is
	}
	return otherwise
}

// manifestNames is the name with each of a manifest's extensions, in the order in which they are tried.
func manifestNames(name string) []string {
	return []string{name + ".yaml", name + ".yml", name + ".yaml.tmpl", name + ".yml.tmpl"}
}

// withoutExtension is the manifest's path as people write it.
func withoutExtension(file string) string {
	for _, extension := range []string{".yaml.tmpl", ".yml.tmpl", ".yaml", ".yml"} {
		if name, cut := strings.CutSuffix(file, extension); cut {
			return name
		}
	}
	return file
}

// sortLikeGlob sorts files as a glob finds them: by name, and what is right in a folder before its subfolders where
// the pattern goes deeper.
func sortLikeGlob(files []string, deep bool) {
	sort.SliceStable(files, func(i, j int) bool {
		one, other := strings.Split(files[i], "/"), strings.Split(files[j], "/")
		for k := range min(len(one), len(other)) {
			lastOne, lastOther := k == len(one)-1, k == len(other)-1
			if deep && lastOne != lastOther {
				return lastOne
			}
			if one[k] != other[k] {
				return one[k] < other[k]
			}
		}
		return len(one) < len(other)
	})
}
