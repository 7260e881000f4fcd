package command

import (
	"regexp"
	"strconv"
	"strings"
)

// percentForm is a whole number of at most three digits with its sign, which may stand apart.
var percentForm = regexp.MustCompile(`^(\d{1,3})%$`)

// isPercent tells whether words after the environment are meant as a percentage.
func isPercent(words []string) bool {
	return strings.HasSuffix(strings.Join(words, ""), "%")
}

// percent reads how many of a hundred users are meant.
func (c *Command) percent(words []string) *Refusal {
	rule := "`" + usage[Go] + "` names how many of a hundred users, as a whole number from `0%` to `100%`"
	if c.Kind == Approve {
		rule = "`" + usage[Approve] + "` names the commit, or the percentage of a release"
	}
	if len(words) == 0 {
		return &Refusal{Rule: rule, Fact: "None was named", Next: c.next()}
	}
	said, rest := words[0], words[1:]
	if len(rest) > 0 && rest[0] == "%" {
		said, rest = said+"%", rest[1:]
	}
	if number, err := strconv.ParseUint(said, 10, 7); err == nil && number <= 100 && len(rest) == 0 {
		meant := int(number)
		c.Percent = &meant
		return &Refusal{Rule: rule, Fact: quoted(said) + " has no `%`", Next: c.String()}
	}
	form := percentForm.FindStringSubmatch(said)
	if form == nil {
		return &Refusal{Rule: rule, Fact: quoted(said) + " is none", Next: c.next()}
	}
	number, err := strconv.Atoi(form[1])
	if err != nil || number > 100 {
		return &Refusal{Rule: rule, Fact: quoted(said) + " is none", Next: c.next()}
	}
	c.Percent = &number
	if len(rest) > 0 {
		return &Refusal{Rule: "The command ends with the percentage", Fact: quoted(rest[0]) + " is too much", Next: c.String()}
	}
	return nil
}

// next is what to type instead: no percentage is put into a person's mouth.
func (c Command) next() string {
	if c.Kind == Go && c.Percent == nil {
		return "/" + string(Help)
	}
	return c.String()
}
