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
//	/preview [off] [at <sha>]            an environment of its own for an open pull request; with a SHA, of exactly that commit
//	/promote <environment> [to <sha>]    ask for a promotion; /promote prod@4d03e77 says the same
//	/approve <environment> [<sha>]       consent to the promotion that is shown
//	/approve <environment> <percent>%    consent to the step of a release that waits
//	/hold <environment> [component...] [until <date>] because <reason>
//	                                     stop an environment, or some of its components
//	/unhold <environment> [because <reason>]
//	                                     let it go on
//	/rollback <environment> [to <sha>] [with revert] [because <reason>]
//	                                     back to a commit that succeeded there; with revert, on trunk as well
//	/go <environment> <percent>%         give what runs there to so many of its users
//	/retry <environment>                 a deployment that failed or was stopped, again
//	/abort <environment>                 stop what waits or runs
//	/override <environment> [to <sha>] because <reason>
//	                                     pass closed gates in an emergency
//	/status                              what runs where
//	/help                                what can be typed here
//
// A line has one of three outcomes. It is a [Command]; or it is a [Refusal], which says the rule, the fact and what
// to type instead; or it is somebody else's business and is passed over in silence. Nothing that a person types is
// ever passed on to a tool: there are no flags, and every word is an environment, a component, a SHA, a date, a
// percentage or a keyword. Only what follows the word `because` is free text, for people to read.
//
// The package knows no repository: it says what a line means, not whether the person may do it.
package command

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is what a command asks for.
type Kind string

const (
	// Plan asks for the plans of the pull request again.
	Plan Kind = "plan"
	// Preview asks for an environment of the pull request's own, or for its end.
	Preview Kind = "preview"
	// Promote asks to move one environment to a commit of trunk.
	Promote Kind = "promote"
	// Approve consents to the promotion of an environment that waits.
	Approve Kind = "approve"
	// Hold stops an environment, or some components of it.
	Hold Kind = "hold"
	// Unhold takes holds away.
	Unhold Kind = "unhold"
	// Rollback asks to bring one environment back to a commit that succeeded there.
	Rollback Kind = "rollback"
	// Go asks to give what an environment runs to a part of its users.
	Go Kind = "go"
	// Retry asks for a deployment again that failed or was stopped.
	Retry Kind = "retry"
	// Abort stops what waits or runs in an environment.
	Abort Kind = "abort"
	// Override passes the closed gates of an environment, once.
	Override Kind = "override"
	// Status asks what runs where.
	Status Kind = "status"
	// Help asks what can be typed here.
	Help Kind = "help"
)

// Kinds are all that there are, in the order in which help lists them.
func Kinds() []Kind { return slices.Clone(kinds) }

// Command is one thing that a person asks for.
type Command struct {
	Kind Kind
	// Environments that are meant, each once, in the order in which they were typed. Empty for [Plan]: all of them.
	// [Preview], [Status] and [Help] have none, the others exactly one.
	Environments []string
	// SHA of the commit that is meant: 7 to 64 hexadecimal digits in lower case, possibly shortened, not yet known
	// to exist. Empty: none was named.
	SHA string
	// Components that a [Hold] is for, by name or pattern, each once; empty: the whole environment.
	Components []string
	// Until is when a [Hold] ends: a day as in 2026-12-15, a minute as in "2026-12-15 16:00", or a while as in 2h or 3d;
	// empty: when somebody lifts it. See [Command.Ends].
	Until string
	// Off: a [Preview] is to end.
	Off bool
	// Revert: a [Rollback] also asks for a pull request that takes the commits back on trunk.
	Revert bool
	// Percent of users that a [Go] is for, or an [Approve] of one: 0 to 100; nil: none was named.
	Percent *int
	// Reason of a [Hold], an [Unhold], a [Rollback] or an [Override], in one line.
	Reason string
	// Long: it was typed as /trunkline …, and answers speak the same way.
	Long bool
}

// Environment is the one environment of a command that has exactly one; empty for the others.
func (c Command) Environment() string {
	if c.Kind != Plan && len(c.Environments) == 1 {
		return c.Environments[0]
	}
	return ""
}

// String is the command as a person would type it. Parsing it gives the same command again; where it lacks a reason that it
// must have, a placeholder shows where to write one.
func (c Command) String() string {
	words := append([]string{"/" + string(c.Kind)}, c.Environments...)
	if c.Long {
		words[0] = "/" + trunkline + " " + string(c.Kind)
	}
	if c.Off {
		words = append(words, off)
	}
	words = append(words, c.Components...)
	if c.SHA != "" && shaKeyword[c.Kind] != "" {
		words = append(words, shaKeyword[c.Kind])
	}
	if c.SHA != "" {
		words = append(words, c.SHA)
	}
	if c.Percent != nil {
		words = append(words, fmt.Sprintf("%d%%", *c.Percent))
	}
	if c.Revert {
		words = append(words, with, revert)
	}
	if c.Until != "" {
		words = append(words, until, c.Until)
	}
	if c.Reason != "" {
		words = append(words, because, c.Reason)
	} else if c.Kind == Hold || c.Kind == Override {
		words = append(words, because, "<reason>")
	}
	return strings.Join(words, " ")
}

// Check says whether all environments of the command exist; nil: they do. It is for a caller who learns the names
// only after the comment was parsed.
func (c Command) Check(environments []string) *Refusal {
	for _, name := range c.Environments {
		if refusal := checkEnvironment(c, name, known(environments)); refusal != nil {
			if c.Long {
				return refusal.long()
			}
			return refusal
		}
	}
	return nil
}
