package planner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// mostValues are how many changes inside of one value are told.
const mostValues = 5

// valueChanges say how a value, given as JSON texts, is another one than before: each part by its path, such as
// "tags.Owner changed from "a" to "b"". Secret: none of it is shown.
func valueChanges(path, before, after string, secret bool) []string {
	var old, new any
	if parseValue(before, &old) != nil || parseValue(after, &new) != nil {
		old, new = before, after
	}
	c := comparison{secret: secret}
	c.compare(path, lastName(path), old, new)
	if more := len(c.found) - mostValues; more > 1 {
		c.found = append(c.found[:mostValues:mostValues], fmt.Sprintf("%s: %d more changes", path, more))
	}
	return c.found
}

func parseValue(text string, into *any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// lastName is the name that a path such as "TF_VAR_password" or "tags.Owner" ends in.
func lastName(path string) string {
	return path[strings.LastIndexAny(path, " .")+1:]
}

type comparison struct {
	secret bool
	found  []string
}

func (c *comparison) note(format string, arguments ...any) {
	c.found = append(c.found, fmt.Sprintf(format, arguments...))
}

func (c *comparison) compare(path, name string, before, after any) {
	if reflect.DeepEqual(before, after) {
		return
	}
	if c.secret || discreet(name) {
		if _, truth := after.(bool); !truth || c.secret {
			c.note("%s changed %s", path, hidden)
			return
		}
	}
	switch old := before.(type) {
	case map[string]any:
		if new, is := after.(map[string]any); is {
			c.maps(path, old, new)
			return
		}
	case []any:
		if new, is := after.([]any); is {
			c.lists(path, old, new)
			return
		}
	}
	from, to := shortPair(valueText(name, before), valueText(name, after))
	c.note("%s changed from %s to %s", path, from, to)
}

func (c *comparison) maps(path string, before, after map[string]any) {
	keys := maps.Clone(before)
	maps.Copy(keys, after)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		old, was := before[key]
		new, is := after[key]
		switch inner := path + step(key); {
		case !was:
			c.note("%s added as %s", inner, short(valueText(key, new)))
		case !is:
			c.note("%s removed (was %s)", inner, short(valueText(key, old)))
		default:
			c.compare(inner, key, old, new)
		}
	}
}

var plainKey = regexp.MustCompile(`^[\pL\pN_-]+$`)

// step into a map, as the engine's language writes it.
func step(key string) string {
	if plainKey.MatchString(key) {
		return "." + key
	}
	return "[" + strconv.Quote(key) + "]"
}

// lists are compared by their elements: what is the same at both ends is left out.
func (c *comparison) lists(path string, before, after []any) {
	if sameElements(before, after) {
		c.note("%s has another order", path)
		return
	}
	head := 0
	for head < len(before) && head < len(after) && reflect.DeepEqual(before[head], after[head]) {
		head++
	}
	tail := 0
	for tail < len(before)-head && tail < len(after)-head && reflect.DeepEqual(before[len(before)-1-tail], after[len(after)-1-tail]) {
		tail++
	}
	old, new := before[head:len(before)-tail], after[head:len(after)-tail]
	for i := range max(len(old), len(new)) {
		inner := fmt.Sprintf("%s[%d]", path, head+i)
		switch {
		case i >= len(old):
			c.note("%s added as %s", inner, short(valueText("", new[i])))
		case i >= len(new):
			c.note("%s removed (was %s)", inner, short(valueText("", old[i])))
		default:
			c.compare(inner, "", old[i], new[i])
		}
	}
}

// sameElements tells whether two lists differ in nothing but their order.
func sameElements(before, after []any) bool {
	texts := func(list []any) []string {
		all := make([]string, len(list))
		for i, one := range list {
			all[i] = jsonText(one)
		}
		slices.Sort(all)
		return all
	}
	return len(before) == len(after) && slices.Equal(texts(before), texts(after))
}

// valueText is a value as JSON, without what is secret in it.
func valueText(name string, value any) string {
	shown := withoutSecrets(name, value)
	if shown == hidden {
		return hidden
	}
	return jsonText(shown)
}

func jsonText(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSpace(text.String())
}

// longestValue is how many characters of a value are shown.
const longestValue = 60

// short is the beginning of a long text.
func short(text string) string {
	if runes := []rune(text); len(runes) > longestValue {
		return string(runes[:longestValue]) + "…"
	}
	return text
}

// shortPair shows of two long texts where they begin to differ.
func shortPair(before, after string) (from, to string) {
	old, new := []rune(before), []rune(after)
	if len(old) <= longestValue && len(new) <= longestValue {
		return before, after
	}
	same := 0
	for same < len(old) && same < len(new) && old[same] == new[same] {
		same++
	}
	start := max(0, same-longestValue/3)
	cut := func(runes []rune) string {
		text := ""
		if start > 0 {
			text = "…"
		}
		if end := start + longestValue; end < len(runes) {
			return text + string(runes[start:end]) + "…"
		}
		return text + string(runes[min(start, len(runes)):])
	}
	return cut(old), cut(new)
}
