package sim

import (
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
)

// slowCall is the least that a call takes on a slow disk, before the factor.
const slowCall = 100 * time.Microsecond

// faultDisk carries out a fault of the disk of a host. It reports whether there
// was anything to hit, and how to end it, if it lasts; one that waits for a call
// calls fired when it has met it.
func (h *host) faultDisk(f faults.Fault, fired func()) (hit bool, undo func()) {
	if f.Kind != faults.SlowDisk {
		return false, nil
	}
	h.w.trace(trace.Event{Kind: trace.Fault, Host: h.def.Name, Text: f.String()})
	h.slowDisk += f.Factor
	return true, func() { h.slowDisk -= f.Factor }
}

// hasLied reports that a Sync of the host has claimed what is not so.
func (h *host) hasLied() bool { return false }
