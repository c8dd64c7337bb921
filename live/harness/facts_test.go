package harness

import (
	"testing"
	"time"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// Only what a client itself says shows that it goes on: not what the machine does to its
// process, nor what servers say.
func TestOnlyClientsAreHeard(t *testing.T) {
	f := newFacts(func() time.Duration { return 0 }, nil)
	f.clients["c0"] = true
	f.told(sim.Note{At: 1, Host: "c0", Path: "c0/workload", Fact: linearizability.Called{}})
	if f.heard != 1 {
		t.Errorf("heard at %v", f.heard)
	}
	f.told(sim.Note{At: 2, Host: "c0", Path: "c0", Fact: stallFact(0, time.Second, "c0")})
	f.told(sim.Note{At: 3, Host: "server", Path: "server/store", Fact: "committed"})
	if f.heard != 1 {
		t.Errorf("heard at %v of what no client said", f.heard)
	}
	f.told(sim.Note{At: 4, Host: "c0", Path: "c0/workload", Fact: "unsettled"})
	if f.heard != 4 || f.asked != 1 {
		t.Errorf("heard at %v, asked at %v", f.heard, f.asked)
	}
}
