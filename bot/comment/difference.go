package comment

import (
	"strings"
	"unicode/utf8"
)

// manyCompared is how many lines on each side are compared one with another; more are shown as replaced.
const manyCompared = 200

// difference of two texts as lines of a diff: "-" and "+" lines, with one line of what stays before and after them.
// At most so many lines are shown; the rest is counted.
func difference(before, after []string, most int) (out []string, left int) {
	if len(before) == 1 && len(after) == 1 {
		b, a := excerpts(before[0], after[0])
		return []string{"-     " + b, "+     " + a}, 0
	}
	steps := compared(before, after)
	skipped := false
	for i, step := range steps {
		near := i > 0 && steps[i-1][0] != ' ' || i+1 < len(steps) && steps[i+1][0] != ' '
		switch {
		case step[0] == ' ' && !near:
			skipped = true
			continue
		case len(out) >= most:
			left++
			continue
		case skipped && len(out) > 0:
			out = append(out, "      …")
		}
		skipped = false
		out = append(out, step[:1]+"     "+endCut(oneRow(step[1:])))
	}
	return out, left
}

// compared marks each line as removed, added or kept with its first byte. It is the longest common subsequence of
// what is left when the same head and the same tail are put aside.
func compared(before, after []string) []string {
	head := 0
	for head < len(before) && head < len(after) && before[head] == after[head] {
		head++
	}
	tail := 0
	for tail < len(before)-head && tail < len(after)-head && before[len(before)-1-tail] == after[len(after)-1-tail] {
		tail++
	}
	steps := marked(" ", before[:head])
	b, a := before[head:len(before)-tail], after[head:len(after)-tail]
	if len(b) > manyCompared || len(a) > manyCompared {
		steps = append(append(steps, marked("-", b)...), marked("+", a)...)
	} else {
		steps = append(steps, subsequence(b, a)...)
	}
	return append(steps, marked(" ", before[len(before)-tail:])...)
}

func marked(mark string, lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = mark + l
	}
	return out
}

// subsequence walks the table of the lengths of common subsequences.
func subsequence(before, after []string) []string {
	lengths := make([][]int, len(before)+1)
	for i := range lengths {
		lengths[i] = make([]int, len(after)+1)
	}
	for i := len(before) - 1; i >= 0; i-- {
		for j := len(after) - 1; j >= 0; j-- {
			lengths[i][j] = max(lengths[i+1][j], lengths[i][j+1])
			if before[i] == after[j] {
				lengths[i][j] = lengths[i+1][j+1] + 1
			}
		}
	}
	var steps []string
	i, j := 0, 0
	for i < len(before) || j < len(after) {
		switch {
		case i < len(before) && j < len(after) && before[i] == after[j]:
			steps = append(steps, " "+before[i])
			i, j = i+1, j+1
		case i < len(before) && (j == len(after) || lengths[i+1][j] >= lengths[i][j+1]):
			steps = append(steps, "-"+before[i])
			i++
		default:
			steps = append(steps, "+"+after[j])
			j++
		}
	}
	return steps
}

// excerpts are two long lines, cut so that the place where they begin to differ is in sight.
func excerpts(before, after string) (string, string) {
	b, a := []rune(oneRow(before)), []rune(oneRow(after))
	same := 0
	for same < len(b) && same < len(a) && b[same] == a[same] {
		same++
	}
	from := 0
	if same > longLine/2 {
		from = same - longLine/4
	}
	cut := func(r []rune) string {
		if from == 0 {
			return endCut(string(r))
		}
		return endCut("…" + string(r[from:]))
	}
	return cut(b), cut(a)
}

// endCut cuts a line at its end.
func endCut(s string) string {
	if utf8.RuneCountInString(s) <= longLine {
		return s
	}
	return string([]rune(s)[:longLine-1]) + "…"
}

// rowEnds are what would end a line, and tabs.
var rowEnds = strings.NewReplacer("\r", "", "\n", " ", "\t", "  ")

// oneRow keeps the indentation of a line, and nothing that would end it.
func oneRow(s string) string { return rowEnds.Replace(visible(s, true)) }
