package scenarios

import (
	"testing"
	"time"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/sim"
)

// R55: the check finds a connection that the asynchronous tier holds while a job runs,
// or all of them taken; the synchronous tier may do both.
func TestConnectionsCheck(t *testing.T) {
	const sync, async = tickets.SyncTier, tickets.AsyncTier
	held := func(tier string) any { return tickets.ConnectionHeld{Tier: tier, Page: 7} }
	freed := tickets.ConnectionFreed{Tier: async, Page: 7}
	runs := func(tier string) any { return tickets.JobRuns{Tier: tier, Page: 7} }
	full := func(tier string) any { return tickets.PoolLoad{Tier: tier, Taken: 30, Size: 30} }
	check := func(o *sim.Observation) error {
		o.Sometimes = func(string) {}
		return checkConnections(o)
	}
	judge(t, check, []control{
		{name: "closed before", notes: notes("w", held(async), "w", freed, "i", runs(async), "d", tickets.PoolLoad{Tier: async, Taken: 29, Size: 30})},
		{name: "of another page", notes: notes("w", tickets.ConnectionHeld{Tier: async, Page: 8}, "i", runs(async))},
		{name: "the synchronous tier", notes: notes("w", held(sync), "i", runs(sync), "w", tickets.TierLoad{Tier: sync}, "d", full(sync))},
		{name: "held", notes: notes("w", held(async), "i", runs(async), "w", freed),
			why: "page 7 of the asynchronous tier has a connection to the database while its job runs, at 2s"},
		{name: "all taken", notes: notes("d", full(async)),
			why: "the asynchronous tier has all its 30 connections taken, at 0s"},
	})
}

// R53: the check finds an asynchronous tier that does not come back, and says nothing
// of a synchronous one, or when a part of the story is missing.
func TestRecoveryCheck(t *testing.T) {
	ops := []sim.Op{}
	for i := range 4 {
		ops = append(ops, sim.Op{Client: "c0", N: i + 1, Do: LoadLine{PerSecond: 10, For: 10 * time.Second}})
	}
	observe := func(tier string, before, after int, ops []sim.Op) *sim.Observation {
		o := &sim.Observation{Ops: ops, Sometimes: func(string) {}}
		for s := 1; s <= 40; s++ {
			good := before
			if s > 15 {
				good = after
			}
			for _, name := range []string{tickets.SyncTier, tickets.AsyncTier} {
				f := tickets.TierSecond{Tier: name, Came: 10, Good: 10}
				if name == tier {
					f.Good = good
				}
				o.Notes = append(o.Notes, sim.Note{Seq: int64(s), At: time.Duration(s) * time.Second, Fact: f})
			}
		}
		return o
	}
	for _, tc := range []struct {
		name, tier    string
		before, after int
		ops           []sim.Op
		why           string
	}{
		{"back", tickets.AsyncTier, 10, 9, ops, ""},
		{"gone", tickets.AsyncTier, 10, 8, ops, "the asynchronous tier served 10.0 users a second before the trigger and 8.0 after it"},
		{"gone, and synchronous", tickets.SyncTier, 10, 0, ops, ""},
		{"a part of the story", tickets.AsyncTier, 10, 0, ops[:3], ""},
	} {
		got := ""
		if err := checkRecovery(observe(tc.tier, tc.before, tc.after, tc.ops)); err != nil {
			got = err.Error()
		}
		if got != tc.why {
			t.Errorf("%s: says %q, want %q", tc.name, got, tc.why)
		}
	}
}
