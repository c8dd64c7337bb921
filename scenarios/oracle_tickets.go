package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// A ticketOracle counts the disks of a site with tickets. Its tracker is a group, of
// which a minority may lose its disks at a time. The journals of the durable queue and
// of the index are the only copies of what they keep, so their disks are never spared.
// Web servers, workers, a monitor and a queue in memory keep nothing on a disk, but
// there may be no other, so none of them is spared for good.
type ticketOracle struct {
	trackers *groupOracle
	journals []string
	lost     int64 // since when a journal is lost; 0: none is
	why      string
}

func newTicketOracle(o tickets.Options) *ticketOracle {
	t := &ticketOracle{trackers: newGroupOracle(tickets.TrackerHosts(o))}
	if o.Queue.Durable {
		t.journals = append(t.journals, tickets.QueueHost)
	}
	if o.Site != tickets.PlainSite {
		t.journals = append(t.journals, tickets.IndexHost)
	}
	return t
}

// Observe implements sim.Oracle.
func (t *ticketOracle) Observe(n sim.Note) {
	if t.tracks(n.Host) {
		t.trackers.Observe(n)
		return
	}
	if f, ok := n.Fact.(sim.DiskLost); ok && t.lost == 0 && slices.Contains(t.journals, n.Host) {
		t.lost = n.Seq
		t.why = fmt.Sprintf("the only copy of the journal of %s was lost: %s at %v", n.Host, f.Why, n.At.Truncate(100*time.Microsecond))
	}
}

func (t *ticketOracle) tracks(host string) bool { return slices.Contains(t.trackers.hosts, host) }

// Spares implements sim.Oracle.
func (t *ticketOracle) Spares(disks bool, hosts ...string) bool {
	if disks && slices.ContainsFunc(hosts, func(h string) bool { return !t.tracks(h) }) {
		return false
	}
	return t.trackers.Spares(disks, hosts...)
}

// Excuse implements sim.Oracle.
func (t *ticketOracle) Excuse() string {
	var out []string
	if t.lost != 0 {
		out = append(out, t.why)
	}
	if why := t.trackers.Excuse(); why != "" {
		out = append(out, "of the tracker, "+why)
	}
	return strings.Join(out, "; ")
}

// Remains implements sim.Oracle: what was seen before a promise could not be kept.
func (t *ticketOracle) Remains(h linearizability.History) (linearizability.History, []linearizability.OpID) {
	return seenBefore(h, t.broken())
}

// broken is since when more is lost than the site survives, 0 for never.
func (t *ticketOracle) broken() int64 {
	if t.lost != 0 && (t.trackers.broken == 0 || t.lost < t.trackers.broken) {
		return t.lost
	}
	return t.trackers.broken
}
