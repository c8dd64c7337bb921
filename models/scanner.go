package models

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A SyntaxError is the first wrong word of a text.
type SyntaxError struct {
	Line   int // from 1
	Column int // of the word's first byte, from 1
	Reason string
}

func (e *SyntaxError) Error() string {
	if e.Line > 1 {
		return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Reason)
	}
	return fmt.Sprintf("column %d: %s", e.Column, e.Reason)
}

// A scanner reads a text from left to right. Its first error sticks: from then on
// every method returns zero values, so callers ask for err once, at the end.
type scanner struct {
	text  string
	at    int  // next byte
	start int  // of the last word read
	lines bool // newlines and comments are space
	err   error
}

// fail reports the word that starts at a byte.
func (s *scanner) fail(at int, format string, args ...any) {
	if s.err != nil {
		return
	}
	before := s.text[:at]
	s.err = &SyntaxError{
		Line:   1 + strings.Count(before, "\n"),
		Column: at - strings.LastIndexByte(before, '\n'),
		Reason: fmt.Sprintf(format, args...),
	}
}

// space skips what separates words.
func (s *scanner) space() {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == ' ' || c == '\t' || s.lines && (c == '\n' || c == '\r'):
			s.at++
		case c == '#' && s.lines:
			if end := strings.IndexByte(s.text[s.at:], '\n'); end >= 0 {
				s.at += end
			} else {
				s.at = len(s.text)
			}
		default:
			s.start = s.at
			return
		}
	}
	s.start = s.at
}

// next describes the coming word for an error.
func (s *scanner) next() string {
	s.space()
	rest := s.text[s.at:]
	if rest == "" {
		return "the end"
	}
	end := 0
	for end < len(rest) && isWord(rest[end]) {
		end++
	}
	return strconv.Quote(rest[:max(end, 1)])
}

// done reports anything left.
func (s *scanner) done() {
	s.space()
	if s.err == nil && s.at < len(s.text) {
		s.fail(s.at, "%s after the end", s.next())
	}
}

// sign reads one of the punctuation texts if it comes next. Longer ones go first.
func (s *scanner) sign(texts ...string) (string, bool) {
	if s.err != nil {
		return "", false
	}
	s.space()
	for _, t := range texts {
		if strings.HasPrefix(s.text[s.at:], t) {
			s.at += len(t)
			return t, true
		}
	}
	return "", false
}

// want reads a punctuation text that must come next.
func (s *scanner) want(text string) {
	if _, ok := s.sign(text); !ok {
		s.fail(s.start, "want %q, found %s", text, s.next())
	}
}

// list reads {one, one, ...} after its opening brace.
func (s *scanner) list(one func()) {
	if _, ok := s.sign("}"); ok {
		return
	}
	for s.err == nil {
		one()
		if _, ok := s.sign("}"); ok {
			return
		}
		if _, ok := s.sign(","); !ok {
			s.fail(s.start, "want \",\" or \"}\", found %s", s.next())
		}
	}
}

// word reads letters, digits, and what else isWord takes; "" if none comes next.
func (s *scanner) word() string {
	if s.err != nil {
		return ""
	}
	s.space()
	for s.at < len(s.text) && isWord(s.text[s.at]) {
		s.at++
	}
	return s.text[s.start:s.at]
}

func isWord(c byte) bool { return isLetter(c) || isDigit(c) || c == '.' || c == '-' || c == '+' }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isIdent says whether a name is an identifier of the space grammar.
func isIdent(name string) bool {
	for i := range len(name) {
		if !isLetter(name[i]) && (i == 0 || !isDigit(name[i])) {
			return false
		}
	}
	return name != ""
}

// ident reads an identifier of the space grammar.
func (s *scanner) ident(what string) string {
	word := s.word()
	if s.err == nil && !isIdent(word) {
		s.fail(s.start, "want %s, found %s", what, s.again())
	}
	return word
}

// again describes the word just read.
func (s *scanner) again() string {
	s.at = s.start
	return s.next()
}

// name reads a name: a word, or any bytes in quotes.
func (s *scanner) name(what string) string {
	s.space()
	if s.err == nil && s.at < len(s.text) && s.text[s.at] == '"' {
		return s.quoted()
	}
	word := s.word()
	if s.err == nil && word == "" {
		s.fail(s.start, "want %s, found %s", what, s.next())
	}
	return word
}

// appendName writes what name reads.
func appendName(b []byte, name string) []byte {
	for i := range len(name) {
		if !isWord(name[i]) {
			return strconv.AppendQuote(b, name)
		}
	}
	if name == "" {
		return append(b, `""`...)
	}
	return append(b, name...)
}

// quoted reads a string in double quotes, with the escapes of Go.
func (s *scanner) quoted() string {
	quote, err := strconv.QuotedPrefix(s.text[s.at:])
	if err != nil {
		s.fail(s.at, "string without a closing quote or with a wrong escape")
		return ""
	}
	s.at += len(quote)
	text, err := strconv.Unquote(quote)
	if err != nil {
		s.fail(s.start, "string %s: %v", quote, err)
	}
	return text
}

// value reads a literal; its form says its kind.
func (s *scanner) value() Value {
	s.space()
	if s.err != nil {
		return Value{}
	}
	start := s.at
	if start < len(s.text) && s.text[start] == '"' {
		return StringValue(s.quoted())
	}
	if _, ok := s.sign("{"); ok {
		return s.set(start)
	}
	word := s.word()
	switch {
	case word == "":
		s.fail(start, "want a value, found %s", s.next())
		return Value{}
	case word == "set":
		return s.emptySet(start)
	case strings.ContainsAny(word, ".en"):
		return s.float(start, word)
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil || word[0] == '+' {
		s.fail(start, "%q is no value", word)
	}
	return IntValue(n)
}

// float reads what appendFloat writes, and other decimal floats that are exact
// enough to have one nearest float.
func (s *scanner) float(start int, word string) Value {
	switch word {
	case "nan":
		return FloatValue(math.NaN())
	case "inf":
		return FloatValue(math.Inf(1))
	case "-inf":
		return FloatValue(math.Inf(-1))
	}
	first := strings.TrimPrefix(word, "-")
	f, err := strconv.ParseFloat(word, 64)
	if err != nil || !isDigit(first[0]) || strings.ContainsAny(word, "xX_") {
		s.fail(start, "%q is no value", word)
	}
	return FloatValue(f)
}

// set reads the elements of a set, after its opening brace.
func (s *scanner) set(start int) Value {
	var elems []Value
	s.list(func() {
		s.space()
		at := s.at
		e := s.value()
		switch {
		case s.err != nil:
		case e.Kind > Float:
			s.fail(at, "a set in a set")
		case len(elems) > 0 && e.Kind != elems[0].Kind:
			s.fail(at, "%v in a set of %v", e, elems[0].Kind)
		}
		elems = append(elems, e)
	})
	if s.err == nil && len(elems) == 0 {
		s.fail(start, "an empty set is written set(string){}, set(int){} or set(float){}")
	}
	if s.err != nil {
		return Value{}
	}
	return SetValue(SetString+elems[0].Kind-String, elems...)
}

// emptySet reads what follows the word set: (kind){}.
func (s *scanner) emptySet(start int) Value {
	s.want("(")
	elem := s.word()
	at := s.start
	s.want(")")
	s.want("{")
	s.want("}")
	for kind := SetString; kind <= SetFloat; kind++ {
		if kind.String() == "set("+elem+")" {
			return Zero(kind)
		}
	}
	s.fail(at, "%q is no kind of element: string, int or float", elem)
	return Value{}
}
