package atmos

import (
	"fmt"
	"reflect"
	"strings"
)

// eachString is the value with its strings replaced. What does not change is shared.
func eachString(value any, path string, replace func(text, path string) any) any {
	switch value := value.(type) {
	case string:
		return replace(value, path)
	case map[string]any:
		var changed map[string]any
		for key, before := range value {
			after := eachString(before, join(path, key), replace)
			if changed == nil && !identical(before, after) {
				changed = make(map[string]any, len(value))
				for key, before := range value {
					changed[key] = before
				}
			}
			if changed != nil {
				changed[key] = after
			}
		}
		if changed != nil {
			return changed
		}
		return value
	case []any:
		if list := eachItem(value, path, replace); list != nil {
			return list
		}
		return value
	case appended:
		if list := eachItem(value, path, replace); list != nil {
			return appended(list)
		}
		return value
	}
	return value
}

// eachKey is the value with the keys of its maps replaced. What does not change is shared.
func eachKey(value any, replace func(string) string) any {
	switch value := value.(type) {
	case map[string]any:
		differs := false
		for key, before := range value {
			if differs = replace(key) != key || !identical(before, eachKey(before, replace)); differs {
				break
			}
		}
		if !differs {
			return value
		}
		changed := make(map[string]any, len(value))
		for key, before := range value {
			changed[replace(key)] = eachKey(before, replace)
		}
		return changed
	case []any:
		var changed []any
		for i, before := range value {
			after := eachKey(before, replace)
			if changed == nil && !identical(before, after) {
				changed = append([]any(nil), value...)
			}
			if changed != nil {
				changed[i] = after
			}
		}
		if changed != nil {
			return changed
		}
	}
	return value
}

// holds tells whether the value has templates with the left delimiter, and whether it has calls of functions or anything
// of our own types.
func holds(value any, left string) (templated, special bool) {
	switch value := value.(type) {
	case string:
		return strings.Contains(value, left), strings.HasPrefix(value, "!")
	case map[string]any:
		for key, one := range value {
			inTemplate, isSpecial := holds(one, left)
			templated = templated || inTemplate || strings.Contains(key, left)
			special = special || isSpecial
		}
	case []any:
		for _, one := range value {
			inTemplate, isSpecial := holds(one, left)
			templated, special = templated || inTemplate, special || isSpecial
		}
	case appended:
		templated, _ = holds([]any(value), left)
		return templated, true
	case literal:
		return false, true
	}
	return templated, special
}

func eachItem(list []any, path string, replace func(text, path string) any) []any {
	var changed []any
	for i, before := range list {
		after := eachString(before, fmt.Sprintf("%s[%d]", path, i), replace)
		if changed == nil && !identical(before, after) {
			changed = append([]any(nil), list...)
		}
		if changed != nil {
			changed[i] = after
		}
	}
	return changed
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// identical tells whether a value is the very same as before, so that nothing needs to be copied.
func identical(before, after any) bool {
	switch before := before.(type) {
	case map[string]any:
		other, is := after.(map[string]any)
		return is && len(before) == len(other) && reflect.ValueOf(before).Pointer() == reflect.ValueOf(other).Pointer()
	case []any:
		other, is := after.([]any)
		return is && len(before) == len(other) && (len(before) == 0 || &before[0] == &other[0])
	case appended:
		other, is := after.(appended)
		return is && len(before) == len(other) && (len(before) == 0 || &before[0] == &other[0])
	case string:
		other, is := after.(string)
		return is && before == other
	}
	return true
}

// plainData is data for templates, with lists and strings of our own types as plain ones.
func plainData(data map[string]any) map[string]any {
	plain, _ := plainValue(data).(map[string]any)
	return plain
}

// plainValue is the value without our own types. What has none is shared.
func plainValue(value any) any {
	switch value := value.(type) {
	case literal:
		return string(value)
	case appended:
		return plainValue([]any(value))
	case map[string]any:
		var changed map[string]any
		for key, before := range value {
			after := plainValue(before)
			if changed == nil && special(before, after) {
				changed = make(map[string]any, len(value))
				for key, before := range value {
					changed[key] = before
				}
			}
			if changed != nil {
				changed[key] = after
			}
		}
		if changed != nil {
			return changed
		}
	case []any:
		var changed []any
		for i, before := range value {
			after := plainValue(before)
			if changed == nil && special(before, after) {
				changed = append([]any(nil), value...)
			}
			if changed != nil {
				changed[i] = after
			}
		}
		if changed != nil {
			return changed
		}
	}
	return value
}

// special tells whether plainValue has changed the value.
func special(before, after any) bool {
	switch before.(type) {
	case literal, appended:
		return true
	}
	return !identical(before, after)
}
