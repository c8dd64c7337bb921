package harness

import (
	"slices"
	"time"
)

// When copies were destroyed beyond what the system promised to survive, clients may
// wait for what is gone, and nobody has to wait for them until the end of a phase: it is
// known once the oracle has the reason, everything has healed, and no client has said
// anything for a while.
const (
	quietTime = 5 * time.Second
	// quietStart is for the host "final" before it has issued anything: first it waits
	// for the system to be whole.
	quietStart = 25 * time.Second
	quietCheck = 500 * time.Millisecond
)

// watchQuiet ends a phase after the faults when it is known that the rest will not come.
func (r *run) watchQuiet() {
	if r.facts.oracle == nil {
		return
	}
	r.agenda.at(r.clock()+quietCheck, func() {
		if r.over {
			return
		}
		if r.gone() {
			r.expire()
		}
		r.watchQuiet()
	})
}

// gone reports that what clients still wait for was destroyed, as far as can be seen.
func (r *run) gone() bool {
	if slices.ContainsFunc(r.hosts, func(h *host) bool { return h.rising || h.stopping }) {
		return false
	}
	f := r.facts
	f.mu.Lock()
	defer f.mu.Unlock()
	quiet := quietTime
	if r.phase == finalPhase && f.asked < r.begun {
		quiet = quietStart
	}
	return r.clock() >= max(f.heard, r.begun)+quiet && f.oracle.Excuse() != ""
}
