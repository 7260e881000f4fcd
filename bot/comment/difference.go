package comment

import (
	"strings"
	"unicode/utf8"
)

// manyCompared is how many lines on each side are compared one with another; more are shown as replaced.
const manyCompared = 200

// around is how many lines that stay are shown before and after those that do not.
const around = 2

// difference of two values as lines of a diff: "-" and "+" lines, with a few of those that stay around them. At most
// so many lines are shown; the rest is counted.
func difference(before, after shownValue, most int) (out []string, left int) {
	b, a := linesOf(before), linesOf(after)
	if len(b) == 1 && len(a) == 1 {
		b, a := excerpts(b[0], a[0])
		return []string{removedSign + "     " + b, addedSign + "     " + a}, 0
	}
	steps := compared(b, a, before.document && after.document)
	near := nearby(steps)
	skipped := false
	for i, step := range steps {
		switch {
		case !near[i]:
			skipped = true
			continue
		case len(out) >= most:
			left++
			continue
		case skipped && len(out) > 0:
			out = append(out, "      …")
		}
		skipped = false
		out = append(out, step.mark+"     "+endCut(oneRow(step.line)))
	}
	return out, left
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

// step is one line of a difference with its mark: removed, added, or a space.
type step struct{ mark, line string }

// nearby are the steps that change something, or stand close to one that does.
func nearby(steps []step) []bool {
	near := make([]bool, len(steps))
	for i, step := range steps {
		if step.mark != " " {
			for j := max(0, i-around); j < min(len(steps), i+around+1); j++ {
				near[j] = true
			}
		}
	}
	return near
}

// compared marks each line as removed, added or kept. It is the longest common subsequence of what is left when the
// same head and the same tail are put aside. In documents, a comma at the end of a line does not count.
func compared(before, after []string, document bool) []step {
	same := func(b, a string) bool {
		return b == a || document && strings.TrimSuffix(b, ",") == strings.TrimSuffix(a, ",")
	}
	head := 0
	for head < len(before) && head < len(after) && same(before[head], after[head]) {
		head++
	}
	tail := 0
	for tail < len(before)-head && tail < len(after)-head && same(before[len(before)-1-tail], after[len(after)-1-tail]) {
		tail++
	}
	steps := marked(nil, " ", after[:head])
	b, a := before[head:len(before)-tail], after[head:len(after)-tail]
	if len(b) > manyCompared || len(a) > manyCompared {
		steps = marked(marked(steps, removedSign, b), addedSign, a)
	} else {
		steps = append(steps, subsequence(b, a, same)...)
	}
	return marked(steps, " ", after[len(after)-tail:])
}

func marked(steps []step, mark string, lines []string) []step {
	for _, line := range lines {
		steps = append(steps, step{mark, line})
	}
	return steps
}

// subsequence walks the table of the lengths of common subsequences.
func subsequence(before, after []string, same func(b, a string) bool) []step {
	lengths := make([][]int, len(before)+1)
	for i := range lengths {
		lengths[i] = make([]int, len(after)+1)
	}
	for i := len(before) - 1; i >= 0; i-- {
		for j := len(after) - 1; j >= 0; j-- {
			lengths[i][j] = max(lengths[i+1][j], lengths[i][j+1])
			if same(before[i], after[j]) {
				lengths[i][j] = lengths[i+1][j+1] + 1
			}
		}
	}
	var steps []step
	i, j := 0, 0
	for i < len(before) || j < len(after) {
		switch {
		case i < len(before) && j < len(after) && same(before[i], after[j]):
			steps = append(steps, step{" ", after[j]})
			i, j = i+1, j+1
		case i < len(before) && (j == len(after) || lengths[i+1][j] >= lengths[i][j+1]):
			steps = append(steps, step{removedSign, before[i]})
			i++
		default:
			steps = append(steps, step{addedSign, after[j]})
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
