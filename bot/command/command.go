// Package command reads what people type to Trunkline in the comments of a pull request.
//
// The grammar is closed. A command stands at the start of a line, in the prose of a comment: never in a quote,
// in code, in HTML or in a list. Several lines are several commands, in order. Each command comes in a long form,
// which always works, and in a short form, which a repository can switch off where another bot owns it:
//
//	/trunkline promote prod
//	/promote prod
//
// These commands work:
//
//	/plan [environment...] [at <sha>]    plan again; with a SHA, plan exactly that commit
//	/promote <environment> [to <sha>]    ask for a promotion; /promote prod@4d03e77 says the same
//	/status                              what runs where
//	/help                                what can be typed here
//
// A line has one of three outcomes. It is a [Command]; or it is a [Refusal], which says the rule, the fact and what
// to type instead; or it is somebody else's business and is passed over in silence. Nothing that a person types is
// ever passed on to a tool: there are no flags, and every word is an environment, a SHA or a keyword.
//
// The package knows no repository: it says what a line means, not whether the person may do it.
package command

import "strings"

// Kind is what a command asks for.
type Kind string

const (
	// Plan asks for the plans of the pull request again.
	Plan Kind = "plan"
	// Promote asks to move one environment to a commit of trunk.
	Promote Kind = "promote"
	// Status asks what runs where.
	Status Kind = "status"
	// Help asks what can be typed here.
	Help Kind = "help"
)

// Command is one thing that a person asks for.
type Command struct {
	Kind Kind
	// Environments that are meant, each once, in the order in which they were typed. Empty for [Plan]: all of them.
	// [Promote] has exactly one, the others none.
	Environments []string
	// SHA of the commit that is meant: 7 to 64 hexadecimal digits in lower case, possibly shortened, not yet known
	// to exist. Empty: none was named.
	SHA string
	// Long: it was typed as /trunkline …, and answers speak the same way.
	Long bool
}

// Environment is the one environment of a [Promote]; empty for the others.
func (c Command) Environment() string {
	if c.Kind == Promote && len(c.Environments) == 1 {
		return c.Environments[0]
	}
	return ""
}

// String is the command as a person would type it. Parsing it gives the same command again.
func (c Command) String() string {
	words := append([]string{"/" + string(c.Kind)}, c.Environments...)
	if c.Long {
		words[0] = "/" + trunkline + " " + string(c.Kind)
	}
	if c.SHA != "" {
		words = append(words, shaKeyword[c.Kind], c.SHA)
	}
	return strings.Join(words, " ")
}

// Check says whether all environments of the command exist; nil: they do. It is for a caller who learns the names
// only after the comment was parsed.
func (c Command) Check(environments []string) *Refusal {
	for _, name := range c.Environments {
		if refusal := checkEnvironment(c.Kind, name, known(environments)); refusal != nil {
			if c.Long {
				return refusal.long()
			}
			return refusal
		}
	}
	return nil
}
