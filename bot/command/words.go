package command

import (
	"fmt"
	"strings"
)

// cut divides the words at a keyword, in any case. After is nil where the keyword is missing, and empty where it is
// the last word.
func cut(words []string, keyword string) (before, after []string) {
	for i, word := range words {
		if strings.EqualFold(word, keyword) {
			return words[:i], append([]string{}, words[i+1:]...)
		}
	}
	return words, nil
}

// splitAt turns prod@4d03e77 as the first word into prod to 4d03e77, or without the keyword where there is none.
func splitAt(words []string, keyword string) []string {
	if len(words) == 0 {
		return nil
	}
	name, sha, found := strings.Cut(words[0], "@")
	if !found {
		return words
	}
	split := []string{name}
	if keyword != "" {
		split = append(split, keyword)
	}
	if sha != "" {
		split = append(split, sha)
	}
	return append(split, words[1:]...)
}

// checkEnvironment refuses a word that is no environment. Names are all in lower case, so the case in which one was
// typed does not matter.
func checkEnvironment(command Command, word string, environments []string) *Refusal {
	name := strings.ToLower(word)
	if environments == nil && environmentName.MatchString(name) || contains(environments, name) {
		return nil
	}
	refusal := &Refusal{
		Rule: fmt.Sprintf("`%s` takes the environments of this repository", usage[command.Kind]),
		Fact: "There is no " + quoted(word) + thereIs(environments),
	}
	if environments == nil {
		refusal.Rule = "The name of an environment has lower-case letters, digits and hyphens"
		refusal.Fact = quoted(word) + " has something else"
		return refusal
	}
	if near := nearest(strings.Trim(name, "`'\"*_.,:;!?<>()[]"), environments); near != "" {
		refusal.Fact = "There is no " + quoted(word) + "; did you mean `" + near + "`?"
		command.Environments, command.Long = []string{near}, false
		refusal.Next = command.next()
	}
	return refusal
}

// known makes "not known yet" of nil impossible: a repository without environments has none, and says so.
func known(environments []string) []string {
	return append([]string{}, environments...)
}

// thereIs lists the environments as the end of a sentence; empty where they are not known.
func thereIs(environments []string) string {
	if len(environments) == 0 {
		return ""
	}
	return "; there is " + listed(environments)
}

// listed is "`a`, `b` and `c`".
func listed(names []string) string {
	shown := make([]string, len(names))
	for i, name := range names {
		shown[i] = "`" + name + "`"
	}
	if len(shown) < 2 {
		return strings.Join(shown, "")
	}
	return strings.Join(shown[:len(shown)-1], ", ") + " and " + shown[len(shown)-1]
}

// names of the commands that work.
func names() []string {
	all := make([]string, len(kinds))
	for i, kind := range kinds {
		all[i] = string(kind)
	}
	return all
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// looksLikeSHA tells whether a word was rather meant as a commit than as an environment.
func looksLikeSHA(word string) bool {
	return shaForm.MatchString(word) && strings.ContainsAny(word, "0123456789")
}

func shaWithoutKeyword(command Command, sha string) *Refusal {
	command.SHA = sha
	return &Refusal{
		Rule: fmt.Sprintf("A commit follows the word `%s`", shaKeyword[command.Kind]),
		Fact: quoted(sha) + " looks like a commit",
		Next: command.String(),
	}
}

// misspelt suggests the right word, with the arguments as they were typed where that makes a command.
func (g Grammar) misspelt(typed, right string, arguments []string) *Refusal {
	refusal := &Refusal{Fact: "There is no command " + quoted(typed) + "; did you mean `" + right + "`?"}
	for _, try := range []string{strings.Join(append([]string{"/" + right}, arguments...), " "), "/" + right} {
		if command, _ := (Grammar{Environments: g.Environments}).line(try); command != nil {
			refusal.Next = command.String()
			break
		}
	}
	return refusal
}

// withoutFlags is the command with the words that are left when flags are taken away, if they make a command.
func withoutFlags(kind Kind, words []string) string {
	var kept []string
	before := beforeReason(kind, words)
	for i, word := range words {
		if i >= len(before) || !strings.HasPrefix(word, "-") && !strings.HasPrefix(word, "—") {
			kept = append(kept, word)
		}
	}
	command, refusal := Grammar{}.arguments(kind, kept)
	if refusal != nil {
		return ""
	}
	return command.String()
}

// long rewrites what to type next into the long form, for a person who used that.
func (r *Refusal) long() *Refusal {
	if r == nil || r.Next == "" {
		return r
	}
	r.Next = "/" + trunkline + " " + strings.TrimPrefix(r.Next, "/")
	return r
}
