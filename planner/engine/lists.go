package engine

import (
	"reflect"
	"slices"
)

// pairing is an element of one list and the one in the other that it became; -1 where there is none.
type pairing struct{ before, after int }

// paired finds out which elements of two lists belong together. One that is put in at the front moves all others, and
// engines write sets as lists: by their places alone, everything would seem to change. Elements that are equal belong
// together, in order; of what stands between them those that are most alike; what is left over was added or removed.
func paired(before, after []any) []pairing {
	b, a := texts(before), texts(after)
	var pairs []pairing
	lastB, lastA := 0, 0
	for _, same := range append(common(b, a), pairing{len(b), len(a)}) {
		pairs = append(pairs, alike(before, after, pairing{lastB, lastA}, same)...)
		if same.before < len(b) {
			pairs = append(pairs, same)
		}
		lastB, lastA = same.before+1, same.after+1
	}
	return pairs
}

// texts are equal for equal elements.
func texts(list []any) []string {
	all := make([]string, len(list))
	for i, element := range list {
		all[i] = jsonText(element)
	}
	return all
}

// manyCompared is how many elements on each side are compared one with another; of more, those are taken to belong
// together that stand at the same distance from an end.
const manyCompared = 100

// common is a longest common subsequence of two lists of texts.
func common(before, after []string) (same []pairing) {
	head := 0
	for head < min(len(before), len(after)) && before[head] == after[head] {
		same = append(same, pairing{head, head})
		head++
	}
	tail := 0
	for tail < min(len(before), len(after))-head && before[len(before)-1-tail] == after[len(after)-1-tail] {
		tail++
	}
	b, a := before[head:len(before)-tail], after[head:len(after)-tail]
	if len(b) <= manyCompared && len(a) <= manyCompared {
		for _, pair := range subsequence(b, a) {
			same = append(same, pairing{pair.before + head, pair.after + head})
		}
	}
	for i := tail; i > 0; i-- {
		same = append(same, pairing{len(before) - i, len(after) - i})
	}
	return same
}

// subsequence walks the table of the lengths of common subsequences.
func subsequence(before, after []string) (same []pairing) {
	lengths := make([][]int, len(before)+1)
	for i := range lengths {
		lengths[i] = make([]int, len(after)+1)
	}
	for i := len(before) - 1; i >= 0; i-- {
		for j := len(after) - 1; j >= 0; j-- {
			lengths[i][j] = max(lengths[i+1][j], lengths[i][j+1])
			if before[i] == after[j] {
				lengths[i][j] = lengths[i+1][j+1] + 1
			}
		}
	}
	for i, j := 0, 0; i < len(before) && j < len(after); {
		switch {
		case before[i] == after[j]:
			same = append(same, pairing{i, j})
			i, j = i+1, j+1
		case lengths[i+1][j] >= lengths[i][j+1]:
			i++
		default:
			j++
		}
	}
	return same
}

// alike pairs the elements between two places, each with the one that it has most in common with; those without such
// a one stand alone, first what was removed.
func alike(before, after []any, from, to pairing) (pairs []pairing) {
	free := map[int]bool{}
	for j := from.after; j < to.after; j++ {
		free[j] = true
	}
	sameLength := to.before-from.before == to.after-from.after
	var rest []pairing
	for i := from.before; i < to.before; i++ {
		best, most := -1, 0
		for j := from.after; j < to.after && j-from.after <= manyCompared; j++ {
			if likeness := likeness(before[i], after[j]); free[j] && likeness > most {
				best, most = j, likeness
			}
		}
		if place := i - from.before + from.after; best < 0 && sameLength && free[place] {
			best = place
		}
		delete(free, best)
		rest = append(rest, pairing{i, best})
	}
	for j := from.after; j < to.after; j++ {
		if free[j] {
			rest = append(rest, pairing{-1, j})
		}
	}
	slices.SortStableFunc(rest, func(x, y pairing) int { return max(x.before, x.after) - max(y.before, y.after) })
	return append(pairs, rest...)
}

// likeness of two objects is in how many members they agree, zero unless that is half of them.
func likeness(before, after any) int {
	b, isObject := before.(map[string]any)
	a, isToo := after.(map[string]any)
	if !isObject || !isToo {
		return 0
	}
	same, all := 0, max(len(a), len(b))
	for key, value := range b {
		if value == nil {
			all-- // says nothing
			continue
		}
		if reflect.DeepEqual(value, a[key]) {
			same++
		}
	}
	if 2*same < all {
		return 0
	}
	return same
}

// scalars tells whether no element has anything inside.
func scalars(list []any) bool {
	return !slices.ContainsFunc(list, func(element any) bool {
		switch element.(type) {
		case map[string]any, []any:
			return true
		}
		return false
	})
}
