package bot

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	teamStep = regexp.MustCompile(`^team (\S+)(?: under (\S+))?: ([\w, ]+)$`)
	joinStep = regexp.MustCompile(`^(\w+) (joins|leaves|is invited to) (\S+)$`)
	handStep = regexp.MustCompile(`^somebody sets (\S+) to (.+) by hand$`)
	roleStep = regexp.MustCompile(`^(\w+) may (none|read|triage|write|maintain|admin)$`)
)

// doPeople does the steps about who is in which team and who may what; false: it is another step.
func (c *conversation) doPeople(line string) bool {
	c.t.Helper()
	var err error
	if line == "we read the news only" || line == "we read all again" {
		c.brief = line == "we read the news only"
	} else if match := teamStep.FindStringSubmatch(line); match != nil {
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
	} else if match := handStep.FindStringSubmatch(line); match != nil {
		err = os.WriteFile(filepath.Join(c.deployed, match[1]), []byte(match[2]+"\n"), 0o644)
	} else {
		return false
	}
	if err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
	return true
}

// news are the first line of a comment, and those lines about gates and commands that it did not say before.
func news(number int, before, body string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "  says on #%d:\n", number)
	known := map[string]bool{}
	for _, line := range strings.Split(before, "\n") {
		known[line] = true
	}
	for i, line := range strings.Split(body, "\n") {
		list := strings.HasPrefix(line, "- ") && !strings.HasPrefix(line, "- **")
		if line != "" && (i == 0 || list && !known[line]) {
			fmt.Fprintf(&out, "    | %s\n", strings.TrimRight(line, " "))
		}
	}
	return out.String()
}
