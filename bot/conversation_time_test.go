package bot

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
)

var (
	passStep   = regexp.MustCompile(`^time passes(?:: (\d+)([mhdw])| until (\d{4}-\d\d-\d\d \d\d:\d\d))$`)
	reportStep = regexp.MustCompile(`^(ci|app \w+) reports (\S+) (\w+) on (#\d+|[\w-]{7})$`)
	downStep   = regexp.MustCompile(`^trunkline stops for (\d+)([mhdw])$`)
	loseStep   = regexp.MustCompile(`^webhooks (?:of (\w+) get lost|arrive again)$`)
)

// doTime does the steps about time, and about what others report of commits; false: it is another step.
func (c *conversation) doTime(line string) bool {
	c.t.Helper()
	if match := passStep.FindStringSubmatch(line); match != nil {
		c.passes(c.long(match[1], match[2], match[3]))
		c.gh.Tick()
	} else if match := downStep.FindStringSubmatch(line); match != nil {
		c.stop()
		c.now.goOn(c.long(match[1], match[2], ""))
		c.start()
	} else if match := reportStep.FindStringSubmatch(line); match != nil {
		if err := c.reports(match[1], match[2], match[3], c.commit(match[4])); err != nil {
			c.t.Fatalf("%s: %v", line, err)
		}
	} else if match := loseStep.FindStringSubmatch(line); match != nil {
		lost := match[1]
		c.gh.Disturb(func(webhook githubsim.Webhook) githubsim.Fate { return githubsim.Fate{Drop: webhook.Event == lost} })
	} else {
		return false
	}
	return true
}

// long is how long a step lets pass.
func (c *conversation) long(count, unit, until string) time.Duration {
	c.t.Helper()
	if until != "" {
		then, err := time.Parse("2006-01-02 15:04", until)
		if err != nil || !then.After(c.now.time()) {
			c.t.Fatalf("time cannot pass until %s: it is %s (%v)", until, c.now.time(), err)
		}
		return then.Sub(c.now.time())
	}
	n, err := strconv.Atoi(count)
	if err != nil {
		c.t.Fatal(err)
	}
	return time.Duration(n) * map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[unit]
}

// reports sets a commit status as a service does that has a person's token, or reports a check run of another App.
func (c *conversation) reports(who, name, state, sha string) error {
	if app, is := strings.CutPrefix(who, "app "); is {
		return c.gh.ReportCheck(project, githubsim.CheckReport{App: app, SHA: sha, Name: name, State: state})
	}
	if err := c.gh.SetRole(project, who, "write"); err != nil {
		return err
	}
	return c.gh.As(who).Status(project, sha, name, state)
}

// issue is what became of an issue of Trunkline's.
func (c *conversation) issue(issue githubsim.IssueView) string {
	var out strings.Builder
	if key := -int64(issue.Number); issue.Author == c.login && c.said[key] != issue.Body {
		verb := "edits"
		if c.said[key] == "" {
			verb = "opens"
		}
		c.said[key] = issue.Body
		fmt.Fprintf(&out, "  %s issue #%d: %s\n", verb, issue.Number, issue.Title)
		for _, line := range strings.Split(strings.TrimRight(issue.Body, "\n"), "\n") {
			fmt.Fprintf(&out, "    %s\n", strings.TrimRight("| "+line, " "))
		}
	}
	if key := -int64(issue.Number) - 1_000_000; issue.State == "closed" && c.said[key] == "" {
		c.said[key] = "closed"
		fmt.Fprintf(&out, "  closes issue #%d\n", issue.Number)
	} else if issue.State == "open" && c.said[key] != "" {
		c.said[key] = ""
		fmt.Fprintf(&out, "  reopens issue #%d\n", issue.Number)
	}
	return out.String()
}
