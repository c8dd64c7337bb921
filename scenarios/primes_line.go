package scenarios

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/simrun/simrun/faults"
)

// A line of a plan of the sum-of-primes service is one of the types below, a Sleep or a
// Point.
type (
	// Sum has the client library add up the primes of a range. With a duration the call
	// is cancelled after it.
	Sum struct {
		A, B int64
		For  time.Duration
	}
	// Watch submits a range without the library and polls until the response is gone.
	Watch struct{ A, B int64 }
	// Look polls once with an id.
	Look struct{ ID string }
	// Flood submits a range and then polls Count times, with a pause of Every, without
	// waiting for answers.
	Flood struct {
		A, B  int64
		Count int
		Every time.Duration
	}
	// Empty waits until a response store or a queue keeps nothing. It is how the host
	// "final" ends.
	Empty struct{ Store string }
)

// String is: sum 1 10, or: sum 1 10 for 5ms.
func (s Sum) String() string { return fmt.Sprintf("sum %d %d", s.A, s.B) + within(s.For) }

// String is: watch 1 10.
func (w Watch) String() string { return fmt.Sprintf("watch %d %d", w.A, w.B) }

// String is: look sv1-1-1.
func (l Look) String() string { return "look " + l.ID }

// String is: flood 1 10 100 1ms.
func (f Flood) String() string { return fmt.Sprintf("flood %d %d %d %v", f.A, f.B, f.Count, f.Every) }

// String is: empty rs/responses.
func (e Empty) String() string { return "empty " + e.Store }

// parsePrimesLine reads what the String methods of the lines print.
func parsePrimesLine(text string) (fmt.Stringer, error) {
	words := faults.NewWords(text)
	switch first := words.Next(); first.Text {
	case "sum":
		a, b, err := parseRange(words)
		if err != nil {
			return nil, err
		}
		d, err := parseWithin(words)
		return Sum{A: a, B: b, For: d}, err
	case "watch":
		a, b, err := parseRange(words)
		if err != nil {
			return nil, err
		}
		return Watch{A: a, B: b}, words.End()
	case "look":
		word := words.Next()
		if word.Text == "" {
			return nil, word.Expected("the id of a request")
		}
		return Look{ID: word.Text}, words.End()
	case "flood":
		a, b, err := parseRange(words)
		if err != nil {
			return nil, err
		}
		count, err := parseInteger(words)
		if err != nil {
			return nil, err
		}
		every, err := words.Next().Duration()
		if err != nil {
			return nil, err
		}
		return Flood{A: a, B: b, Count: int(count), Every: every}, words.End()
	case "empty":
		word := words.Next()
		if !strings.Contains(word.Text, "/") {
			return nil, word.Expected("the path of a response store or a queue")
		}
		return Empty{Store: word.Text}, words.End()
	case "sleep", "point":
		return parseLine(text)
	default:
		return nil, first.Expected("sum, watch, look, flood, sleep, point or empty")
	}
}

func parseRange(words *faults.Words) (a, b int64, err error) {
	if a, err = parseInteger(words); err != nil {
		return 0, 0, err
	}
	b, err = parseInteger(words)
	return a, b, err
}

func parseInteger(words *faults.Words) (int64, error) {
	word := words.Next()
	n, err := strconv.ParseInt(word.Text, 10, 64)
	if err != nil {
		return 0, word.Expected("an integer")
	}
	return n, nil
}
