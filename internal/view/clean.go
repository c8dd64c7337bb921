package view

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Clean makes text safe for a terminal and keeps it on one line: control
// characters, invisible and direction-changing ones and bytes that are no UTF-8
// become visible escapes such as \x1b and \u202e.
func Clean(s string) string {
	clean := true
	for _, r := range s {
		if r == utf8.RuneError || !strconv.IsPrint(r) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i, w := 0, 0; i < len(s); i += w {
		r, n := utf8.DecodeRuneInString(s[i:])
		w = n
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i])|0x100, 16)[1:])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		}
	}
	return b.String()
}

// Cut is Clean, shortened to a number of characters; what was cut ends in "...".
func Cut(s string, width int) string {
	s = Clean(s)
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	r := []rune(s)
	return string(r[:max(0, width-3)]) + "..."
}
