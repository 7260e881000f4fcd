package bot

import "regexp"

var deletesStep = regexp.MustCompile(`^(\w+) deletes (\w+)$`)

// doBranches deletes a branch, as people do after merging it.
func (c *conversation) doBranches(line string) bool {
	c.t.Helper()
	match := deletesStep.FindStringSubmatch(line)
	if match == nil {
		return false
	}
	if err := c.gh.As(match[1]).DeleteBranch(project, match[2]); err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
	return true
}
