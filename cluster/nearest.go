package cluster

import "strings"

// Nearest returns the word of a list that was probably meant, or nothing.
func Nearest(typed string, list []string) string {
	if len(typed) > 64 {
		return "" // no word is that long
	}
	best, least := "", max(1, len(typed)/3)+1
	for _, w := range list {
		d := distance(typed, w)
		if len(typed) > 2 && strings.HasPrefix(w, typed) {
			d = 0 // the first with that prefix
		}
		if d < least {
			best, least = w, d
		}
	}
	return best
}

// distance returns the number of bytes to insert, delete or replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}
