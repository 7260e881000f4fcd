package comment

import (
	"strings"
	"unicode/utf8"
)

// longestJobLine is how much of one reason is shown.
const longestJobLine = 250

// Job is what people read of a job that waits before an environment: text as [promote.Verdict] has it, a sentence and then
// reasons after "- ", as Markdown of at most so many characters. Reasons that have no room are counted.
func Job(text string, most int) string {
	var lines []string
	for part := range strings.SplitSeq(text, "\n") {
		reason, isReason := strings.CutPrefix(part, "- ")
		rendered := prose(shortened(reason, longestJobLine)).markdown(false)
		if isReason {
			rendered = "- " + rendered
		}
		lines = append(lines, rendered)
	}
	for kept := len(lines); kept > 1; kept-- {
		shown := strings.Join(lines[:kept], "\n")
		if kept < len(lines) {
			shown += "\n- " + say("and {}", count(len(lines)-kept, "more line", "more lines")).markdown(false)
		}
		if utf8.RuneCountInString(shown) <= most {
			return shown
		}
	}
	for length := longestJobLine; ; length /= 2 {
		if first := prose(shortened(strings.SplitN(text, "\n", 2)[0], length)).markdown(false); utf8.RuneCountInString(first) <= most || length < 4 {
			return first
		}
	}
}
