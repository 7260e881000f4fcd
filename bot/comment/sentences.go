package comment

import "strings"

// sentences shows outside prose of several lines: a paragraph for each, or an item where a line begins with a dash.
// The versions have fewer and fewer lines.
func sentences(detail string) []*document {
	var lines []string
	for _, l := range strings.Split(manyLines(detail), "\n") {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, shortened(l, 600))
		}
	}
	var versions []*document
	for _, most := range []int{40, 10, 2, 0} {
		d := &document{}
		paragraphs(d, lines[:min(most, len(lines))])
		if left := len(lines) - most; left > 0 && most > 0 {
			d.paragraph(say("and {}.", count(left, "more line", "more lines")))
		}
		versions = append(versions, d)
	}
	return versions
}

func paragraphs(d *document, lines []string) {
	var items []line
	for _, l := range lines {
		if item, found := strings.CutPrefix(l, "- "); found {
			items = append(items, prose(item))
			continue
		}
		d.items(items)
		items = nil
		d.paragraph(prose(l))
	}
	d.items(items)
}
