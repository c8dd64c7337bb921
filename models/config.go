package models

import "strconv"

// A ConfigOp is an operation on one of many configurations, which have numbered
// editions: a Publish or a Fetch.
type ConfigOp interface {
	// Config is the name of the configuration.
	Config() string
	// String is the line of a plan that ParseConfigOp reads.
	String() string
}

// Publish adds an edition. Tests publish each value once, so that a fetch tells which
// publication it saw.
type Publish struct {
	Name, Value string
	// After makes it conditional on the number of the last edition; 0 means that it is
	// not. AfterSeen stands for the last one that the client knows.
	After int
}

// AfterSeen, as Publish.After in a plan, stands for the last edition that the client knows
// when it carries out the line.
const AfterSeen = -1

// Fetch returns the last edition.
type Fetch struct{ Name string }

// An Edition is the answer to both: the last edition after the operation, and whether
// that is the one that was to be published. Numbers count from 1; 0 means that
// nothing was published yet.
type Edition struct {
	Number    int
	Value     string
	Published bool
}

// Config is the name.
func (p Publish) Config() string { return p.Name }

// Config is the name.
func (f Fetch) Config() string { return f.Name }

// String is: publish k "v", or: publish k "v" after 3, or: publish k "v" after seen.
func (p Publish) String() string {
	b := strconv.AppendQuote(append(appendName([]byte("publish "), p.Name), ' '), p.Value)
	switch {
	case p.After == AfterSeen:
		b = append(b, " after seen"...)
	case p.After != 0:
		b = strconv.AppendInt(append(b, " after "...), int64(p.After), 10)
	}
	return string(b)
}

// String is: fetch k.
func (f Fetch) String() string { return string(appendName([]byte("fetch "), f.Name)) }

// ParseConfigOp reads what the String methods of Publish and Fetch print. An error is a
// *SyntaxError.
func ParseConfigOp(text string) (ConfigOp, error) {
	s := &scanner{text: text}
	var op ConfigOp
	switch s.word() {
	case "publish":
		p := Publish{Name: s.name("a configuration")}
		p.Value = s.name("a value")
		if s.next() != "the end" {
			p.After = parseAfter(s)
		}
		op = p
	case "fetch":
		op = Fetch{Name: s.name("a configuration")}
	default:
		s.fail(s.start, "%s is no operation: publish or fetch", s.again())
	}
	s.done()
	if s.err != nil {
		return nil, s.err
	}
	return op, nil
}

// parseAfter reads: after 3, or: after seen.
func parseAfter(s *scanner) int {
	if s.word() != "after" {
		s.fail(s.start, "expected after, or the end, got %s", s.again())
		return 0
	}
	word := s.word()
	if word == "seen" {
		return AfterSeen
	}
	n, err := strconv.Atoi(word)
	if err != nil || n < 1 {
		s.fail(s.start, "expected the number of an edition or seen, got %s", s.again())
	}
	return n
}

// ApplyConfig carries out an operation on a configuration, alone: its last edition
// after it, and the answer.
func ApplyConfig(last Edition, op ConfigOp) (next, answer Edition) {
	p, ok := op.(Publish)
	if !ok || p.After != 0 && p.After != last.Number {
		return last, last
	}
	next = Edition{Number: last.Number + 1, Value: p.Value}
	answer = next
	answer.Published = true
	return next, answer
}
