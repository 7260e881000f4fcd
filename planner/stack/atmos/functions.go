package atmos

import (
	"encoding/json"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// caller calls the YAML functions in an instance's sections that need no outside, and notes the others.
type caller struct {
	loader     *loader
	directory  string         // of the component, for !repo-root
	env        map[string]any // of the instance, for !env
	metadata   map[string]any // of the instance, for !labels and !tags
	unresolved []Unresolved
}

// unset marks a key to be removed.
type unset struct{}

// section calls the functions of a section, and takes the types out that only merging needs.
func (c *caller) section(values map[string]any, path string) map[string]any {
	found, _ := c.value(values, path).(map[string]any)
	return found
}

func (c *caller) value(value any, path string) any {
	called := eachString(value, path, func(text, path string) any {
		if !strings.HasPrefix(text, "!") {
			return text
		}
		return c.call(text, path)
	})
	if _, removed := called.(unset); removed {
		return nil
	}
	return plainValue(withoutUnset(called))
}

// call is what a function gives; the text itself where it is none, or one that needs an outside.
func (c *caller) call(text, path string) any {
	name, argument, _ := strings.Cut(text, " ")
	argument = strings.TrimSpace(argument)
	if !functions[name] {
		return text
	}
	switch name {
	case "!unset":
		return unset{}
	case "!template":
		return parsedJSON(argument)
	case "!env":
		return c.environment(argument)
	case "!repo-root", "!git.root":
		return c.root()
	case "!cwd":
		return "."
	case "!labels", "!labels.keys", "!labels.values":
		return c.labels(name, argument)
	case "!tags":
		list, _ := plainList(c.metadata["tags"])
		return append([]any{}, list...)
	}
	c.unresolved = append(c.unresolved, Unresolved{Path: path, Function: name, Text: text})
	return text
}

// parsedJSON is the value of a text that may be JSON.
func parsedJSON(text string) any {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil || decoder.More() {
		return text
	}
	return numbers(value)
}

// numbers makes the numbers of JSON those that YAML has.
func numbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		if whole, err := value.Int64(); err == nil {
			return int(whole)
		}
		fraction, _ := value.Float64()
		return fraction
	case map[string]any:
		for key, one := range value {
			value[key] = numbers(one)
		}
	case []any:
		for i, one := range value {
			value[i] = numbers(one)
		}
	}
	return value
}

// environment is the variable that !env names, or its default, or null.
func (c *caller) environment(argument string) any {
	words := splitWords(argument)
	if len(words) == 0 {
		return nil
	}
	if value, there := c.env[words[0]].(string); there && !strings.HasPrefix(value, "!env") {
		return value
	}
	if value, set := c.loader.options.Env[words[0]]; set {
		return value
	}
	if len(words) > 1 {
		return words[1]
	}
	return nil
}

// labels are the instance's labels, one of them or its default, or their names or values in the order of their names.
func (c *caller) labels(function, argument string) any {
	all := section(c.metadata, "labels")
	if words := splitWords(argument); function == "!labels" && len(words) > 0 {
		if value, there := all[words[0]]; there {
			return value
		}
		if len(words) > 1 {
			return words[1]
		}
		return nil
	}
	if all == nil {
		all = map[string]any{}
	}
	names, values := []any{}, []any{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		names, values = append(names, name), append(values, all[name])
	}
	switch function {
	case "!labels.keys":
		return names
	case "!labels.values":
		return values
	}
	return maps.Clone(all)
}

// root is the repository's root from the directory that the component is run in: the same on every host.
func (c *caller) root() string {
	if c.directory == "" {
		return "."
	}
	up, err := filepath.Rel(filepath.FromSlash(path.Join("/", c.directory)), "/")
	if err != nil {
		return "."
	}
	return filepath.ToSlash(up)
}

// splitWords splits arguments at spaces. Quotes keep words together, and are written twice in there.
func splitWords(text string) []string {
	var words []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		end := strings.IndexAny(text, " \t")
		if quote := text[0]; quote == '"' || quote == '\'' {
			if word, rest, closed := quoted(text[1:], quote); closed {
				words = append(words, word)
				text = rest
				continue
			}
		}
		if end < 0 {
			end = len(text)
		}
		words = append(words, text[:end])
		text = text[end:]
	}
	return words
}

// quoted is what comes before the closing quote, and after it.
func quoted(text string, quote byte) (word, rest string, closed bool) {
	for {
		closing := strings.IndexByte(text, quote)
		if closing < 0 {
			return "", "", false
		}
		word += text[:closing]
		if text = text[closing+1:]; text == "" || text[0] != quote {
			return word, text, true
		}
		word += string(quote)
		text = text[1:]
	}
}

// withoutUnset is the value without the keys that are to be removed.
func withoutUnset(value any) any {
	switch value := value.(type) {
	case map[string]any:
		var changed map[string]any
		for key, before := range value {
			_, removed := before.(unset)
			after := before
			if !removed {
				after = withoutUnset(before)
			}
			if changed == nil && (removed || special(before, after)) {
				changed = make(map[string]any, len(value))
				for key, before := range value {
					changed[key] = before
				}
			}
			if changed != nil {
				changed[key] = after
			}
			if removed {
				delete(changed, key)
			}
		}
		if changed != nil {
			return changed
		}
	case []any:
		for i, one := range value {
			if _, removed := one.(unset); removed {
				kept := append(append([]any(nil), value[:i]...), value[i+1:]...)
				return withoutUnset(kept)
			}
			if after := withoutUnset(one); special(one, after) {
				changed := append([]any(nil), value...)
				changed[i] = after
				return withoutUnset(changed)
			}
		}
	}
	return value
}
