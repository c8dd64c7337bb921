package sim

import (
	"fmt"
	"strconv"
	"time"
)

// Knobs are the drawn parameters of a run, in the order they were set. They are
// the line "knobs" of a plan.
type Knobs []Knob

// A Knob is one parameter. Neither field has a space in it.
type Knob struct{ Name, Value string }

// With returns the knobs with one more, or with the value of that name replaced.
func (k Knobs) With(name string, value any) Knobs {
	text := fmt.Sprint(value)
	out := append(Knobs(nil), k...)
	for i := range out {
		if out[i].Name == name {
			out[i].Value = text
			return out
		}
	}
	return append(out, Knob{Name: name, Value: text})
}

// String returns the value of a knob, or def if it is not set.
func (k Knobs) String(name, def string) string {
	for _, kn := range k {
		if kn.Name == name {
			return kn.Value
		}
	}
	return def
}

// Int returns a knob as an integer, or def if it is not set. A value that is no
// integer panics with a KnobError, which ReadPlan reports.
func (k Knobs) Int(name string, def int) int {
	text := k.String(name, "")
	if text == "" {
		return def
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(KnobError{Knob{name, text}, "an integer"})
	}
	return n
}

// Duration returns a knob as a duration, or def if it is not set. A value that is
// no duration panics with a KnobError, which ReadPlan reports.
func (k Knobs) Duration(name string, def time.Duration) time.Duration {
	text := k.String(name, "")
	if text == "" {
		return def
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(KnobError{Knob{name, text}, "a duration"})
	}
	return d
}

// A KnobError is a knob whose value the scenario cannot use. A Topology may panic
// with one; ReadPlan turns it into an error.
type KnobError struct {
	Knob Knob
	Want string // "an integer from 1"
}

func (e KnobError) Error() string {
	return fmt.Sprintf("knob %s: expected %s, got %.80q", e.Knob.Name, e.Want, e.Knob.Value)
}
