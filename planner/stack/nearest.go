package stack

import "fmt"

// meant is ": did you mean …?" with the nearest of the names, or nothing where none is near.
func meant(name string, names []string) string {
	best, distance := "", len(name)/3+2
	for _, candidate := range names {
		if far := edits(name, candidate, distance); far < distance {
			best, distance = candidate, far
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %q?", best)
}

// edits is how many letters have to be changed, added or left out to make one text of the other; limit where it is
// that many or more.
func edits(from, to string, limit int) int {
	if from == to {
		return 0
	}
	if far := len(from) - len(to); far >= limit || -far >= limit {
		return limit
	}
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(from) {
		diagonal, lowest := row[0], i+1
		row[0] = i + 1
		for j := range len(to) {
			cost := diagonal
			if from[i] != to[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
			lowest = min(lowest, cost)
		}
		if lowest >= limit {
			return limit
		}
	}
	return min(row[len(to)], limit)
}
