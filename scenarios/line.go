package scenarios

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/models"
)

// A line of a store plan is a models.Op, which issues an operation without
// waiting for it, or one of the types below. A duration is virtual time; 0 means
// that there is no deadline.
type (
	// Wait waits for operation N of the same client and records its outcome. It does
	// nothing if N was handed out already, or is not in the plan.
	Wait struct {
		N   int
		For time.Duration
	}
	// Loop records the outcome of the next operation to complete.
	Loop struct{ For time.Duration }
	// Flush loops until nothing is outstanding.
	Flush struct{}
	// Sleep lets time pass.
	Sleep struct{ For time.Duration }
	// Read gets one object and repeats that, as new operations, until it is
	// answered with certainty. The host "final" reads every key at the end.
	Read struct{ Space, Key string }
	// Settle waits until nothing is under way in the system and no copy is missing.
	Settle struct{}
	// Point notes an actors.Point: a fault can happen just there.
	Point struct{ Name string }
)

// String is: wait 2, or: wait 2 for 5ms.
func (w Wait) String() string { return "wait " + strconv.Itoa(w.N) + within(w.For) }

// String is: loop, or: loop for 5ms.
func (l Loop) String() string { return "loop" + within(l.For) }

// String is: flush.
func (Flush) String() string { return "flush" }

// String is: sleep 5ms.
func (s Sleep) String() string { return "sleep " + s.For.String() }

// String is: settle.
func (Settle) String() string { return "settle" }

// String is: point cut.
func (p Point) String() string { return "point " + p.Name }

// String is like that of a get: read words k0.
func (r Read) String() string { return "read" + r.get().String()[len("get"):] }

func (r Read) get() models.Op {
	return models.Op{Verb: models.Get, Space: r.Space, Key: r.Key}
}

func within(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return " for " + d.String()
}

// parseLine reads what the String methods of the lines print.
func parseLine(text string) (fmt.Stringer, error) {
	words := faults.NewWords(text)
	switch first := words.Next(); first.Text {
	case "wait":
		word := words.Next()
		n, err := strconv.Atoi(word.Text)
		if err != nil || n < 1 {
			return nil, word.Expected("the number of an operation")
		}
		d, err := parseWithin(words)
		return Wait{N: n, For: d}, err
	case "loop":
		d, err := parseWithin(words)
		return Loop{For: d}, err
	case "flush":
		return Flush{}, words.End()
	case "settle":
		return Settle{}, words.End()
	case "sleep":
		d, err := words.Next().Duration()
		if err != nil {
			return nil, err
		}
		return Sleep{For: d}, words.End()
	case "point":
		word := words.Next()
		if word.Text == "" || strings.Contains(word.Text, "#") {
			return nil, word.Expected("the name of a point")
		}
		return Point{Name: word.Text}, words.End()
	case "read":
		// One letter more than "get", so columns are shifted by one.
		op, err := parseOp("get" + text[len("read"):])
		var syntax *faults.SyntaxError
		if errors.As(err, &syntax) {
			syntax.Column++
		}
		return Read{Space: op.Space, Key: op.Key}, err
	}
	return parseOp(text)
}

// parseWithin reads the optional end of a line: for 5ms.
func parseWithin(words *faults.Words) (time.Duration, error) {
	word := words.Peek()
	if word.Text == "" {
		return 0, nil
	}
	if word.Text != "for" {
		return 0, word.Expected(`"for" or the end of the line`)
	}
	words.Next()
	d, err := words.Next().Duration()
	if err != nil {
		return 0, err
	}
	return d, words.End()
}

// parseOp reads an operation; its errors have the type that plans locate.
func parseOp(text string) (models.Op, error) {
	op, err := models.ParseOp(text)
	var syntax *models.SyntaxError
	if errors.As(err, &syntax) {
		return models.Op{}, &faults.SyntaxError{Column: syntax.Column, Msg: syntax.Reason}
	}
	return op, err
}
