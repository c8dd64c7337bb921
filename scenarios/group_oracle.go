package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simrun/simrun/actors/group"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// A groupOracle counts the members of a group whose disks were lost and that are not
// replaced. A group of 2g+1 promises to survive g of them at a time, once it has been
// founded and has committed something.
type groupOracle struct {
	tolerate int
	hosts    []string
	lost     map[string]lostDisk
	ids      map[string]uint64 // of every host, the member of the last that it is or was
	began    map[uint64]uint64 // boots in which members last recovered
	applied  map[uint64]uint64 // by member
	last     uint64            // applied by anybody
	peers    []group.Peer
	changed  uint64 // entry since which they are the members
	broken   int64  // since when more were lost than the group survives; 0: never
	why      string
}

// A lostDisk is a disk that is not to be relied on.
type lostDisk struct {
	boot    uint64
	id      uint64 // of the member that lost it, the first that is not replaced
	inPlace bool   // it was damaged, and the host does not know yet
	why     string
}

func newGroupOracle(hosts []string) *groupOracle {
	return &groupOracle{
		tolerate: (len(hosts) - 1) / 2, hosts: hosts,
		lost: map[string]lostDisk{}, ids: map[string]uint64{}, began: map[uint64]uint64{}, applied: map[uint64]uint64{},
	}
}

// Observe implements sim.Oracle.
func (o *groupOracle) Observe(n sim.Note) {
	switch f := n.Fact.(type) {
	case group.Recovered:
		o.recovered(n.Host, f)
	case group.Founded:
		o.peers = f.Peers
	case group.Changed:
		if f.Index > o.changed {
			o.peers, o.changed = f.Peers, f.Index
		}
		o.caughtUp(n.Host, f.ID)
	case group.Applied:
		o.applied[f.ID], o.last = f.Mark.Index, max(o.last, f.Mark.Index)
		o.caughtUp(n.Host, f.ID)
	case group.Installed:
		o.applied[f.ID] = f.Snapshot.Index
		o.caughtUp(n.Host, f.ID)
	case sim.DiskLost:
		boot := f.Boot
		if f.Why == faults.Misread.String() {
			boot-- // what was misread is looked at in this boot
		}
		id := o.ids[n.Host]
		if before, ok := o.lost[n.Host]; ok {
			id = before.id // it is not replaced yet
		}
		o.lost[n.Host] = lostDisk{
			boot: boot, id: id, inPlace: f.Why != faults.Wipe.String() && f.Why != faults.Destroy.String(),
			why: fmt.Sprintf("%s: %s at %v", n.Host, f.Why, n.At.Truncate(100*time.Microsecond)),
		}
		if len(o.lost) > o.tolerate && o.broken == 0 && o.last > 0 {
			o.broken, o.why = n.Seq, o.fates()
		}
	}
}

// recovered takes what a member found. One that has the identity it had, in a boot
// after the damage, has read all of its log: nothing of it was hit.
func (o *groupOracle) recovered(host string, f group.Recovered) {
	if lost, ok := o.lost[host]; ok && f.Boot > lost.boot {
		lost.inPlace = false
		o.lost[host] = lost
		if lost.id == f.ID {
			delete(o.lost, host)
		}
	}
	o.ids[host] = f.ID
	o.began[f.ID], o.applied[f.ID] = f.Boot, f.Snapshot.Index
}

// caughtUp gives a host its place back when the member that replaces the lost one has
// everything that was committed.
func (o *groupOracle) caughtUp(host string, id uint64) {
	lost, ok := o.lost[host]
	if !ok || o.began[id] <= lost.boot || o.applied[id] < o.last {
		return
	}
	if o.belongs(id) {
		delete(o.lost, host)
	}
}

// belongs reports whether a member is one of the group now.
func (o *groupOracle) belongs(id uint64) bool {
	return slices.ContainsFunc(o.peers, func(p group.Peer) bool { return p.ID == id })
}

// Spares implements sim.Oracle. A process that ends takes nothing with it. Two damages
// to one log may hide each other, the second being that of the mark which shows the
// first, so a disk that is damaged in place is left alone until it is looked at.
func (o *groupOracle) Spares(disks bool, hosts ...string) bool {
	if !disks {
		return true
	}
	count := len(o.lost)
	for _, h := range hosts {
		lost, ok := o.lost[h]
		if lost.inPlace {
			return false
		}
		if !ok && slices.Contains(o.hosts, h) {
			count++
		}
	}
	// A founder waits for all others, so nobody may go for good before it is done.
	return o.last > 0 && count <= o.tolerate
}

func (o *groupOracle) fates() string {
	var out []string
	for _, h := range o.hosts {
		if lost, ok := o.lost[h]; ok {
			out = append(out, lost.why)
		}
	}
	return strings.Join(out, ", ")
}

// Excuse implements sim.Oracle.
func (o *groupOracle) Excuse() string {
	switch {
	case o.broken > 0:
		return fmt.Sprintf("more than %d of %d members lost their disks: %s", o.tolerate, len(o.hosts), o.why)
	case o.last == 0 && len(o.lost) > 0:
		return "the group was not founded yet: " + o.fates()
	}
	return ""
}

// Remains implements sim.Oracle: what was seen before too much was lost.
func (o *groupOracle) Remains(h linearizability.History) (linearizability.History, []linearizability.OpID) {
	return seenBefore(h, o.broken)
}

// seenBefore returns what of a history was seen before a place in the order of events, at
// which the system may have forgotten everything, and what had been answered by then.
// There is no such place if it is 0.
func seenBefore(h linearizability.History, broken int64) (linearizability.History, []linearizability.OpID) {
	if broken == 0 {
		return h, nil
	}
	var out linearizability.History
	var lost []linearizability.OpID
	for _, op := range h.Operations {
		if op.Call > broken {
			continue
		}
		if op.Return > broken {
			op.Certainty, op.Output, op.Return = linearizability.Unknown, nil, linearizability.Open
		} else if op.Certainty == linearizability.Done {
			lost = append(lost, op.ID)
		}
		out.Operations = append(out.Operations, op)
	}
	return out, lost
}
