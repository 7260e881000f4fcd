package bot

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/trunkline/trunkline/bot/githubsim"
)

var (
	requiresStep = regexp.MustCompile(`^main requires a merge queue(?: that (squashes|rebases))?(, and ci)?$`)
	queueStep    = regexp.MustCompile(`^(\w+) (queues|unqueues|drafts|retargets) #(\d+)(?: to (\w+))?$`)
	statusStep   = regexp.MustCompile(`^(\w+) (passes|fails) ci on (#\d+|[\w-]{7})$`)
	outdatedStep = regexp.MustCompile(`^(\w+) (presses plan|reruns) on ([\w-]{7})$`)
)

// doMore does the steps about the merge queue, drafts, bases and buttons of older commits; false: it is another step.
func (c *conversation) doMore(line string) bool {
	c.t.Helper()
	var err error
	if match := requiresStep.FindStringSubmatch(line); match != nil {
		rules := githubsim.MergeQueue{Required: []string{checkName}, Method: strings.TrimRight(match[1], "s")}
		if match[1] == "squashes" {
			rules.Method = "squash"
		}
		if match[2] != "" {
			rules.Required = append(rules.Required, "ci")
		}
		err = c.gh.RequireMergeQueue(project, rules)
	} else if match := queueStep.FindStringSubmatch(line); match != nil {
		err = c.doQueue(c.gh.As(match[1]), match[2], match[3], match[4])
	} else if match := statusStep.FindStringSubmatch(line); match != nil {
		err = c.gh.As(match[1]).Status(project, c.commit(match[3]), "ci", map[string]string{"passes": "success", "fails": "failure"}[match[2]])
	} else if match := outdatedStep.FindStringSubmatch(line); match != nil {
		err = c.press(c.gh.As(match[1]), match[2], c.commit(match[3]))
	} else {
		return false
	}
	if err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
	return true
}

func (c *conversation) doQueue(person *githubsim.Person, verb, digits, branch string) error {
	number, err := strconv.Atoi(digits)
	if err != nil {
		return err
	}
	switch verb {
	case "queues":
		return person.Enqueue(project, number)
	case "unqueues":
		return person.Dequeue(project, number)
	case "drafts":
		return person.Draft(project, number)
	}
	return person.Retarget(project, number, branch)
}

// commit is the one that a person means by a name, or the head of a pull request.
func (c *conversation) commit(name string) string {
	c.t.Helper()
	if number, err := strconv.Atoi(strings.TrimPrefix(name, "#")); err == nil {
		pull, err := c.gh.Pull(project, number)
		if err != nil {
			c.t.Fatal(err)
		}
		return pull.HeadSHA
	}
	return c.unnamed(name)
}

// press presses the button, or "re-run", of our check run on a commit.
func (c *conversation) press(person *githubsim.Person, what, sha string) error {
	checks, err := c.gh.Checks(project, sha)
	switch {
	case err != nil:
		return err
	case len(checks) == 0:
		return fmt.Errorf("there is no check run on %s", sha)
	}
	c.watch(sha)
	switch {
	case what == "reruns":
		return person.RerequestCheck(project, checks[0].ID)
	}
	return person.RequestAction(project, checks[0].ID, checks[0].Actions[0].Identifier)
}

var groupBranch = regexp.MustCompile(`^gh-readonly-queue/main/pr-(\d+)-`)

// queued is what the merge queue did, and what the check runs of its groups show.
func (c *conversation) queued(events []githubsim.Event) string {
	var out strings.Builder
	for _, event := range events {
		match := groupBranch.FindStringSubmatch(event.State)
		switch {
		case event.Kind == "push" && match != nil:
			c.nameGroup(match[1], event.SHA)
		case event.Kind == "queue":
			fmt.Fprintf(&out, "  queue: #%d %s\n", event.Pull, event.State)
		case event.Kind == "check" && event.Actor == c.login && c.watched[event.SHA] && event.State != "in_progress":
			out.WriteString(c.summary(event.SHA))
		}
	}
	return out.String()
}

// nameGroup names the head of a group: group1-, and group1b where #1 got another.
func (c *conversation) nameGroup(number, sha string) {
	c.watch(sha)
	suffix := ""
	for again := 'b'; c.namedSo("group" + number + suffix); again++ {
		suffix = string(again)
	}
	c.name("group"+number+suffix, sha)
}

// watch has the check runs on a commit shown in full.
func (c *conversation) watch(sha string) {
	if c.watched == nil {
		c.watched = map[string]bool{}
	}
	c.watched[sha] = true
}

func (c *conversation) namedSo(name string) bool {
	for _, known := range c.names {
		if known == (name + "-------")[:7] {
			return true
		}
	}
	return false
}

// summary is what the check run of a group shows.
func (c *conversation) summary(sha string) string {
	checks, err := c.gh.Checks(project, sha)
	if err != nil {
		c.t.Fatal(err)
	}
	var out strings.Builder
	for _, check := range checks {
		fmt.Fprintf(&out, "  check run of %s: %s\n", sha, check.Title)
		for _, line := range strings.Split(strings.TrimRight(check.Summary, "\n"), "\n") {
			fmt.Fprintf(&out, "    %s\n", strings.TrimRight("| "+line, " "))
		}
		for _, one := range check.Annotations {
			fmt.Fprintf(&out, "  annotates %s:%d with a %s: %s\n", one.Path, one.Start, one.Level, strings.ReplaceAll(one.Message, "\n", "; "))
		}
	}
	return out.String()
}
