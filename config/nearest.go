package config

import (
	"fmt"

	"github.com/agext/levenshtein"
)

// Nearest returns the candidate that a person who typed word most likely meant, or "" where none is near.
func Nearest(word string, candidates []string) string {
	best, distance := "", len(word)/3+2
	for _, candidate := range candidates {
		if d := levenshtein.Distance(word, candidate, nil); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

func didYouMean(word string, candidates []string) string {
	if nearest := Nearest(word, candidates); nearest != "" && nearest != word {
		return fmt.Sprintf("; did you mean %s?", nearest)
	}
	return ""
}
