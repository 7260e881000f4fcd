package atmos

import (
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/trunkline/trunkline/config"
)

// manifestImport is one entry of a manifest's imports.
type manifestImport struct {
	path          string
	files         []string
	context       map[string]any
	asIs          bool
	ignoreMissing bool
	remote        bool
	number        int // in the list
}

// imports are the imports of a manifest, in order.
func (l *loader) imports(file string, document *document) ([]manifestImport, *config.Problem) {
	value := document.values["import"]
	if value == nil {
		return nil, nil
	}
	list, is := plainList(value)
	if !is {
		return nil, atNode(file, document.nearest("import"), "import is to be a list of manifests")
	}
	imports := make([]manifestImport, 0, len(list))
	for i, entry := range list {
		one := manifestImport{number: i}
		skip := false
		switch entry := entry.(type) {
		case string:
			one.path = entry
		case map[string]any:
			one.path, _ = entry["path"].(string)
			one.context = section(entry, "context")
			one.asIs = truth(entry["skip_templates_processing"], false)
			one.ignoreMissing = truth(entry["ignore_missing_template_values"], false)
			skip = truth(entry["skip_if_missing"], false)
		}
		if one.path == "" {
			return nil, atNode(file, document.item(i, "import"), "an import is the path of a manifest, or a map with its path")
		}
		if one.remote = remote(one.path); !one.remote {
			one.files = l.matching(file, one.path)
		}
		if len(one.files) == 0 && !one.remote && !skip && !strings.Contains(one.path, "{{") {
			return nil, atNode(file, document.item(i, "import"), "no manifest below %s is matched by the import %q%s", l.settings.stacks, one.path, l.meant(one.path))
		}
		imports = append(imports, one)
	}
	return imports, nil
}

// remote tells whether an import is from outside of the repository.
func remote(wanted string) bool {
	if strings.Contains(wanted, "://") || strings.Contains(wanted, "::") || strings.HasPrefix(wanted, "git@") {
		return true
	}
	host, rest, found := strings.Cut(wanted, "/")
	return found && rest != "" && (host == "github.com" || host == "gitlab.com" || host == "bitbucket.org")
}

// matching are the files that an import means, in the order in which they are merged.
func (l *loader) matching(from, wanted string) []string {
	name := wanted
	if wanted == "." || wanted == ".." || strings.HasPrefix(wanted, "./") || strings.HasPrefix(wanted, "../") {
		name = path.Join(path.Dir(l.relative(from)), wanted)
	}
	name = path.Join(l.settings.stacks, name)
	switch path.Ext(name) {
	case "":
		for _, candidate := range manifestNames(name) {
			if l.has(candidate) {
				return []string{candidate}
			}
		}
		name += ".yaml"
	case ".yaml", ".yml":
		if l.has(name + ".tmpl") {
			name += ".tmpl"
		}
	}
	if l.has(name) {
		return []string{name}
	}
	if !strings.ContainsAny(name, "*?[{") || !doublestar.ValidatePattern(name) {
		return nil
	}
	among := l.manifests
	if withoutExtension(name) == name || !l.inStacks(name) {
		among = l.files.Files()
	}
	var found []string
	for _, file := range among {
		if doublestar.MatchUnvalidated(name, file) && l.has(file) {
			found = append(found, file)
		}
	}
	sortLikeGlob(found, strings.Contains(name, "**"))
	return found
}

// has tells whether there is a file that can be a manifest, of whatever name, and reads it.
func (l *loader) has(file string) bool {
	if _, there := l.contents[file]; there {
		return true
	}
	if _, there := slices.BinarySearch(l.files.Files(), file); !there {
		return false
	}
	contents, err := l.files.ReadAll(l.ctx, []string{file})
	if err != nil {
		return false // it is too large, say
	}
	l.contents[file] = string(contents[file])
	if target := l.linked(file); target != file {
		l.contents[file] = l.contents[target]
	}
	return true
}

// meant is ": did you mean …?" with the manifest whose name is nearest, or nothing where none is near.
func (l *loader) meant(wanted string) string {
	wanted = withoutExtension(wanted)
	best, distance := "", len(wanted)/3+2
	for _, file := range l.manifests {
		name := withoutExtension(l.relative(file))
		if far := edits(wanted, name); far < distance {
			best, distance = name, far
		}
	}
	if best == "" {
		return ""
	}
	return ": did you mean \"" + best + "\"?"
}

// edits is how many letters have to be changed, added or left out to make one text of the other.
func edits(from, to string) int {
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(from) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(to) {
			cost := diagonal
			if from[i] != to[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(to)]
}
