package comment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// longValue is how many characters a value may have where another one stands beside it, longAlone where none does;
	// longer ones get lines of their own.
	longValue, longAlone = 72, 110
	// longLine is how many characters a line of a value may have.
	longLine = 140
	// manyLinesOfValue is how many lines of one value are shown.
	manyLinesOfValue = 24
)

// shownValue is one side of an attribute: on one line where it is short, else on several.
type shownValue struct {
	short string
	lines []string
	// document: the lines are JSON, in which a comma at the end of a line says nothing.
	document bool
}

func (v shownValue) long() bool { return v.lines != nil }

// shown prepares a JSON text for reading, on one line if it has at most so many characters: strings of several lines,
// documents in strings, lists and objects are spread over lines when they are long. Absent values are empty.
func shown(value string, most int) shownValue {
	if value == "" || value == "null" {
		return shownValue{}
	}
	var decoded any
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.UseNumber()
	if err := decoder.Decode(&decoded); err != nil || decoder.More() {
		return limitedValue(value, shownValue{lines: strings.Split(value, "\n")}, most)
	}
	s, isString := decoded.(string)
	if !isString {
		spread := shownValue{lines: strings.Split(encoded(decoded, "  "), "\n"), document: true}
		return limitedValue(flow(decoded), spread, most)
	}
	one, spread := encoded(s, ""), spreadText(s)
	if spread.document && utf8.RuneCountInString(one) > most/2 {
		return shownValue{short: oneRow(shortened(one, most)), lines: spread.lines, document: true}
	}
	if strings.Contains(strings.TrimSpace(s), "\n") {
		most = 0
	}
	return limitedValue(one, spread, most)
}

// limitedValue keeps a value on one line if it is short.
func limitedValue(one string, spread shownValue, most int) shownValue {
	if utf8.RuneCountInString(one) <= most && !strings.Contains(one, "\n") {
		return shownValue{short: oneRow(one)}
	}
	spread.short = oneRow(shortened(one, longValue))
	return spread
}

// spreadText makes lines of a string: of the document that it holds, if it is one, such as a policy.
func spreadText(s string) shownValue {
	var document any
	trimmed := strings.TrimSpace(s)
	if strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		decoder := json.NewDecoder(strings.NewReader(trimmed))
		decoder.UseNumber()
		if decoder.Decode(&document) == nil && !decoder.More() {
			return shownValue{lines: strings.Split(encoded(document, "  "), "\n"), document: true}
		}
	}
	if s = strings.TrimRight(s, "\n"); strings.Contains(s, "\n") {
		return shownValue{lines: strings.Split(s, "\n")}
	}
	return shownValue{lines: []string{encoded(s, "")}}
}

// encoded is JSON for people: < and > are not spelled as code points.
func encoded(value any, indent string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprint(value) // cannot happen: the value came from JSON
	}
	return strings.TrimRight(b.String(), "\n")
}

// flow writes a list or an object on one line, as one would in the code, without what is null.
func flow(value any) string {
	switch value := value.(type) {
	case map[string]any:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if value[key] != nil {
				parts = append(parts, flowKey(key)+": "+flow(value[key]))
			}
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, len(value))
		for i, element := range value {
			parts[i] = flow(element)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return encoded(value, "")
}

// flowKey is quoted where it could be taken for something else.
func flowKey(key string) string {
	for i, r := range key {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '-' && (r < '0' || r > '9')) {
			return encoded(key, "")
		}
	}
	if key == "" {
		return `""`
	}
	return key
}
