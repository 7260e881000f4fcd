package command

import (
	"fmt"
	"regexp"
	"strings"
)

// Keywords.
const (
	until   = "until"
	because = "because"
	with    = "with"
	revert  = "revert"
	off     = "off"
)

var (
	// shaKeyword stands before the SHA of a command.
	shaKeyword = map[Kind]string{Plan: "at", Preview: "at", Promote: "to", Rollback: "to", Override: "to"}

	// kinds in the order in which help lists them, and how each is typed after a slash.
	kinds = []Kind{Plan, Preview, Promote, Approve, Hold, Unhold, Rollback, Go, Retry, Abort, Override, Status, Help}
	usage = map[Kind]string{
		Plan:     "plan [environment…] [at <sha>]",
		Preview:  "preview [off] [at <sha>]",
		Promote:  "promote <environment> [to <sha>]",
		Approve:  "approve <environment> [<sha>|<percent>%]",
		Hold:     "hold <environment> [component…] [until <date>] because <reason>",
		Unhold:   "unhold <environment> [because <reason>]",
		Rollback: "rollback <environment> [to <sha>] [with revert] [because <reason>]",
		Go:       "go <environment> <percent>%",
		Retry:    "retry <environment>",
		Abort:    "abort <environment>",
		Override: "override <environment> [to <sha>] because <reason>",
		Status:   "status",
		Help:     "help",
	}

	// does is what a command is for, as the beginning of a sentence about its one environment.
	does = map[Kind]string{
		Promote: "moves", Approve: "is about", Hold: "stops", Unhold: "frees", Rollback: "brings back", Go: "releases", Retry: "is about", Abort: "is about", Override: "is about",
	}

	// foreign are commands of other bots, and words, that a slip of the hand could turn into ours.
	foreign = map[string]bool{
		"play": true, "plane": true, "place": true, "label": true, "clean": true, "remote": true, "demote": true,
		"stats": true, "state": true, "stage": true, "start": true, "hell": true, "heap": true,
		"held": true, "heal": true, "kelp": true, "yelp": true, "plans": true,
		"improve": true, "about": true, "gold": true, "fold": true, "bold": true, "told": true, "unfold": true, "entry": true,
		"retro": true, "try": true, "ready": true, "reply": true, "port": true, "sort": true, "short": true, "report": true,
	}

	environmentName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	shaForm         = regexp.MustCompile(`^[0-9a-f]{7,64}$`)
	wordForm        = regexp.MustCompile(`^/([a-zA-Z-]+)[.,:;!?]*$`)
)

// name of the long form, after its slash.
const trunkline = "trunkline"

// line reads one line that starts with a slash. Both results are nil where the line is none of our business.
func (g Grammar) line(line string) (*Command, *Refusal) {
	words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
	form := wordForm.FindStringSubmatch(words[0])
	if form == nil {
		return nil, nil
	}
	word := strings.ToLower(form[1])
	exact := len(form[0]) == 1+len(form[1])

	if word == trunkline {
		return g.long(words[1:])
	}
	if near := nearest(word, []string{trunkline}); near != "" {
		return nil, g.misspelt(words[0], trunkline, words[1:])
	}
	if g.OnlyLong {
		return nil, nil
	}
	for _, kind := range kinds {
		if exact && word == string(kind) {
			return g.arguments(kind, words[1:])
		}
	}
	if foreign[word] {
		return nil, nil
	}
	if near := nearest(word, names()); near != "" {
		return nil, g.misspelt(words[0], near, words[1:])
	}
	return nil, nil
}

// long reads what follows /trunkline: here every word is meant for us.
func (g Grammar) long(words []string) (*Command, *Refusal) {
	if len(words) == 0 {
		return &Command{Kind: Help, Long: true}, nil
	}
	word := strings.ToLower(words[0])
	for _, kind := range kinds {
		if word == string(kind) {
			command, refusal := g.arguments(kind, words[1:])
			if command != nil {
				command.Long = true
			}
			return command, refusal.long()
		}
	}
	if near := nearest(strings.TrimLeft(word, "/"), names()); near != "" {
		return nil, g.misspelt(words[0], near, words[1:]).long()
	}
	return nil, &Refusal{
		Rule: "The commands are " + listed(names()),
		Fact: "There is no " + quoted(words[0]),
		Next: "/" + trunkline + " help",
	}
}

// arguments reads what follows a command's own word.
func (g Grammar) arguments(kind Kind, words []string) (*Command, *Refusal) {
	for _, word := range beforeReason(kind, words) {
		if strings.HasPrefix(word, "-") || strings.HasPrefix(word, "—") {
			return nil, &Refusal{
				Rule: "Commands take no flags, and none is passed on to any tool",
				Fact: quoted(word) + " looks like one",
				Next: withoutFlags(kind, words),
			}
		}
	}
	switch kind {
	case Plan:
		return g.plan(words)
	case Preview:
		return preview(words)
	case Promote, Approve, Hold, Unhold, Rollback, Go, Retry, Abort, Override:
		return g.one(kind, words)
	default:
		if len(words) > 0 {
			return nil, &Refusal{
				Rule: fmt.Sprintf("`%s` stands alone on its line", kind),
				Fact: quoted(words[0]) + " is too much",
				Next: "/" + string(kind),
			}
		}
		return &Command{Kind: kind}, nil
	}
}

func (g Grammar) plan(words []string) (*Command, *Refusal) {
	environments, rest := cut(words, shaKeyword[Plan])
	command := &Command{Kind: Plan}
	seen := map[string]bool{}
	for _, word := range environments {
		name := strings.ToLower(word)
		if looksLikeSHA(name) && !contains(g.Environments, name) {
			return nil, shaWithoutKeyword(Command{Kind: Plan, Environments: command.Environments}, name)
		}
		if refusal := checkEnvironment(Command{Kind: Plan}, word, g.Environments); refusal != nil {
			return nil, refusal
		}
		if !seen[name] {
			seen[name] = true
			command.Environments = append(command.Environments, name)
		}
	}
	return finish(command, rest)
}

// preview reads what follows /preview.
func preview(words []string) (*Command, *Refusal) {
	before, sha := cut(words, shaKeyword[Preview])
	command := &Command{Kind: Preview, Off: len(before) > 0 && strings.EqualFold(before[0], off)}
	rest := before
	if command.Off {
		rest = before[1:]
	}
	switch {
	case len(rest) > 0 && !command.Off && looksLikeSHA(strings.ToLower(rest[0])):
		return nil, shaWithoutKeyword(*command, strings.ToLower(rest[0]))
	case len(rest) > 0:
		return nil, &Refusal{Rule: "`" + usage[Preview] + "` is about this pull request, and names nothing else", Fact: quoted(rest[0]) + " is too much", Next: command.String()}
	case command.Off && sha != nil:
		return nil, &Refusal{Rule: "`preview off` ends what there is, whatever commit it has", Fact: "`at` is too much", Next: command.String()}
	}
	return finish(command, sha)
}

// finish reads the SHA after its keyword. Rest is nil where there was no keyword.
func finish(command *Command, rest []string) (*Command, *Refusal) {
	if rest == nil {
		return command, nil
	}
	keyword := shaKeyword[command.Kind]
	rule := fmt.Sprintf("After `%s` comes the SHA of a commit, at least its first seven digits", keyword)
	if keyword == "" {
		rule = "After the environment comes the SHA of a commit, at least its first seven digits"
	}
	if len(rest) == 0 {
		return nil, &Refusal{Rule: rule, Fact: "There is none", Next: command.String()}
	}
	sha := strings.ToLower(rest[0])
	if !shaForm.MatchString(sha) {
		return nil, &Refusal{Rule: rule, Fact: quoted(rest[0]) + " is not one", Next: command.String()}
	}
	command.SHA = sha
	if len(rest) > 1 {
		return nil, &Refusal{
			Rule: "The command ends with the SHA",
			Fact: quoted(rest[1]) + " is too much",
			Next: command.String(),
		}
	}
	return command, nil
}
