package bot

import (
	"io"
	"net/http"
	"regexp"
	"strings"
)

var (
	publicStep = regexp.MustCompile(`^trunkline is at (https://\S+)$`)
	readStep   = regexp.MustCompile(`^(\w+) reads the log of (\w+)$`)
	logToken   = regexp.MustCompile(`(/logs/\d+/)[\w-]{43}`)
	logTime    = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ|after [\d.hm]+s`)
)

// doLogs does the steps about logs; false: it is another step.
func (c *conversation) doLogs(line string) bool {
	c.t.Helper()
	if match := publicStep.FindStringSubmatch(line); match != nil {
		c.public = match[1] + "/"
		c.restart()
		return true
	}
	match := readStep.FindStringSubmatch(line)
	if match == nil {
		return false
	}
	link := c.logLinkOf(match[2])
	if link == "" {
		c.log = "    there is no link to it\n"
		return true
	}
	status, text := c.get(link + "?raw")
	if status != http.StatusOK {
		c.t.Fatalf("%s: %d %s", line, status, text)
	}
	for line := range strings.Lines(logTime.ReplaceAllString(text, "…")) {
		c.log += "    >" + strings.TrimRight(" "+line, " \n") + "\n"
	}
	return true
}

// logLinkOf is the link in the newest deployment status of an environment.
func (w *world) logLinkOf(environment string) string {
	w.t.Helper()
	deployments, err := w.gh.Deployments(project)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, deployment := range deployments {
		if n := len(deployment.Statuses); deployment.Environment == environment && n > 0 {
			return deployment.Statuses[n-1].LogURL
		}
	}
	return ""
}

// get asks the bot for a page that people know under its public address.
func (w *world) get(address string) (status int, text string) {
	w.t.Helper()
	answer, err := http.Get(strings.Replace(address, w.public, w.server.URL+"/", 1))
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}
