package command

// nearest is the name with the smallest distance to the word, if that distance is small enough for the word to be
// a slip of the hand; else it is empty. Of equally near names the first wins.
func nearest(word string, names []string) string {
	best, bestDistance := "", 0
	for _, name := range names {
		d := distance(word, name)
		if d <= slips(name) && (best == "" || d < bestDistance) {
			best, bestDistance = name, d
		}
	}
	return best
}

// slips is how many letters of a name a person may get wrong. In a name of three letters two wrong ones are
// another word.
func slips(name string) int {
	if len(name) <= 2 {
		return 0 // any other letter makes another word
	}
	if len(name) <= 4 {
		return 1
	}
	return 2
}

// distance is the number of letters to insert, remove, change or swap with their neighbour to make one word of the
// other. Words of more than 64 letters are far from everything.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	if len(s) > 64 || len(t) > 64 {
		return max(len(s), len(t))
	}
	// Three rows of the matrix are enough: a swap looks back two.
	older, last, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(s); i++ {
		row[0] = i
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
		older, last, row = last, row, older
	}
	return last[len(t)]
}
