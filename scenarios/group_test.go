package scenarios

import (
	"testing"

	"github.com/simrun/simrun/sim"
)

// TestGroupChaos: the promises of raft, linearizable answers and liveness hold under
// everything that can go wrong.
func TestGroupChaos(t *testing.T) { sim.Test(t, groupChaos()) }
