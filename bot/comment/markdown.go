package comment

import "strings"

// document is Markdown under construction: a sequence of blocks. Each block is written whole or not at all, so that
// nothing has to be cut up later; text from outside goes through a [line] or a fence.
type document struct{ blocks []string }

// String is the Markdown, with an empty line between blocks and a newline at the end.
func (d *document) String() string {
	if len(d.blocks) == 0 {
		return ""
	}
	return strings.Join(d.blocks, "\n\n") + "\n"
}

// size in bytes that the document adds to another one.
func (d *document) size() int {
	total := 0
	for _, block := range d.blocks {
		total += len(block) + len("\n\n")
	}
	return total
}

// append adds the blocks of another document.
func (d *document) append(other *document) { d.blocks = append(d.blocks, other.blocks...) }

// paragraph adds one. An empty line adds nothing.
func (d *document) paragraph(l line) {
	if len(l) > 0 {
		d.blocks = append(d.blocks, l.markdown(false))
	}
}

// small adds a paragraph in small print.
func (d *document) small(l line) {
	d.blocks = append(d.blocks, "<sub>"+l.markdown(false)+"</sub>")
}

// items adds a list. No items add nothing.
func (d *document) items(items []line) { d.marked("- ", items) }

// starred adds a list that does not run into one of [document.items] next to it.
func (d *document) starred(items []line) { d.marked("* ", items) }

func (d *document) marked(mark string, items []line) {
	if len(items) == 0 {
		return
	}
	var b strings.Builder
	for i, item := range items {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(mark + item.markdown(false))
	}
	d.blocks = append(d.blocks, b.String())
}

// table adds one. Rows that are shorter than the head end in empty cells.
func (d *document) table(head []line, rows [][]line) {
	var b strings.Builder
	writeRow := func(cells []line) {
		for i := range head {
			cell := ""
			if i < len(cells) {
				cell = cells[i].markdown(true)
			}
			b.WriteString("| " + cell + " ")
		}
		b.WriteString("|")
	}
	writeRow(head)
	b.WriteString("\n" + strings.Repeat("|:--", len(head)) + "|")
	for _, row := range rows {
		b.WriteByte('\n')
		writeRow(row)
	}
	d.blocks = append(d.blocks, b.String())
}

// language of a fence; GitHub colours what it knows.
type language string

const (
	plainText language = "text"
	diffText  language = "diff"
)

// fence adds text from outside as it is, between more backticks than it holds in a row.
func (d *document) fence(lang language, content string) {
	content = manyLines(content)
	ticks := strings.Repeat("`", max(3, longestRun(content, '`')+1))
	d.blocks = append(d.blocks, ticks+string(lang)+"\n"+content+"\n"+ticks)
}

// details adds what is folded away behind a summary.
func (d *document) details(summary line, inner *document) { d.folded("<details>", summary, inner) }

// unfolded adds what can be folded away behind a summary, and is not yet.
func (d *document) unfolded(summary line, inner *document) {
	d.folded("<details open>", summary, inner)
}

func (d *document) folded(tag string, summary line, inner *document) {
	d.blocks = append(d.blocks, tag+"\n<summary>"+summary.html()+"</summary>")
	d.append(inner)
	d.blocks = append(d.blocks, "</details>")
}
