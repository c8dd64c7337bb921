package sim

import (
	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/linearizability"
)

// What the world notes, and what a Recorder does: its package knows nothing of ours.
func init() {
	actors.Facts("sim", Down{}, DiskLost{}, FaultBegan{})
	actors.Facts("history", linearizability.Called{}, linearizability.Returned{})
}
