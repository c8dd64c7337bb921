package scenarios

import (
	"fmt"

	"github.com/simrun/simrun/actors/group"
	"github.com/simrun/simrun/sim"
)

// checkGroupReplicas holds every member that is up at the end to being one of the group,
// and to having applied everything: the last operation of the host "final" waits for
// that, long enough for a lost member to be replaced and to get a snapshot.
func checkGroupReplicas(o *sim.Observation) error {
	if len(o.Ops) == 0 {
		return nil
	}
	hosts := groupHosts(o.Knobs)
	fold := newGroupOracle(hosts)
	up := map[string]bool{}
	waited := false
	for i := range o.Notes {
		n := &o.Notes[i]
		fold.Observe(*n)
		switch n.Fact.(type) {
		case group.Recovered:
			up[n.Host] = true
		case sim.Down:
			delete(up, n.Host)
		case caughtUp:
			waited = true
		}
	}
	if !waited || fold.Excuse() != "" {
		return nil
	}
	for _, host := range hosts {
		if !up[host] {
			continue
		}
		id := fold.ids[host]
		if !fold.belongs(id) {
			return fmt.Errorf("%s is up and no member of the group: %v", host, fold.peers)
		}
		if fold.applied[id] != fold.last {
			return fmt.Errorf("%s has applied entry %d of %d", host, fold.applied[id], fold.last)
		}
	}
	return nil
}

// caughtUp is the fact that the members had the time to catch up after everything
// healed.
type caughtUp struct{}

// A catchUp line notes that, on the host "final".
type catchUp struct{}

// String is: catch-up.
func (catchUp) String() string { return "catch-up" }
