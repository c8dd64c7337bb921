package faults

import (
	"fmt"
	"strings"
	"time"
)

// A SyntaxError is the first wrong word of a text and what was expected there.
// Parsers of other lines of a plan, such as a scenario's operations, may return
// one too: sim.ReadPlan then names the exact column.
type SyntaxError struct {
	Column int // in bytes, from 1
	Msg    string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Msg) }

// A Word is a piece of a line without spaces. At the end of a line it is empty.
type Word struct {
	Text   string
	Column int // of its first byte, from 1
}

// Expected is the error of a word that is not what is wanted, such as "a
// duration".
func (w Word) Expected(want string) error {
	if w.Text == "" {
		return &SyntaxError{Column: w.Column, Msg: "expected " + want + ", got the end of the line"}
	}
	return &SyntaxError{Column: w.Column, Msg: fmt.Sprintf("expected %s, got %.80q", want, w.Text)}
}

// Duration reads the word as a duration that is not negative.
func (w Word) Duration() (time.Duration, error) {
	d, err := time.ParseDuration(w.Text)
	if err != nil || d < 0 {
		return 0, w.Expected("a duration such as 40ms")
	}
	return d, nil
}

// after returns the rest of the word from byte n on.
func (w Word) after(n int) Word { return Word{Text: w.Text[n:], Column: w.Column + n} }

// Words reads a line word by word. A word that begins with # is a comment, which
// ends the line.
type Words struct {
	line string
	pos  int
}

// NewWords returns the words of a line.
func NewWords(line string) *Words { return &Words{line: line} }

// Peek returns the next word without taking it.
func (w *Words) Peek() Word {
	for w.pos < len(w.line) && isSpace(w.line[w.pos]) {
		w.pos++
	}
	if w.pos < len(w.line) && w.line[w.pos] == '#' {
		return Word{Column: w.pos + 1}
	}
	end := w.pos
	for end < len(w.line) && !isSpace(w.line[end]) {
		end++
	}
	return Word{Text: w.line[w.pos:end], Column: w.pos + 1}
}

// Next takes the next word.
func (w *Words) Next() Word {
	word := w.Peek()
	w.pos += len(word.Text)
	return word
}

// Rest returns what is left of the line, comments included, without the spaces
// around it.
func (w *Words) Rest() Word {
	w.Peek()
	return Word{Text: strings.TrimRight(w.line[w.pos:], " \t"), Column: w.pos + 1}
}

// End returns an error if there is one more word.
func (w *Words) End() error {
	if word := w.Peek(); word.Text != "" {
		return word.Expected("the end of the line")
	}
	return nil
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' }
