package mirror

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// Hunk is lines of a file that differ between two commits.
type Hunk struct {
	// Before is the first line in the earlier commit and BeforeCount how many there are, After and AfterCount the same
	// in the later. Where a count is 0, the line is the one before.
	Before, BeforeCount, After, AfterCount int
}

// Lines are the lines that differ between two commits, by the paths of the files in the later one. A file without
// lines, such as a binary one, has no hunks.
type Lines map[string][]Hunk

// ChangedLines compares two commits line by line.
func (m *Mirror) ChangedLines(ctx context.Context, from, to string) (Lines, error) {
	for _, sha := range []string{from, to} {
		if err := validSHA(sha); err != nil {
			return nil, err
		}
	}
	if err := m.prepare(ctx); err != nil {
		return nil, err
	}
	lines := Lines{}
	output, input := io.Pipe()
	parsed := make(chan error, 1)
	go func() {
		err := lines.parse(bufio.NewReader(output))
		if err != nil {
			_ = output.CloseWithError(err) // so that git does not wait for a reader that is gone
		}
		parsed <- err
	}()
	_, err := m.run(ctx, invocation{stdout: input, args: []string{"-c", "core.quotePath=false", "diff-tree", "-r", "-p", "--unified=0",
		"--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/", "--end-of-options", from, to, "--"}})
	_ = input.Close()
	if failed := <-parsed; err == nil {
		err = failed
	}
	if err != nil {
		return nil, fmt.Errorf("compare %s with %s: %w", from, to, err)
	}
	return lines, nil
}

var hunkHead = regexp.MustCompile(`^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@`)

// parse reads git's patch. What stands in the lines of a file is read over by their number, since it may look like
// anything.
func (l Lines) parse(patch *bufio.Reader) error {
	file, over := "", 0
	for {
		line, err := patch.ReadString('\n')
		if line == "" && err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		line = strings.TrimSuffix(line, "\n")
		switch {
		case over > 0 && !strings.HasPrefix(line, `\`):
			over--
		case strings.HasPrefix(line, "diff --git "):
			file = ""
		case strings.HasPrefix(line, "+++ "):
			if file = patchName(line[4:]); file != "" {
				l[file] = l[file][:0:0]
			}
		case strings.HasPrefix(line, "@@ "):
			hunk, err := parseHunk(line)
			if err != nil {
				return err
			}
			over = hunk.BeforeCount + hunk.AfterCount
			if file != "" {
				l[file] = append(l[file], hunk)
			}
		}
	}
}

// patchName is the path in a line of a patch; "" for /dev/null.
func patchName(text string) string {
	text = strings.TrimSuffix(text, "\t") // which git writes after names with spaces
	if strings.HasPrefix(text, `"`) {
		unquoted, err := strconv.Unquote(text)
		if err != nil {
			return ""
		}
		text = unquoted
	}
	name, found := strings.CutPrefix(text, "b/")
	if !found {
		return ""
	}
	return name
}

func parseHunk(line string) (Hunk, error) {
	match := hunkHead.FindStringSubmatch(line)
	if match == nil {
		return Hunk{}, fmt.Errorf("git says %q", line)
	}
	var numbers [4]int
	for i, text := range match[1:] {
		numbers[i] = 1
		if text == "" {
			continue
		}
		number, err := strconv.Atoi(text)
		if err != nil {
			return Hunk{}, fmt.Errorf("git says %q", line)
		}
		numbers[i] = number
	}
	return Hunk{numbers[0], numbers[1], numbers[2], numbers[3]}, nil
}

// FirstIn is the first line of the later commit, from first to last, that differs; 0: none does.
func (l Lines) FirstIn(file string, first, last int) int {
	for _, hunk := range l[file] {
		if start, end := max(hunk.After, first), min(hunk.After+hunk.AfterCount-1, last); hunk.AfterCount > 0 && start <= end {
			return start
		}
	}
	return 0
}

// Before is the line of the earlier commit that a line of the later one was; 0: it was not there.
func (l Lines) Before(file string, line int) int {
	shift := 0
	for _, hunk := range l[file] {
		after := hunk.After + hunk.AfterCount - 1
		if hunk.AfterCount == 0 {
			after = hunk.After
		}
		switch {
		case line > after:
			shift += hunk.BeforeCount - hunk.AfterCount
		case hunk.AfterCount > 0 && line >= hunk.After:
			return 0
		}
	}
	return line + shift
}
