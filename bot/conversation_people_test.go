package bot

import (
	"regexp"
	"strings"
)

var (
	teamStep = regexp.MustCompile(`^team (\S+)(?: under (\S+))?: ([\w, ]+)$`)
	joinStep = regexp.MustCompile(`^(\w+) (joins|leaves|is invited to) (\S+)$`)
	roleStep = regexp.MustCompile(`^(\w+) may (none|read|triage|write|maintain|admin)$`)
)

// doPeople does the steps about who is in which team and who may what; false: it is another step.
func (c *conversation) doPeople(line string) bool {
	c.t.Helper()
	var err error
	if match := teamStep.FindStringSubmatch(line); match != nil {
		if err = c.gh.SetTeam(match[1], match[2]); err == nil {
			for _, login := range strings.Split(match[3], ", ") {
				if err == nil {
					err = c.gh.Join(match[1], login)
				}
			}
		}
	} else if match := joinStep.FindStringSubmatch(line); match != nil {
		switch match[2] {
		case "joins":
			err = c.gh.Join(match[3], match[1])
		case "leaves":
			err = c.gh.Leave(match[3], match[1])
		default:
			err = c.gh.Invite(match[3], match[1])
		}
	} else if match := roleStep.FindStringSubmatch(line); match != nil {
		err = c.gh.SetRole(project, match[1], match[2])
	} else {
		return false
	}
	if err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
	return true
}
