package primes

import "github.com/simrun/simrun/actors"

// marks notes each state once an incarnation.
type marks struct {
	env  actors.Env
	seen map[actors.Sometimes]bool
}

func (m *marks) mark(state actors.Sometimes) {
	if m.seen[state] {
		return
	}
	if m.seen == nil {
		m.seen = map[actors.Sometimes]bool{}
	}
	m.seen[state] = true
	m.env.Note(state)
}
