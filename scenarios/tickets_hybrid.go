package scenarios

import (
	"slices"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/sim"
)

// ticketsHybrid is the site of figure 7-3: workers call back, the outcome is stored,
// and only then the ticket of the browser says so.
func ticketsHybrid() sim.Scenario {
	p := ticketProfile()
	p.Messages = slices.Concat(callbackMessages, ticketMessages)
	return ticketScenario(sim.Scenario{
		Name:    "tickets/hybrid",
		Doc:     "jobs with tickets and callbacks: what a ticket calls finished is stored and can be read",
		Knobs:   ticketKnobs,
		Profile: p,
		Sometimes: []string{
			string(tickets.SawCallbackRepeated), string(tickets.SawDuplicateCallback), string(tickets.SawCallbackRefused),
			string(tickets.SawLeaderLost), string(tickets.SawExpiry), string(tickets.SawLost), string(tickets.SawTrackerFull),
			string(tickets.SawConflict), string(tickets.SawKnownKey), string(tickets.SawQueueFull), sawStaleLease,
			string(tickets.SawLeaseExpired), string(tickets.SawPoison), string(tickets.SawQueueRecovered),
			string(tickets.SawTryAgain), string(tickets.SawResubmission),
		},
	}, tickets.HybridSite)
}
