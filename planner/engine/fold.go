package engine

import (
	"encoding/json"
	"fmt"
	"strings"
)

const (
	// maxValue is how long the two sides of an attribute may be together, in bytes of JSON: longer ones are folded.
	maxValue = 16 << 10
	// maxValues is how many bytes of values are kept of one plan, and once more for the resources that are replaced.
	maxValues = 256 << 10

	// foldedLines of each side are kept where they differ, with foldedAround lines that do not before and after them,
	// and of each line foldedLine characters.
	foldedLines, foldedAround, foldedLine = 40, 3, 300
)

// folded makes texts of two long values, with the lines in which they differ and few around them. An absent side stays
// empty.
func folded(before, after any) (string, string) {
	b, a := lines(before), lines(after)
	head := 0
	for head < min(len(b), len(a)) && b[head] == a[head] {
		head++
	}
	tail := 0
	for tail < min(len(b), len(a))-head && b[len(b)-1-tail] == a[len(a)-1-tail] {
		tail++
	}
	from := max(0, head-foldedAround)
	side := func(lines []string) string {
		if lines == nil {
			return ""
		}
		end := len(lines) - tail
		to := min(len(lines), end+foldedAround)
		var kept []string
		if from > 0 {
			kept = append(kept, fmt.Sprintf("… %d lines that stay", from))
		}
		last := min(end, head+foldedLines)
		kept = append(kept, cutLines(lines[from:last], lines, b, a)...)
		if left := end - last; left > 0 {
			kept = append(kept, fmt.Sprintf("… %d more lines, sha256 %s", left, hash(strings.Join(lines[last:end], "\n"))[:12]))
		}
		kept = append(kept, cutLines(lines[end:to], lines, b, a)...)
		if left := len(lines) - to; left > 0 {
			kept = append(kept, fmt.Sprintf("… %d lines that stay", left))
		}
		return jsonText(strings.Join(kept, "\n"))
	}
	return side(b), side(a)
}

// cutLines are the lines, each cut to a length that people read. Two that differ stay different.
func cutLines(part, whole, before, after []string) []string {
	if len(before) == 1 && len(after) == 1 {
		return []string{window(whole[0], samePrefix(before[0], after[0]))}
	}
	cut := make([]string, len(part))
	for i, line := range part {
		cut[i] = window(line, 0)
	}
	return cut
}

// window is what of a line stands around the place, with its length and a hash where it is not all.
func window(line string, place int) string {
	if len(line) <= foldedLine {
		return line
	}
	from := max(0, min(place-foldedLine/4, len(line)-foldedLine))
	shown := strings.ToValidUTF8(line[from:min(len(line), from+foldedLine)], "")
	if from > 0 {
		shown = "…" + shown
	}
	return fmt.Sprintf("%s… (%d bytes, sha256 %s)", shown, len(line), hash(line)[:12])
}

func samePrefix(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// lines of a value: of the document that a string holds, if it is one, of the string itself, or of the value's JSON.
// None where there is no value.
func lines(value any) []string {
	text, isString := value.(string)
	switch {
	case value == nil:
		return nil
	case isString:
		var document any
		if trimmed := strings.TrimSpace(text); !strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") ||
			decodeExactly([]byte(trimmed), &document) != nil {
			return strings.Split(strings.TrimRight(text, "\n"), "\n")
		}
		value = document
	}
	var spread strings.Builder
	encoder := json.NewEncoder(&spread)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return []string{"(not to be shown)"} // cannot happen to what came out of JSON
	}
	return strings.Split(strings.TrimRight(spread.String(), "\n"), "\n")
}
