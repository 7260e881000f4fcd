package comment

// section is a part of a comment that can be shown in several versions, the fullest first, or left out.
type section struct{ versions []*document }

// chosen is what of the sections found a place.
type chosen struct {
	documents []*document
	// shortened sections are not in their fullest version, left ones not there at all.
	shortened, left int
}

// choose picks a version of each section such that all together stay within a size. First every section, in order,
// gets its smallest version; then, in order again, each gets the fullest that there is room for. So a section that
// comes early is rather shown whole, and no huge one takes the place of all the others.
func choose(sections []section, room int) chosen {
	level := make([]int, len(sections))
	size := func(i, version int) int {
		if version == len(sections[i].versions) {
			return 0
		}
		return sections[i].versions[version].size()
	}
	for i, s := range sections {
		level[i] = len(s.versions)
		if last := len(s.versions) - 1; last >= 0 && size(i, last) <= room {
			level[i] = last
			room -= size(i, last)
		}
	}
	for i, s := range sections {
		for version := range s.versions {
			if more := size(i, version) - size(i, level[i]); version < level[i] && more <= room {
				room -= more
				level[i] = version
				break
			}
		}
	}
	var c chosen
	for i, s := range sections {
		switch {
		case level[i] == len(s.versions):
			c.left++
		default:
			c.documents = append(c.documents, s.versions[level[i]])
			if level[i] > 0 {
				c.shortened++
			}
		}
	}
	return c
}

// smallest returns the first version that fits, or the last one.
func smallest(versions []*document, room int) (document *document, whole bool) {
	for i, version := range versions {
		if version.size() <= room {
			return version, i == 0
		}
	}
	return versions[len(versions)-1], len(versions) == 1
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
