package scenarios

import (
	"testing"

	"github.com/simrun/simrun/sim"
)

// R34: copies are equal, and none knows what its predecessor does not.
func TestReplicasCheck(t *testing.T) {
	one := chain(1, "daemon1", "daemon2")
	judge(t, checkReplicas, []control{
		{"copies are equal, at different times",
			notes("daemon1", applied(1, 7), "daemon1", applied(2, 9), "daemon2", applied(1, 7), "daemon2", applied(2, 9)), nil, ""},
		{"two copies differ after the same record",
			notes("daemon1", applied(1, 7), "daemon2", applied(1, 8)), nil,
			"region 0 after record 1 differs between daemon1 and daemon2"},
		{"the head is ahead",
			notes(coord, published(one), "daemon1", synced(3), "daemon2", synced(2)), nil, ""},
		{"a daemon that was deposed goes on",
			notes(coord, published(chain(2, "daemon1", "daemon3")), "daemon1", synced(2), "daemon2", synced(3)), nil, ""},
		{"a member has what its predecessor has not",
			notes(coord, published(one), "daemon1", synced(2), "daemon2", synced(3)), nil,
			"region 0: daemon2 has synced up to record 3 and its predecessor daemon1 only up to 2"},
		{"a copy that is behind was moved a moment ago",
			notes(coord, published(one), "daemon1", applied(1, 7), "daemon2", applied(0, 3), "final", Settled{}, "daemon1", applied(2, 8)), nil, ""},
		{"a copy is gone with its disk",
			notes(coord, published(one), "daemon1", applied(1, 7), "daemon2", applied(0, 3),
				"daemon2", sim.DiskLost{Boot: 1, Why: "wipe"}, "final", Settled{}), nil, ""},
		{"a copy is behind on a damaged disk",
			notes(coord, published(one), "daemon1", applied(1, 7), "daemon2", applied(0, 3),
				"daemon2", sim.DiskLost{Boot: 1, Why: "rot"}, "final", Settled{}), nil,
			"region 0: daemon1 is at record 1 and daemon2 at 0 though nothing moves"},
		{"a copy is behind though nothing moves",
			notes(coord, published(one), "daemon1", applied(1, 7), "daemon2", applied(0, 3), "final", 0, "final", Settled{}), nil,
			"region 0: daemon1 is at record 1 and daemon2 at 0 though nothing moves"},
	})
}
