package comment

// section is a part of a comment that can be shown at greater or lesser length, or left out.
type section struct {
	// least is the shortest way to show it.
	least *document
	// brief makes least only when it is asked for, because there is a lot to leave out: it stops where the room ends.
	// Nil: least is there.
	brief func(room int) *document
	// within shows as much as it can in a room of so many bytes, and tells whether that is everything. It may return
	// more than fits; then least is shown. Nil: there is no more to show than least.
	within func(room int) (d *document, everything bool)
}

// shortest way to show the section. It may be more than fits into the room.
func (s section) shortest(room int) *document {
	if s.brief != nil {
		return s.brief(room)
	}
	return s.least
}

// nothing tells whether there is nothing to show.
func (s section) nothing() bool { return s.brief == nil && (s.least == nil || s.least.size() == 0) }

// versions is a section of a few fixed lengths, the fullest first.
func versions(all ...*document) section {
	return section{least: all[len(all)-1], within: func(room int) (*document, bool) {
		d, i := smallest(all, room)
		return d, i == 0
	}}
}

// chosen is what of the sections found a place.
type chosen struct {
	documents []*document
	// shortened sections do not show everything, left ones nothing.
	shortened, left int
	// findings of checks that found none.
	findings int
}

// littleRoom is too little to be worth dividing.
const littleRoom = 300

// smallestSection is less than any section takes.
const smallestSection = 40

// choose shows the sections within a room. First each, in order, gets its least; then, in order again, each may grow
// into half of the room that is left, and the last one into all of it. So a section that comes early is rather shown
// whole, and no huge one takes the place of all the others.
func choose(sections []section, room int) chosen {
	shown := make([]*document, len(sections))
	for i, s := range sections {
		if room < smallestSection {
			break // nothing more is made that could not be shown
		}
		if d := s.shortest(room); d.size() <= room {
			shown[i] = d
			room -= d.size()
		}
	}
	var c chosen
	for i, s := range sections {
		if shown[i] == nil {
			c.left++
			continue
		}
		everything := s.within == nil
		if share := growth(room, i == len(sections)-1); !everything && share > 0 {
			var d *document
			d, everything = s.within(share + shown[i].size())
			if more := d.size() - shown[i].size(); more <= share {
				room -= more
				shown[i] = d
			} else {
				everything = false
			}
		}
		if !everything {
			c.shortened++
		}
		c.documents = append(c.documents, shown[i])
	}
	return c
}

// growth is how much of the room one section may take.
func growth(room int, last bool) int {
	if room < littleRoom || last {
		return max(0, room)
	}
	return room / 2
}

// smallest returns the first version that fits, or the last one, with its index.
func smallest(versions []*document, room int) (*document, int) {
	for i, version := range versions {
		if version.size() <= room {
			return version, i
		}
	}
	last := len(versions) - 1
	return versions[last], last
}

// bounded returns the first document that fits, or the last sentence that always does.
func bounded(limit int, documents ...*document) string {
	for _, d := range documents {
		if s := d.String(); len(s) <= limit {
			return s
		}
	}
	return "This is too large for a comment.\n"
}
