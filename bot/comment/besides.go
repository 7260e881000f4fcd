package comment

import "github.com/trunkline/trunkline/planner"

// besides says what merging changes besides instances. The versions have fewer and fewer lines.
func besides(p planner.Preview) []*document {
	versions := []*document{}
	for _, most := range []int{40, 5} {
		d := &document{}
		for _, section := range p.Besides {
			d.paragraph(strong(text(section.Title)))
			d.items(each(firstOf(section.Lines, most), func(one string) line { return prose(shortened(one, 500)) }))
			if left := len(section.Lines) - most; left > 0 {
				d.paragraph(say("and {}.", count(left, "more line", "more lines")))
			}
			if section.Note != "" {
				d.small(prose(shortened(section.Note, 500)))
			}
		}
		versions = append(versions, d)
	}
	return append(versions, &document{})
}
