package proxy

import (
	"fmt"
	"time"
)

// Faults are what a [Link] does to its connections. The zero value does nothing.
type Faults struct {
	Forth Direction // from the host that dials
	Back  Direction // to the host that dials
	// Refuse resets all connections, and every new one at once.
	Refuse bool
}

// A Direction is what happens to the bytes that go one way. Whatever their delay,
// the bytes of one connection keep their order.
type Direction struct {
	Delay  time.Duration // of everything
	Jitter time.Duration // at most so much more, drawn for each piece that is read
	Rate   int           // bytes a second; 0 has no limit
	// Hole lets nothing through, not even the end of a connection. As in a network
	// that loses every packet, what was sent waits in the sender's TCP and goes on
	// when the hole has closed, unless the connection has ended before.
	Hole bool
}

// An End is one of the two hosts of a [Link].
type End int

const (
	// Dialler is the host that opens the connections.
	Dialler End = iota
	// Dialled is the host to which the Link forwards.
	Dialled
)

// Validate refuses what is negative.
func (f Faults) Validate() error {
	for _, d := range []struct {
		name string
		Direction
	}{{"forth", f.Forth}, {"back", f.Back}} {
		if d.Delay < 0 || d.Jitter < 0 || d.Rate < 0 {
			return fmt.Errorf("faults %s: delay %v, jitter %v, rate %d: none may be negative", d.name, d.Delay, d.Jitter, d.Rate)
		}
	}
	return nil
}

// direction returns what happens to bytes from one end.
func (f Faults) direction(from End) Direction {
	if from == Dialler {
		return f.Forth
	}
	return f.Back
}
