package contract

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
)

// Need is one permission that an operation or an event asks for.
type Need struct {
	// Permission is its name in the App's manifest, such as pull_requests. For
	// operations that no permission covers it is "-".
	Permission string
	// Access is read or write. Where Permission is "-" it says who may call:
	// jwt (the App itself), any (every installation token), none (everyone).
	Access string
	// Combine says how this need goes with the operation's others.
	Combine Combination
}

// Combination is how several needs of one operation go together.
type Combination string

const (
	// Alone is for an operation that has one need, or needs this one always.
	Alone Combination = "-"
	// And is for needs that must all be met.
	And Combination = "and"
	// OrOnPull is for needs of which one suffices where the subject is a pull
	// request; for a plain issue it is the one on issues.
	OrOnPull Combination = "or-on-pull"
	// AndOnWorkflows is for a need that is there only for workflow files.
	AndOnWorkflows Combination = "and-on-workflows"
)

// Permissions returns what the operation needs, nothing if GitHub's table does
// not name the operation.
func (c *Contract) Permissions(operation Operation) []Need {
	return c.permissions[operation.Method+" "+operation.Path]
}

// EventPermission returns what an App must be granted before it can subscribe
// to the event: pull_request, or check_run.rerequested for what one action asks
// more than the others.
func (c *Contract) EventPermission(event string) (Need, bool) {
	need, ok := c.events[event]
	return need, ok
}

// Allows reports whether granted access is enough for the needed access.
func Allows(granted, needed string) bool {
	rank := map[string]int{"read": 1, "write": 2, "admin": 3}
	return rank[needed] > 0 && rank[granted] >= rank[needed]
}

func (c *Contract) readPermissions() error {
	rows, err := table("data/permissions.tsv", 6)
	if err != nil {
		return err
	}
	c.permissions = map[string][]Need{}
	for _, row := range rows {
		key := row[0] + " " + row[1]
		c.permissions[key] = append(c.permissions[key], Need{Permission: row[2], Access: row[3], Combine: Combination(row[5])})
	}
	return nil
}

func (c *Contract) readEvents() error {
	rows, err := table("data/events.tsv", 3)
	if err != nil {
		return err
	}
	c.events = map[string]Need{}
	for _, row := range rows {
		c.events[row[0]] = Need{Permission: row[1], Access: row[2], Combine: Alone}
	}
	return nil
}

// table reads tab-separated rows after a heading line.
func table(name string, columns int) ([][]string, error) {
	text, err := data.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var rows [][]string
	lines := bufio.NewScanner(bytes.NewReader(text))
	for number := 1; lines.Scan(); number++ {
		row := strings.Split(lines.Text(), "\t")
		if len(row) != columns {
			return nil, fmt.Errorf("%s:%d has %d columns, not %d", name, number, len(row), columns)
		}
		if number > 1 {
			rows = append(rows, row)
		}
	}
	return rows, lines.Err()
}
