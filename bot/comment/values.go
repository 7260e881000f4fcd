package comment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/trunkline/trunkline/planner/engine"
)

const (
	// longValue is how many characters a value may have beside its name; longer ones get lines of their own.
	longValue = 72
	// longLine is how many characters a line of a value may have.
	longLine = 140
	// manyLinesOfValue is how many lines of one value are shown.
	manyLinesOfValue = 24
)

// shownValue is one side of an attribute: on one line where it is short, else on several.
type shownValue struct {
	short string
	lines []string
}

func (v shownValue) long() bool { return v.lines != nil }

// shown prepares a JSON text for reading: strings of several lines, documents in strings, lists and maps are spread
// over lines when they are long. Absent values are empty.
func shown(value string) shownValue {
	if value == "" || value == "null" {
		return shownValue{}
	}
	var decoded any
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.UseNumber()
	if err := decoder.Decode(&decoded); err != nil || decoder.More() {
		return limitedValue(value, strings.Split(value, "\n"))
	}
	one := encoded(decoded, "")
	if s, isString := decoded.(string); isString {
		lines := spread(s)
		if strings.Contains(strings.TrimSpace(s), "\n") {
			return shownValue{short: oneRow(shortened(one, longValue)), lines: lines}
		}
		return limitedValue(one, lines)
	}
	return limitedValue(one, strings.Split(encoded(decoded, "  "), "\n"))
}

// limitedValue keeps a value on one line if it is short.
func limitedValue(one string, lines []string) shownValue {
	if utf8.RuneCountInString(one) <= longValue && !strings.Contains(one, "\n") {
		return shownValue{short: oneRow(one)}
	}
	return shownValue{short: oneRow(shortened(one, longValue)), lines: lines}
}

// spread makes lines of a string: of the document that it holds, if it is one, such as a policy.
func spread(s string) []string {
	var document any
	trimmed := strings.TrimSpace(s)
	if strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		if json.Unmarshal([]byte(trimmed), &document) == nil {
			return strings.Split(encoded(document, "  "), "\n")
		}
	}
	if s = strings.TrimRight(s, "\n"); strings.Contains(s, "\n") {
		return strings.Split(s, "\n")
	}
	return []string{encoded(s, "")}
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

// attribute is the lines of a diff for one changed attribute.
func attribute(a engine.Attribute, action engine.Action, namesOnly bool) []string {
	before, after := shown(a.Before), shown(a.After)
	added := a.Before == "" || a.Before == "null"
	removed := (a.After == "" || a.After == "null") && !a.Unknown
	sign := "~"
	switch {
	case action == engine.Create || added && !removed:
		sign = "+"
	case action == engine.Destroy || removed && !added:
		sign = "-"
	}
	name := sign + "   " + shortened(codeText(a.Path), longLine)
	note := ""
	if a.ForcesReplacement {
		note = " (forces replacement)"
	}
	switch {
	case namesOnly:
		return []string{name + note}
	case a.Sensitive:
		return []string{name + ": (sensitive)" + note}
	case a.Unknown && added:
		return []string{name + ": (known after apply)" + note}
	case a.Unknown:
		return []string{name + ": " + before.short + " → (known after apply)" + note}
	case before.long() || after.long():
		return append([]string{name + ":" + note}, changedLines(before, after)...)
	case sign == "+":
		return []string{name + ": " + after.short + note}
	case sign == "-":
		return []string{name + ": " + before.short + note}
	case before.short == after.short:
		return []string{name + ": " + before.short + " (changes in a way that is not shown)" + note}
	}
	return []string{name + ": " + before.short + " → " + after.short + note}
}

// changedLines is the difference of two long values, line by line.
func changedLines(before, after shownValue) []string {
	lines, left := difference(linesOf(before), linesOf(after), manyLinesOfValue)
	if left > 0 {
		lines = append(lines, fmt.Sprintf("      … %d more lines", left))
	}
	return lines
}

func linesOf(v shownValue) []string {
	if v.long() {
		return v.lines
	}
	if v.short == "" {
		return nil
	}
	return []string{v.short}
}
