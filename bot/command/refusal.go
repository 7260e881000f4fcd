package command

import "strings"

// Refusal is the answer to a line that was meant for Trunkline but is not a command. Its texts may hold code spans
// between single backticks, and words that a person typed.
type Refusal struct {
	// Rule that applies, as a sentence without its full stop.
	Rule string
	// Fact that the rule met, as a sentence without its full stop.
	Fact string
	// Next is a command to type instead; empty: there is nothing better to type.
	Next string
}

// Text is the whole refusal in one paragraph: the rule, the fact, and what to type next.
func (r Refusal) Text() string {
	var sentences []string
	for _, sentence := range []string{r.Rule, r.Fact} {
		if sentence == "" {
			continue
		}
		if !strings.HasSuffix(sentence, "?") {
			sentence += "."
		}
		sentences = append(sentences, sentence)
	}
	if r.Next != "" {
		sentences = append(sentences, "Type `"+r.Next+"`.")
	}
	return strings.Join(sentences, " ")
}

// quoted shows a word that a person typed as a code span: without backticks of its own, and shortened where it is
// long.
func quoted(word string) string {
	word = strings.ReplaceAll(word, "`", "'")
	if runes := []rune(word); len(runes) > 60 {
		word = string(runes[:60]) + "…"
	}
	return "`" + word + "`"
}
