package command

import "strings"

const (
	// MaxBody is the size in bytes above which a comment is not read at all. GitHub's own limit is 65,536
	// characters.
	MaxBody = 4 * 65536
	// MaxCommands is how many lines for Trunkline are read in one comment.
	MaxCommands = 10
)

// Parsed is one line of a comment that was meant for Trunkline. Exactly one of Command and Refusal is set.
type Parsed struct {
	// Line of the comment, counted from 1.
	Line int
	// Text of the line as it was typed.
	Text    string
	Command *Command
	Refusal *Refusal
}

// Grammar is what differs from repository to repository. The zero Grammar knows both forms and accepts every
// well-formed name of an environment.
type Grammar struct {
	// Environments that exist, in their order. Nil: not known yet; [Command.Check] can be asked later.
	Environments []string
	// OnlyLong switches the short form off: only lines that start with /trunkline are read.
	OnlyLong bool
}

// Parse reads a comment with the zero [Grammar].
func Parse(body string) []Parsed { return Grammar{}.Parse(body) }

// Parse returns the lines of a comment that are meant for Trunkline, in order. Lines that are not are left out.
func (g Grammar) Parse(body string) []Parsed {
	if len(body) > MaxBody || !strings.Contains(body, "/") {
		return nil
	}
	body = strings.ReplaceAll(body, "\r\n", "\n")
	body = strings.ReplaceAll(body, "\r", "\n")

	var parsed []Parsed
	for _, line := range prose(body) {
		command, refusal := g.line(line.text)
		if command == nil && refusal == nil {
			continue
		}
		if len(parsed) == MaxCommands {
			refusal := &Refusal{
				Rule: "One comment holds at most ten commands",
				Fact: "This line and all after it were not read",
			}
			return append(parsed, Parsed{Line: line.number, Text: line.text, Refusal: refusal})
		}
		parsed = append(parsed, Parsed{Line: line.number, Text: line.text, Command: command, Refusal: refusal})
	}
	return parsed
}
