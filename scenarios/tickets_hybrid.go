package scenarios

import (
	"slices"

	"github.com/simrun/simrun/actors/group"
	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// ticketsHybrid is the site of figure 7-3: workers call back, the outcome is stored,
// and only then the ticket of the browser says so.
func ticketsHybrid() sim.Scenario {
	p := withTrackers(ticketProfile())
	p.Messages = slices.Concat(callbackMessages, ticketMessages, []string{"tickets.ask-pending", "tickets.pending"})
	p.Servers = []string{"tracker", tickets.QueueHost, tickets.IndexHost, "worker", "web"}
	return ticketScenario(sim.Scenario{
		Name: "tickets/hybrid",
		Doc:  "jobs with tickets and callbacks: what a ticket calls finished is stored and can be read, and a monitor of what is overdue",
		Knobs: func(d *faults.Draw) sim.Knobs {
			return ticketKnobs(d).With("due", []string{"1s", "3s"}[d.IntN("due", 2)])
		},
		Profile: p,
		Sometimes: []string{
			string(tickets.SawCallbackRepeated), string(tickets.SawDuplicateCallback), string(tickets.SawCallbackRefused),
			string(group.SawReplaced), string(group.SawCorrupt), string(tickets.SawLeaderLost), string(tickets.SawExpiry), string(tickets.SawLost), string(tickets.SawTrackerFull),
			string(tickets.SawConflict), string(tickets.SawKnownKey), string(tickets.SawQueueFull), sawStaleLease,
			string(tickets.SawLeaseExpired), string(tickets.SawPoison), string(tickets.SawQueueRecovered),
			string(tickets.SawTryAgain), string(tickets.SawResubmission),
			string(tickets.SawAlarm), string(tickets.SawAlarmCleared), string(tickets.SawSilence),
		},
		Checks: []sim.Check{{Name: "monitor", Func: checkMonitor}},
	}, tickets.HybridSite)
}
