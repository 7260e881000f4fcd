package atmos

import "maps"

// Values are what YAML decodes to: map[string]any, []any, string, int, float64, bool, nil and a few more. Once made
// they are never changed, so merging shares what it need not change.

// lists says how lists are merged.
type lists string

const (
	replaceLists lists = "replace" // the later list
	appendLists  lists = "append"  // the earlier one, then the later
	mergeLists   lists = "merge"   // as long as the earlier, maps at the same place merged
)

func (l lists) known() bool { return l == replaceLists || l == appendLists || l == mergeLists }

// appended is a list that is added to the one it is merged over, whatever the strategy: !append.
type appended []any

// literal is a string that no template or function is looked for in: !literal.
type literal string

// merger merges maps into one, the later winning.
type merger struct {
	lists  lists
	result map[string]any
	// own are the maps in result that are ours to change, by key.
	own map[string]*merger
}

// merge returns the maps merged into one. The result may be one of them.
//
// Maps are merged key by key. Anything else wins over what is there: a map, a text or null over a list as well.
func merge(strategy lists, layers ...map[string]any) map[string]any {
	var first map[string]any
	var result *merger
	for _, layer := range layers {
		switch {
		case len(layer) == 0:
		case first == nil:
			first = layer
		default:
			if result == nil {
				result = &merger{lists: strategy, result: maps.Clone(first)}
			}
			result.add(layer)
		}
	}
	if result != nil {
		return result.result
	}
	if first == nil {
		return map[string]any{}
	}
	return first
}

func (m *merger) add(layer map[string]any) {
	for key, value := range layer {
		before, there := m.result[key]
		if !there {
			m.result[key] = value
			continue
		}
		m.put(key, before, value)
	}
}

func (m *merger) put(key string, before, value any) {
	if later, is := value.(map[string]any); is {
		if earlier, is := before.(map[string]any); is {
			if len(later) > 0 {
				m.inner(key, earlier).add(later)
			}
			return
		}
	} else {
		value = m.join(before, value)
	}
	delete(m.own, key)
	m.result[key] = value
}

// inner is the map at the key, made our own.
func (m *merger) inner(key string, value map[string]any) *merger {
	if inner := m.own[key]; inner != nil {
		return inner
	}
	inner := &merger{lists: m.lists, result: maps.Clone(value)}
	if inner.result == nil {
		inner.result = map[string]any{}
	}
	if m.own == nil {
		m.own = map[string]*merger{}
	}
	m.own[key], m.result[key] = inner, inner.result
	return inner
}

// join is a value that is no map over another.
func (m *merger) join(before, value any) any {
	earlier, wasList := plainList(before)
	if !wasList {
		return value
	}
	switch later := value.(type) {
	case appended:
		joined := append(earlier[:len(earlier):len(earlier)], later...)
		if _, still := before.(appended); still {
			return appended(joined)
		}
		return joined
	case []any:
		switch m.lists {
		case appendLists:
			return append(earlier[:len(earlier):len(earlier)], later...)
		case mergeLists:
			return zip(earlier, later)
		}
	}
	return value
}

func plainList(value any) ([]any, bool) {
	switch list := value.(type) {
	case []any:
		return list, true
	case appended:
		return list, true
	}
	return nil, false
}

// zip merges the maps at the same places. Lists within them are replaced.
func zip(earlier, later []any) []any {
	joined := append([]any(nil), earlier...)
	for i := range min(len(earlier), len(later)) {
		one, is := earlier[i].(map[string]any)
		other, too := later[i].(map[string]any)
		if is && too {
			joined[i] = merge(replaceLists, one, other)
		}
	}
	return joined
}

// section is the map at the key; nil where there is none.
func section(values map[string]any, key string) map[string]any {
	found, _ := values[key].(map[string]any)
	return found
}

// dig is the value at the path of keys; nil where there is none.
func dig(values map[string]any, path ...string) any {
	for _, key := range path[:len(path)-1] {
		values = section(values, key)
	}
	return values[path[len(path)-1]]
}

// textOf is the string at the path of keys; "" where there is none.
func textOf(values map[string]any, path ...string) string {
	text, _ := dig(values, path...).(string)
	return text
}
