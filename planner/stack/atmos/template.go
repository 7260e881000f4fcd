package atmos

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"text/template"

	"gopkg.in/yaml.v3"
)

// errOutside is returned by functions of templates that would have to look outside of the repository.
var errOutside = errors.New("it asks what lies outside of the repository")

func isOutside(err error) bool { return errors.Is(err, errOutside) }

// maxExpanded is how many bytes a template may expand to: whoever opens a pull request writes templates.
const maxExpanded = 4 << 20

// templates expands Go templates. Parsed ones are kept: the same manifests are merged into many stacks.
type templates struct {
	settings  templateSettings
	functions template.FuncMap
	budget    *budget
	parsing   sync.Mutex
	parsed    map[templateKey]*parsedTemplate
	quotes    sync.Map // see [templates.quote]
}

type templateKey struct {
	name, text string
	own        bool // with the delimiters of the settings
	lenient    bool
}

type parsedTemplate struct {
	template *template.Template
	err      error
	analysed bool
	reads    [][]string // see [templates.reads]
}

func newTemplates(settings templateSettings, env map[string]string) *templates {
	if len(settings.env) > 0 {
		env = maps.Clone(env)
		if env == nil {
			env = map[string]string{}
		}
		for name, value := range settings.env {
			env[name] = fmt.Sprint(value)
		}
	}
	budget := &budget{}
	return &templates{settings: settings, budget: budget, functions: templateFunctions(env, budget), parsed: map[templateKey]*parsedTemplate{}}
}

// limited is a buffer that refuses to grow without bounds.
type limited struct{ bytes.Buffer }

func (l *limited) Write(content []byte) (int, error) {
	if l.Len()+len(content) > maxExpanded {
		return 0, fmt.Errorf("it expands to more than %d bytes", maxExpanded)
	}
	return l.Buffer.Write(content)
}

func (t *templates) execute(key templateKey, data any) (string, error) {
	parsed := t.parse(key)
	if parsed.err != nil {
		return "", parsed.err
	}
	var output limited
	if err := parsed.template.Execute(&output, data); err != nil {
		return "", unknownFunction(err)
	}
	return output.String(), nil
}

func (t *templates) parse(key templateKey) *parsedTemplate {
	t.parsing.Lock()
	defer t.parsing.Unlock()
	parsed := t.parsed[key]
	if parsed == nil {
		parsed = &parsedTemplate{}
		made := template.New(key.name).Funcs(t.functions)
		if key.own {
			made.Delims(t.settings.left, t.settings.right)
		}
		if key.lenient {
			made.Option("missingkey=default")
		} else {
			made.Option("missingkey=error")
		}
		parsed.template, parsed.err = made.Parse(key.text)
		if parsed.err == nil {
			parsed.err = meter(parsed.template)
		}
		parsed.err = unknownFunction(parsed.err)
		t.parsed[key] = parsed
	}
	return parsed
}

// unknownFunction marks errors of functions that Trunkline does not have as errors of what it does not know.
func unknownFunction(err error) error {
	if err == nil || isOutside(err) {
		return err
	}
	message := err.Error()
	if strings.Contains(message, "not defined") && strings.Contains(message, "function ") || strings.Contains(message, "can't evaluate field") && strings.Contains(message, "in type atmos.") {
		return fmt.Errorf("%w: %w", errOutside, err)
	}
	return err
}

// file expands the text of a file.
func (t *templates) file(name, text string, data map[string]any, ignoreMissing bool) (string, error) {
	return t.execute(templateKey{name: name, text: text, lenient: ignoreMissing}, plainData(data))
}

// name expands stacks.name_template and the like.
func (t *templates) name(text string, data map[string]any) (string, error) {
	return t.execute(nameKey(text, t.settings.ignoreMissing), data)
}

func nameKey(text string, ignoreMissing bool) templateKey {
	return templateKey{name: "name", text: text, lenient: ignoreMissing}
}

// strict expands all strings in a section; missing data is an error.
func (t *templates) strict(section map[string]any, data map[string]any) (map[string]any, error) {
	value, err := t.strictValue(section, data, t.retyped)
	if err != nil {
		return nil, err
	}
	return value.(map[string]any), nil
}

// strictValue expands all strings in a value. What becomes of one, as written and as expanded, is for typed to say.
func (t *templates) strictValue(value any, data map[string]any, typed func(written, expanded string) any) (any, error) {
	var failed error
	data = plainData(data)
	expanded := eachString(value, "", func(text, _ string) any {
		if failed != nil || !strings.Contains(text, "{{") {
			return text
		}
		found, err := t.execute(templateKey{name: "manifest", text: text}, data)
		if err != nil {
			failed = err
			return text
		}
		return typed(text, found)
	})
	return expanded, failed
}

// expansion is how an instance's strings are expanded.
type expansion struct {
	templates  *templates
	data       map[string]any
	unresolved []Unresolved
	err        error
}

// value expands all strings in an instance's section. What asks outside stays as it is.
func (e *expansion) value(value any, path string) any {
	left := e.templates.settings.left
	value = eachKey(value, func(key string) string {
		if !strings.Contains(key, left) {
			return key
		}
		return fmt.Sprint(e.text(key, path))
	})
	return eachString(value, path, func(text, path string) any {
		if !strings.Contains(text, left) {
			return text
		}
		return e.text(text, path)
	})
}

// text is what a string with a template becomes.
func (e *expansion) text(text, path string) any {
	left := e.templates.settings.left
	found := text
	for range e.templates.settings.evaluations {
		expanded, err := e.templates.execute(templateKey{name: path, text: found, own: true, lenient: true}, e.data)
		switch {
		case isOutside(err):
			e.unresolved = append(e.unresolved, Unresolved{Path: path, Function: "template", Text: text})
			return text
		case err != nil:
			if e.err == nil {
				e.err = err
			}
			return text
		}
		if found = expanded; !strings.Contains(found, left) {
			break
		}
	}
	return e.templates.retyped(text, found)
}

// retyped is what a string becomes when its template is expanded: the manifest is YAML still, so a string that would
// be written there without quotes is read again, and may be a number then, and one between quotes has its lines folded.
func (t *templates) retyped(written, expanded string) any {
	quote := t.quote(written)
	switch {
	case quote == "" && !strings.Contains(expanded, "\n"):
	case quote == "'" && strings.Contains(expanded, "\n") && !strings.Contains(expanded, "'"):
	default:
		return expanded
	}
	decoder := decoder{}
	found, problem := decoder.decode("value: " + quote + expanded + quote)
	if problem != nil {
		return expanded
	}
	return found.values["value"]
}

// quote is what a string would begin with if it were written in YAML: a quote or the mark of a block; "" for neither.
func (t *templates) quote(written string) string {
	if known, there := t.quotes.Load(written); there {
		return known.(string)
	}
	quote := "?"
	if text, err := yaml.Marshal(written); err == nil && len(text) > 0 {
		quote = string(text[:1])
		if !strings.Contains(`"'|>`, quote) {
			quote = ""
		}
	}
	t.quotes.Store(written, quote)
	return quote
}
