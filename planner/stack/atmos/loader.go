package atmos

import (
	"context"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/trunkline/trunkline/config"
)

// loader reads manifests, each once, and keeps what it merged of them: most stacks import the same ones.
type loader struct {
	ctx       context.Context
	settings  settings
	options   Options
	files     Files
	templates *templates
	// manifests below the stacks' folder, sorted, and their contents.
	manifests []string
	contents  map[string]string
	parsed    map[parsedKey]*parsedFile
	merged    map[string]*merged
	// reads tells which manifests read their data: see [loader.contextual].
	reads  map[string]bool
	active []string
}

type parsedKey struct{ file, text string }

type parsedFile struct {
	document *document
	problem  *config.Problem
}

// merged is a manifest with its imports.
type merged struct {
	values map[string]any
	// inline and imported are the overrides that go on to what imports this.
	inline, imported map[string]any
	// sources of the components, by name.
	sources map[string][]Source
	// locals of the manifest itself: they are not inherited by what imports it.
	locals map[string]any
	// unresolved imports.
	unresolved []Unresolved
	// documents that took part, for problems: the last one first that says something.
	documents []*parsedManifest
}

type parsedManifest struct {
	file     string
	document *document
}

// request asks for a manifest in the circumstances in which it is imported.
type request struct {
	file             string
	context          map[string]any
	given            bool // an import gave data, besides what the importing files have themselves
	inline, imported map[string]any
	asIs             bool // templates are left alone
	ignoreMissing    bool
}

func newLoader(ctx context.Context, files Files, settings settings, options Options) (*loader, error) {
	l := &loader{
		ctx: ctx, settings: settings, options: options, files: files, templates: newTemplates(settings.templates, options.Env),
		contents: map[string]string{}, parsed: map[parsedKey]*parsedFile{}, merged: map[string]*merged{}, reads: map[string]bool{},
	}
	for _, file := range files.Files() {
		if withoutExtension(file) != file && l.inStacks(file) {
			l.manifests = append(l.manifests, file)
		}
	}
	contents, err := files.ReadAll(ctx, l.manifests)
	if err != nil {
		return nil, err
	}
	for file, content := range contents {
		l.contents[file] = string(content)
		l.templates.budget.grow(len(content))
	}
	for _, file := range l.manifests {
		if target := l.linked(file); target != file {
			l.contents[file] = l.contents[target]
		}
	}
	return l, nil
}

// linked is the manifest that a link leads to. What a commit holds of a link is the path: one line that is no manifest.
func (l *loader) linked(file string) string {
	for range 10 {
		text := l.contents[file]
		if text == "" || strings.ContainsAny(text, "\n:{[") {
			break
		}
		target := path.Join(path.Dir(file), text)
		if !l.has(target) {
			break
		}
		file = target
	}
	return file
}

// inStacks tells whether the path is below the stacks' folder.
func (l *loader) inStacks(file string) bool {
	return l.settings.stacks == "." || strings.HasPrefix(file, l.settings.stacks+"/")
}

// relative is the file's path below the stacks' folder.
func (l *loader) relative(file string) string {
	if l.settings.stacks == "." {
		return file
	}
	return strings.TrimPrefix(file, l.settings.stacks+"/")
}

// stacks are the manifests that are stacks.
func (l *loader) stacks() ([]string, error) {
	var found []string
	for _, pattern := range l.settings.included {
		patterns := []string{pattern}
		if path.Ext(pattern) == "" {
			patterns = manifestNames(pattern)
		}
		any := false
		for _, file := range l.manifests {
			name := l.relative(file)
			matches := func(pattern string) bool { return doublestar.MatchUnvalidated(strings.TrimPrefix(pattern, "./"), name) }
			if !slices.ContainsFunc(patterns, matches) {
				continue
			}
			any = true
			if !slices.ContainsFunc(l.settings.excluded, matches) && !slices.Contains(found, file) {
				found = append(found, file)
			}
		}
		if !any {
			return nil, config.Problems{atNode(l.settings.file, nil, "no manifest below %s is matched by %q of stacks.included_paths", l.settings.stacks, pattern)}
		}
	}
	slices.Sort(found)
	return found, nil
}

// load merges a manifest with its imports.
func (l *loader) load(wanted request) (*merged, *config.Problem) {
	if !l.contextual(wanted.file, nil) {
		wanted.context, wanted.given = nil, false
	}
	key, known := wanted.key()
	if found := l.merged[key]; known && found != nil {
		return found, nil
	}
	l.active = append(l.active, wanted.file)
	result, problem := l.merge(wanted)
	l.active = l.active[:len(l.active)-1]
	if problem != nil {
		return nil, problem
	}
	if known {
		l.merged[key] = result
	}
	return result, nil
}

// key tells requests with the same answer; false where they cannot be told.
func (r request) key() (string, bool) {
	key := strings.Builder{}
	key.WriteString(r.file)
	if r.asIs {
		key.WriteString("\x00as is")
	}
	if r.given {
		key.WriteString("\x00given")
	}
	if r.ignoreMissing {
		key.WriteString("\x00ignore")
	}
	for _, values := range []map[string]any{r.context, r.inline, r.imported} {
		key.WriteByte(0)
		if len(values) == 0 {
			continue
		}
		text, err := json.Marshal(values)
		if err != nil {
			return "", false
		}
		key.Write(text)
	}
	return key.String(), true
}

// contextual tells whether the manifest, or what it imports, may look at the data that it is imported with. The
// answer is the same for all stacks, so that those that do not are merged once.
func (l *loader) contextual(file string, chain []string) bool {
	if known, there := l.reads[file]; there {
		return known
	}
	if slices.Contains(chain, file) {
		return false
	}
	text := l.contents[file]
	reads := strings.Contains(text, "{{")
	if !reads && strings.Contains(text, "import") {
		if parsed := l.parse(file, text); parsed.problem == nil {
			imports, _ := l.imports(file, parsed.document)
			for _, one := range imports {
				reads = reads || slices.ContainsFunc(one.files, func(imported string) bool {
					return l.contextual(imported, append(chain[:len(chain):len(chain)], file))
				})
			}
		}
	}
	if len(chain) == 0 || reads {
		l.reads[file] = reads
	}
	return reads
}

// parseAll parses the manifests, several at a time.
func (l *loader) parseAll() {
	all := make([]*parsedFile, len(l.manifests))
	inParallel(len(all), func(i int) { all[i] = l.decode(l.manifests[i], l.contents[l.manifests[i]]) })
	for i, file := range l.manifests {
		l.parsed[parsedKey{file, l.contents[file]}] = all[i]
	}
}

func (l *loader) parse(file, text string) *parsedFile {
	key := parsedKey{file, text}
	if l.parsed[key] == nil {
		l.parsed[key] = l.decode(file, text)
	}
	return l.parsed[key]
}

func (l *loader) decode(file, text string) *parsedFile {
	decoder := decoder{file: file, include: func(argument string, raw bool) (any, error) { return l.include(file, argument, raw) }}
	document, problem := decoder.decode(text)
	return &parsedFile{document: document, problem: problem}
}
