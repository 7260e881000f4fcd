package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// difference is one changed attribute with its values as they are.
type difference struct {
	path          []any // strings and integers
	before, after any
	// unknown, sensitive and forces as in [Attribute].
	unknown, sensitive, forces bool
}

// side is a value with its marks: the objects of the same shape that say what in it is unknown or sensitive.
type side struct {
	before, after              any
	unknown                    any
	sensitiveBefore, sensitive any
}

// differences are the attributes that change, in order of their paths.
func differences(change tfjson.Change) []difference {
	w := walker{forcing: change.ReplacePaths}
	w.walk(nil, side{change.Before, change.After, change.AfterUnknown, change.BeforeSensitive, change.AfterSensitive})
	for i := range w.found {
		w.found[i].forces = slices.ContainsFunc(w.forcing, func(path any) bool { return touches(w.found[i].path, path) })
	}
	return w.found
}

// walker collects what differs.
type walker struct {
	// forcing are the paths that force a replacement.
	forcing []any
	found   []difference
}

func (w *walker) walk(path []any, value side) {
	unknown, sensitive := value.unknown == true, value.sensitive == true || value.sensitiveBefore == true
	someUnknown := unknown || anyTrue(value.unknown)
	switch {
	case !someUnknown && reflect.DeepEqual(value.before, value.after):
		return
	case unknown || sensitive:
		w.found = append(w.found, difference{path: path, before: value.before, after: value.after, unknown: someUnknown, sensitive: sensitive})
	default:
		if keys, isObject := objectKeys(value); isObject {
			for _, key := range keys {
				w.walk(append(slices.Clone(path), key), value.field(key))
			}
			return
		}
		if length, isList := listLength(value); isList {
			if w.plain(path, value) {
				w.list(path, value)
				return
			}
			for i := range length {
				w.walk(append(slices.Clone(path), i), value.element(i))
			}
			return
		}
		w.found = append(w.found, difference{path: path, before: value.before, after: value.after})
	}
}

// plain tells whether nothing speaks of single places of a list: no marks, and no path that forces a replacement.
// Then its elements may be paired as they fit.
func (w *walker) plain(path []any, value side) bool {
	return !anyTrue(value.unknown) && !anyTrue(value.sensitive) && !anyTrue(value.sensitiveBefore) &&
		!slices.ContainsFunc(w.forcing, func(forcing any) bool {
			steps, _ := forcing.([]any)
			return len(steps) > len(path) && touches(path, forcing)
		})
}

// list adds what differs between two lists: the whole where it holds nothing but plain values, else each element.
func (w *walker) list(path []any, value side) {
	before, _ := value.before.([]any)
	after, _ := value.after.([]any)
	if scalars(before) && scalars(after) {
		w.found = append(w.found, difference{path: path, before: value.before, after: value.after})
		return
	}
	for _, pair := range paired(before, after) {
		switch {
		case pair.after < 0:
			w.found = append(w.found, difference{path: append(slices.Clone(path), pair.before), before: before[pair.before]})
		case pair.before < 0:
			w.found = append(w.found, difference{path: append(slices.Clone(path), pair.after), after: after[pair.after]})
		default:
			w.walk(append(slices.Clone(path), pair.after), side{before: before[pair.before], after: after[pair.after]})
		}
	}
}

// objectKeys are the keys of the object that stands on both sides, or on one while nothing stands on the other.
func objectKeys(value side) ([]string, bool) {
	before, isBefore := value.before.(map[string]any)
	after, isAfter := value.after.(map[string]any)
	unknown, _ := value.unknown.(map[string]any)
	if !(isBefore || value.before == nil) || !(isAfter || value.after == nil) || len(before)+len(after)+len(unknown) == 0 {
		return nil, false
	}
	if !isBefore && !isAfter && len(unknown) == 0 {
		return nil, false
	}
	keys := map[string]bool{}
	for _, object := range []map[string]any{before, after, unknown} {
		for key := range object {
			keys[key] = true
		}
	}
	return slices.Sorted(maps.Keys(keys)), true
}

func listLength(value side) (int, bool) {
	before, isBefore := value.before.([]any)
	after, isAfter := value.after.([]any)
	unknown, _ := value.unknown.([]any)
	if !(isBefore || value.before == nil) || !(isAfter || value.after == nil) {
		return 0, false
	}
	length := max(len(before), len(after), len(unknown))
	return length, length > 0
}

func (s side) field(key string) side {
	of := func(value any) any {
		if object, is := value.(map[string]any); is {
			return object[key]
		}
		return nil
	}
	return side{of(s.before), of(s.after), of(s.unknown), of(s.sensitiveBefore), of(s.sensitive)}
}

func (s side) element(i int) side {
	of := func(value any) any {
		if list, is := value.([]any); is && i < len(list) {
			return list[i]
		}
		return nil
	}
	return side{of(s.before), of(s.after), of(s.unknown), of(s.sensitiveBefore), of(s.sensitive)}
}

// anyTrue tells whether a mark says true anywhere.
func anyTrue(mark any) bool {
	switch mark := mark.(type) {
	case bool:
		return mark
	case map[string]any:
		for _, inner := range mark {
			if anyTrue(inner) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(mark, anyTrue)
	}
	return false
}

// touches tells whether one of the paths leads to or through the other.
func touches(path []any, replace any) bool {
	steps, is := replace.([]any)
	if !is {
		return false
	}
	for i := range min(len(path), len(steps)) {
		if fmt.Sprint(path[i]) != fmt.Sprint(steps[i]) {
			return false
		}
	}
	return true
}

func (d difference) attribute(redact func(string) string) Attribute {
	attribute := Attribute{Path: redact(pathText(d.path)), Unknown: d.unknown, Sensitive: d.sensitive, ForcesReplacement: d.forces}
	if d.sensitive {
		return attribute
	}
	before, after := redacted(d.before, redact), redacted(d.after, redact)
	if d.unknown {
		after = nil
	}
	if before != nil {
		attribute.Before = jsonText(before)
	}
	if after != nil {
		attribute.After = jsonText(after)
	}
	if len(attribute.Before)+len(attribute.After) > maxValue {
		attribute.Folded = hash(attribute.Before + "\n" + attribute.After)
		attribute.Before, attribute.After = folded(before, after)
	}
	return attribute
}

// redacted is the value with every text in it redacted, by itself: taking something out of the JSON could break it.
func redacted(value any, redact func(string) string) any {
	switch value := value.(type) {
	case string:
		return redact(value)
	case []any:
		list := make([]any, len(value))
		for i, inner := range value {
			list[i] = redacted(inner, redact)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(value))
		for key, inner := range value {
			object[redact(key)] = redacted(inner, redact)
		}
		return object
	case json.Number:
		// A secret may be a number, such as a PIN.
		if text := redact(value.String()); text != value.String() {
			return text
		}
		return value
	default:
		return value
	}
}

// jsonText is the value's JSON, with object keys in order.
func jsonText(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return `"(not to be shown)"` // cannot happen to what came out of JSON
	}
	return strings.TrimSuffix(text.String(), "\n")
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// pathText writes a path as one would in the code: tags.Name, ingress[0].cidr_blocks, tags["a/b"].
func pathText(path []any) string {
	var text strings.Builder
	for _, step := range path {
		switch key, isKey := step.(string); {
		case !isKey:
			fmt.Fprintf(&text, "[%v]", step)
		case !identifier.MatchString(key):
			text.WriteString("[" + jsonText(key) + "]")
		default:
			if text.Len() > 0 {
				text.WriteByte('.')
			}
			text.WriteString(key)
		}
	}
	return text.String()
}
