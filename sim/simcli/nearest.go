package simcli

import "strings"

// nearest returns the name that a mistyped one most likely stands for, or "".
func nearest(typed string, names []string) string {
	best, bestDistance := "", len(typed)/2+2
	for _, name := range names {
		d := distance(typed, name)
		// "chaos" stands for store/chaos, however long the prefix is.
		if _, last, ok := strings.Cut(name, "/"); ok {
			d = min(d, distance(typed, last)+1)
		}
		if d < bestDistance {
			best, bestDistance = name, d
		}
	}
	return best
}

// distance is the Levenshtein distance: how many bytes must be changed, added or
// removed to make a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
