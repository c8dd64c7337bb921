package scenarios

import (
	"github.com/simrun/simrun/actors/group"
	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/sim"
)

// ticketMessages are what the parts of a site with tickets say to each other.
var ticketMessages = []string{
	"tickets.submit", "tickets.submitted", "tickets.poll", "tickets.polled",
	"tickets.ask", "tickets.ask", "tickets.answer", "tickets.answer",
	"tickets.enqueue", "tickets.queue-answer", "tickets.take", "tickets.given", "tickets.settle", "tickets.renew-leases",
}

// ticketsPlain is the site of figure 7-2: browsers, web servers, a queue, workers that
// tell the tracker, and faults on all of them.
func ticketsPlain() sim.Scenario {
	p := withTrackers(ticketProfile())
	p.Messages = ticketMessages
	return ticketScenario(sim.Scenario{
		Name:    "tickets/plain",
		Doc:     "jobs with tickets: a queue, workers that die and pause past their leases, and a tracker that loses its leader",
		Knobs:   ticketKnobs,
		Profile: p,
		Sometimes: []string{
			string(group.SawReplaced), string(group.SawCorrupt), string(tickets.SawLeaderLost), string(tickets.SawExpiry), string(tickets.SawLost), string(tickets.SawTrackerFull),
			string(tickets.SawConflict), string(tickets.SawKnownKey), string(tickets.SawQueueFull), sawStaleLease,
			string(tickets.SawLeaseExpired), string(tickets.SawPoison), string(tickets.SawQueueRecovered),
			string(tickets.SawTryAgain), string(tickets.SawResubmission),
		},
	}, tickets.PlainSite)
}
