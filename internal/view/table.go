package view

import (
	"strings"
	"unicode/utf8"
)

// Table lays rows out in columns, the first row being the header. A column whose
// other cells all start with a digit is aligned to the right. Cells are cleaned.
func Table(rows [][]string) string {
	var width []int
	var numeric []bool
	for i, row := range rows {
		for c, cell := range row {
			if c == len(width) {
				width, numeric = append(width, 0), append(numeric, len(rows) > 1)
			}
			width[c] = max(width[c], utf8.RuneCountInString(Clean(cell)))
			if i > 0 && (cell == "" || cell[0] < '0' || cell[0] > '9') {
				numeric[c] = false
			}
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for c, cell := range row {
			if c > 0 {
				line.WriteString("  ")
			}
			cell = Clean(cell)
			pad := strings.Repeat(" ", width[c]-utf8.RuneCountInString(cell))
			if numeric[c] {
				line.WriteString(pad + cell)
			} else {
				line.WriteString(cell + pad)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
