package command

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxReason is how many characters a reason may have: it is shown wherever the environment is.
const MaxReason = 300

// takesReason tells which commands have a reason, and needsReason which must have one.
func takesReason(kind Kind) bool { return kind == Unhold || kind == Rollback || needsReason(kind) }
func needsReason(kind Kind) bool { return kind == Hold || kind == Override }

// beforeReason are the words that have a meaning; what follows `because` is free text.
func beforeReason(kind Kind, words []string) []string {
	if takesReason(kind) {
		words, _ = cut(words, because)
	}
	return words
}

// one reads a command about one environment.
func (g Grammar) one(kind Kind, words []string) (*Command, *Refusal) {
	var said []string
	if takesReason(kind) {
		words, said = cut(words, because)
	}
	reverts, words, refusal := withRevert(kind, words)
	if refusal != nil {
		return nil, refusal
	}
	if kind == Promote || kind == Approve || kind == Rollback || kind == Override {
		words = splitAt(words, shaKeyword[kind])
	}
	before, sha := words, []string(nil)
	if keyword := shaKeyword[kind]; keyword != "" {
		before, sha = cut(words, keyword)
	}
	if len(before) == 0 {
		return nil, g.nameless(kind)
	}
	command := &Command{Kind: kind, Environments: []string{strings.ToLower(before[0])}, Reason: reason(said), Revert: reverts}
	rest := before[1:]
	switch {
	case kind == Hold:
		refusal = command.hold(rest, said)
	case kind == Go || kind == Approve && isPercent(rest):
		refusal = command.percent(rest)
	case kind == Approve && len(rest) > 0:
		_, refusal = finish(command, rest)
	case len(rest) > 0:
		refusal = command.tooMuch(rest, said == nil && sha == nil)
	case sha != nil:
		_, refusal = finish(command, sha)
	}
	if refusal == nil {
		refusal = command.checkReason(said)
	}
	// Asked last, so that what to type next has all the rest of what was typed.
	if unknown := checkEnvironment(*command, before[0], g.Environments); unknown != nil {
		refusal = unknown
	}
	if refusal != nil {
		return nil, refusal
	}
	return command, nil
}

// withRevert takes `with revert` out of the words of a rollback, wherever it stands.
func withRevert(kind Kind, words []string) (reverts bool, rest []string, refusal *Refusal) {
	if kind != Rollback {
		return false, words, nil
	}
	before, after := cut(words, with)
	switch {
	case after == nil:
		return false, words, nil
	case len(after) == 0:
		return false, nil, &Refusal{Rule: "`" + usage[kind] + "` has nothing after `with` but `" + revert + "`", Fact: "There is nothing", Next: "/help"}
	case !strings.EqualFold(after[0], revert):
		return false, nil, &Refusal{Rule: "`" + usage[kind] + "` has nothing after `with` but `" + revert + "`", Fact: quoted(after[0]) + " is something else", Next: "/help"}
	}
	return true, append(before[:len(before):len(before)], after[1:]...), nil
}

func (g Grammar) nameless(kind Kind) *Refusal {
	refusal := &Refusal{Rule: "`" + usage[kind] + "` names the environment", Fact: "None was named" + thereIs(g.Environments)}
	if len(g.Environments) > 0 {
		refusal.Next = Command{Kind: kind, Environments: g.Environments[:1]}.next()
	}
	return refusal
}

// tooMuch refuses words after the environment. Alone: they are all that follows it.
func (c Command) tooMuch(rest []string, alone bool) *Refusal {
	extra := strings.ToLower(rest[0])
	switch {
	case shaKeyword[c.Kind] != "" && looksLikeSHA(extra) && len(rest) == 1 && alone:
		return shaWithoutKeyword(c, extra)
	case takesReason(c.Kind) && alone:
		return c.withoutBecause(rest)
	}
	return &Refusal{
		Rule: fmt.Sprintf("`%s` %s one environment; for several, write several lines", c.Kind, does[c.Kind]),
		Fact: quoted(rest[0]) + " is too much",
		Next: c.String(),
	}
}

// withoutBecause refuses a reason that does not say that it is one.
func (c Command) withoutBecause(words []string) *Refusal {
	c.Reason = reason(words)
	if c.checkReason(words) != nil {
		c.Reason = ""
	}
	return &Refusal{
		Rule: "A reason follows the word `" + because + "`",
		Fact: quoted(words[0]) + " stands without it",
		Next: c.String(),
	}
}

// checkReason refuses a reason that is missing or too long. Said is nil where the keyword is missing.
func (c Command) checkReason(said []string) *Refusal {
	rule := "`" + usage[c.Kind] + "` has a reason"
	switch {
	case c.Reason == "" && (said != nil || needsReason(c.Kind)):
		return &Refusal{Rule: rule, Fact: "None was given", Next: c.String()}
	case utf8.RuneCountInString(c.Reason) > MaxReason:
		length := utf8.RuneCountInString(c.Reason)
		c.Reason = ""
		return &Refusal{Rule: fmt.Sprintf("A reason has at most %d characters", MaxReason), Fact: fmt.Sprintf("This one has %d", length), Next: c.String()}
	}
	return nil
}

// reason is what people read: one line without control characters.
func reason(words []string) string {
	text := strings.Join(words, " ")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, text)
	return strings.TrimSpace(text)
}

var componentForm = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._/*?{}-]*$|^[*{][\p{L}\p{N}._/*?{},-]*$`)

// hold reads the components and the end of a hold.
func (c *Command) hold(words, said []string) *Refusal {
	components, end := cut(words, until)
	if end == nil && said == nil && len(components) > 1 {
		return c.withoutBecause(components)
	}
	seen := map[string]bool{}
	for _, word := range components {
		name := strings.Trim(word, ",`")
		if !componentForm.MatchString(name) {
			return &Refusal{
				Rule: "After the environment come components, by name or pattern",
				Fact: quoted(word) + " is none",
				Next: "/help",
			}
		}
		if !seen[name] {
			seen[name] = true
			c.Components = append(c.Components, name)
		}
	}
	if end == nil {
		return nil
	}
	moment, ok := moment(end)
	if c.Until = moment; !ok {
		c.Until = "1d"
		fact := "There is none"
		if len(end) > 0 {
			fact = quoted(strings.Join(end, " ")) + " is none"
		}
		return &Refusal{
			Rule: "After `until` comes a date such as `2026-12-15`, with a time of day such as `2026-12-15 16:00`, or a while such as `2h` or `3d`",
			Fact: fact,
			Next: c.String(),
		}
	}
	return nil
}
