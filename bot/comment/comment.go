// Package comment writes what Trunkline shows on GitHub: the preview on a pull request, the rollout on a merged one,
// the output of the check run, replies to commands and the descriptions of deployments.
//
// Everything here is a function of what it is given: no clock, no network, no memory of the comment before. The same
// state gives the same text, so a caller can tell by comparing whether there is anything to edit.
//
// Two promises hold for every comment:
//
// It fits. GitHub takes 65,536 characters; we count bytes, which are never fewer, and stay below [DefaultLimit]. A
// comment that would be longer loses structure, never half a line: first the attributes of the least important
// plans, then their lists of resources, then the plans, then rows of the table. It says what is missing and where
// to find it.
//
// Text from outside stays text. Names, titles, messages and values come from people, and from code that people
// wrote. They pass through the line and fence types of this package, which leave them no way to mention someone, to
// refer to another issue, to show a picture or to end the fence that they are in. References and links that do
// appear were made here.
package comment

import "strings"

// DefaultLimit is the largest size of a comment, in bytes, where [Options] name none.
const DefaultLimit = 65000

// Options are what a comment needs to know beside its subject. The zero Options are usable.
type Options struct {
	// Limit of the size in bytes; zero: [DefaultLimit].
	Limit int
	// Full is the address of a page on which everything is shown, such as the check run; empty: there is none.
	Full string
	// Log is the address of a deployment's log; nil or empty: there is none.
	Log func(deployment int64) string
	// Run is the address of a run of a workflow; nil or empty: there is none.
	Run func(run int64) string
	// OnlyLong: commands are typed as /trunkline …, because another bot owns the short form.
	OnlyLong bool
	// NamesOnly: attributes are named, but their values are not shown, as on a public repository.
	NamesOnly bool

	// group is that of the merge queue, where it is one that is shown.
	group *Group
}

func (o Options) limit() int {
	if o.Limit <= 0 {
		return DefaultLimit
	}
	return o.Limit
}

// typed is a command, given in its short form, as people of this repository type it.
func (o Options) typed(command string) line {
	if o.OnlyLong && !strings.HasPrefix(command, "/trunkline") {
		command = "/trunkline " + strings.TrimPrefix(command, "/")
	}
	return code(command)
}

// Size of a text in the unit of [Options.Limit]: bytes.
func Size(markdown string) int { return len(markdown) }

// Short is a commit's SHA as people see it: its first seven digits.
func Short(sha string) string {
	if len(sha) > 7 {
		return sha[:7]
	}
	return sha
}
