package promote

import (
	"cmp"
	"slices"
	"strings"
)

// Short is the abbreviation of a commit that people read: seven digits.
func Short(sha string) string {
	if len(sha) > 7 {
		return sha[:7]
	}
	return sha
}

func (s State) tip() Commit {
	if len(s.Trunk) == 0 {
		return Commit{}
	}
	return s.Trunk[len(s.Trunk)-1]
}

// commit finds a commit of trunk by its full SHA.
func (s State) commit(sha string) (Commit, bool) {
	if s.index != nil {
		i, ok := s.index[sha]
		if !ok {
			return Commit{}, false
		}
		return s.Trunk[i], true
	}
	for i := len(s.Trunk) - 1; i >= 0; i-- {
		if s.Trunk[i].SHA == sha {
			return s.Trunk[i], true
		}
	}
	return Commit{}, false
}

// Find finds a commit of trunk by its SHA or an unambiguous beginning of at least seven digits.
func (s State) Find(sha string) (Commit, bool) {
	var found []Commit
	for _, commit := range s.Trunk {
		if len(sha) >= 7 && strings.HasPrefix(commit.SHA, sha) {
			found = append(found, commit)
		}
	}
	if len(found) != 1 {
		return Commit{}, false
	}
	return found[0], true
}

// between is the range after from, up to and with to. It shares the commits of trunk.
func (s State) between(from, to Commit) Range {
	first, last := s.after(from.Position), s.after(to.Position)
	if last <= first {
		return Range{From: from, To: to}
	}
	return Range{From: from, To: to, Commits: s.Trunk[first:last:last]}
}

// after is the index of the first commit of trunk behind a position.
func (s State) after(position int64) int {
	i, _ := slices.BinarySearchFunc(s.Trunk, position+1, func(c Commit, p int64) int { return cmp.Compare(c.Position, p) })
	return i
}

// indexed is the state with its trunk in order and an index of it: deciding looks for many commits.
func (s State) indexed() State {
	if s.index != nil {
		return s
	}
	inOrder := func(a, b Commit) int { return cmp.Compare(a.Position, b.Position) }
	if !slices.IsSortedFunc(s.Trunk, inOrder) {
		s.Trunk = slices.Clone(s.Trunk)
		slices.SortStableFunc(s.Trunk, inOrder)
	}
	s.index = make(map[string]int, len(s.Trunk))
	for i, commit := range s.Trunk {
		s.index[commit.SHA] = i
	}
	return s
}
