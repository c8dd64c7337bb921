package scenarios

import (
	"strings"
	"testing"
	"time"

	"github.com/simrun/simrun/actors/group"
	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// trackedSite is the oracle of a hybrid site whose tracker has committed something.
func trackedSite(durable bool, more ...any) *ticketOracle {
	o := newTicketOracle(tickets.Options{Site: tickets.HybridSite, Queue: tickets.QueueOptions{Durable: durable}})
	facts := []any{"tracker1", group.Applied{ID: 1, Mark: group.Mark{Index: 2, Term: 2}}}
	for _, n := range notes(append(facts, more...)...) {
		o.Observe(n)
	}
	return o
}

// TestTicketOracleSparesOneTrackerAndNoJournal: what is replicated may be lost as far as
// its group survives it, and what there is one copy of may not. R66.
func TestTicketOracleSparesOneTrackerAndNoJournal(t *testing.T) {
	lost := sim.DiskLost{Boot: 1, Why: faults.Wipe.String()}
	for _, c := range []struct {
		name  string
		facts []any
		hosts string
		want  bool
	}{
		{"one tracker", nil, "tracker2", true},
		{"two trackers", nil, "tracker2 tracker3", false},
		{"a second tracker", []any{"tracker1", lost}, "tracker2", false},
		{"the queue", nil, "queue", false},
		{"the index", nil, "index", false},
		{"the only worker", nil, "worker1", false},
		{"a tracker and the index", nil, "tracker1 index", false},
	} {
		o := trackedSite(true, c.facts...)
		if got := o.Spares(true, strings.Fields(c.hosts)...); got != c.want {
			t.Errorf("%s: spared: %v, want %v", c.name, got, c.want)
		}
		if !o.Spares(false, strings.Fields(c.hosts)...) {
			t.Errorf("%s: a crash is not spared", c.name)
		}
	}
}

// TestALostJournalIsExpectedToLoseItsPromises: once the only copy is gone nothing is owed,
// and what was answered before is named; a queue in memory has nothing to lose there.
func TestALostJournalIsExpectedToLoseItsPromises(t *testing.T) {
	lost := []any{"queue", sim.DiskLost{Boot: 1, Why: faults.Wipe.String()}}
	h := linearizability.History{Operations: []linearizability.Operation{
		{ID: linearizability.OpID{Client: "c0", N: 1}, Call: 0, Return: 1, Certainty: linearizability.Done},
		{ID: linearizability.OpID{Client: "c0", N: 2}, Call: 1 << 40, Return: 1 << 41, Certainty: linearizability.Done},
	}}
	o := trackedSite(true, lost...)
	rest, ids := o.Remains(h)
	if len(rest.Operations) != 1 || len(ids) != 1 || !strings.Contains(o.Excuse(), "queue") {
		t.Errorf("%d operations remain, lost are %v, excuse %q", len(rest.Operations), ids, o.Excuse())
	}
	o = trackedSite(false, lost...)
	if rest, ids := o.Remains(h); len(rest.Operations) != 2 || len(ids) != 0 || o.Excuse() != "" {
		t.Errorf("without a journal %d operations remain, lost are %v, excuse %q", len(rest.Operations), ids, o.Excuse())
	}
}

// TestALostIndexIsNoViolation: a plan that takes the only copy of the index, as it is
// told, ends as an expected loss, and one within the budget does not take it.
func TestALostIndexIsNoViolation(t *testing.T) {
	s := ticketsHybrid()
	p := sim.NewPlan(s, 3)
	p.Policy, p.Heal = sim.Timed, sim.HealAll
	for _, c := range []struct {
		budget sim.Budget
		want   sim.Verdict
	}{{sim.AsTold, sim.ExpectedLoss}, {sim.Within, sim.Pass}} {
		p.Budget = c.budget
		p.Faults = faults.Schedule{{Kind: faults.Wipe, Hosts: []string{tickets.IndexHost}, At: 3 * time.Second, For: 50 * time.Millisecond}}
		if r := sim.Run(s, p); r.Verdict != c.want {
			t.Errorf("budget %q: %v %s: %v, want %v", c.budget, r.Verdict, r.Check, r.Err, c.want)
		}
	}
}
