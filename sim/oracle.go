package sim

import (
	"time"

	"github.com/simrun/simrun/linearizability"
)

// An Oracle follows a run by its facts and knows what the system has promised to
// survive. It never changes what the system does. A scenario without one has no
// fault budget: every fault is carried out, and every loss is a violation.
type Oracle interface {
	// Observe is told every fact when it is noted, those of the world included: Down
	// and DiskLost.
	Observe(n Note)
	// Spares reports whether the system still keeps all that it has promised if now,
	// on top of all that happened, these hosts lose what is in their memory, or on
	// their disks too.
	Spares(disks bool, hosts ...string) bool
	// Excuse says why the system may be unavailable for good, such as "every copy of
	// region 3 was destroyed"; "" if it may not.
	Excuse() string
	// Remains returns what of a history must still make sense although copies were
	// destroyed, and the operations that were acknowledged and whose loss is
	// expected. Without such operations it returns the history as it is.
	Remains(h linearizability.History) (linearizability.History, []linearizability.OpID)
}

// Down is the fact that what ran on a host has ended, by a fault or by Env.Halt:
// its memory is gone.
type Down struct{ Boot uint64 }

// DiskLost is the fact that what a host had on its disk up to this Boot is gone,
// or not to be relied on.
type DiskLost struct {
	Boot uint64
	Why  string // the kind of fault
}

// observe notes a fact of the world about a host.
func (w *world) observe(h *host, fact any) {
	w.seq++
	n := Note{Seq: w.seq, At: time.Duration(w.now), Host: h.def.Name, Path: h.def.Name, Fact: fact}
	w.notes = append(w.notes, n)
	if w.oracle != nil {
		w.oracle.Observe(n)
	}
}
