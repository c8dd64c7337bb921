package faults

import "fmt"

// A Permille is a probability in thousandths. It prints as 0.05, and no float is
// involved.
type Permille int

// String prints the probability with no more digits than it needs.
func (p Permille) String() string {
	text := fmt.Sprintf("%d.%03d", p/1000, p%1000)
	for text[len(text)-1] == '0' {
		text = text[:len(text)-1]
	}
	if text[len(text)-1] == '.' {
		text = text[:len(text)-1]
	}
	return text
}

// ParsePermille reads a probability from 0 to 1 with at most three digits after
// the point.
func ParsePermille(text string) (Permille, error) { return Word{Text: text, Column: 1}.permille() }

func (w Word) permille() (Permille, error) {
	wrong := w.Expected("a probability such as 0.05, from 0 to 1 with at most three digits after the point")
	if len(w.Text) == 0 || len(w.Text) > 5 || len(w.Text) == 2 || len(w.Text) > 1 && w.Text[1] != '.' {
		return 0, wrong
	}
	value, unit := 0, 1000
	for i := range len(w.Text) {
		if i == 1 {
			continue
		}
		if w.Text[i] < '0' || w.Text[i] > '9' {
			return 0, wrong
		}
		value += int(w.Text[i]-'0') * unit
		unit /= 10
	}
	if value > 1000 {
		return 0, wrong
	}
	return Permille(value), nil
}
