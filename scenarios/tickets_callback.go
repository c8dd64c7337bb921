package scenarios

import (
	"slices"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/sim"
)

// callbackMessages are what workers, web servers and the index say to each other.
var callbackMessages = []string{
	"tickets.callback", "tickets.callback", "tickets.called-back", "tickets.called-back", "tickets.called-back",
	"tickets.store", "tickets.found", "tickets.look-up",
}

// ticketsCallback is the site of figure 7-1: workers call back any web server, which
// stores the outcome. There is no tracker.
func ticketsCallback() sim.Scenario {
	p := ticketProfile()
	p.Messages = slices.Concat(callbackMessages, []string{
		"tickets.submit", "tickets.submitted", "tickets.poll", "tickets.polled",
		"tickets.enqueue", "tickets.queue-answer", "tickets.take", "tickets.given", "tickets.settle", "tickets.renew-leases",
	})
	return ticketScenario(sim.Scenario{
		Name:    "tickets/callback",
		Doc:     "jobs whose workers call back any web server, which may be slow, dead or at its limit, and an outcome that is stored once",
		Knobs:   ticketKnobs,
		Profile: p,
		Checks:  []sim.Check{{Name: "accepted", Func: checkAcceptedAreStored}},
		Sometimes: []string{
			string(tickets.SawCallbackRepeated), string(tickets.SawDuplicateCallback), string(tickets.SawCallbackRefused), string(tickets.SawBusy),
			string(tickets.SawResubmission), string(tickets.SawTryAgain), string(tickets.SawQueueFull), sawStaleLease,
			string(tickets.SawLeaseExpired), string(tickets.SawPoison), string(tickets.SawQueueRecovered),
		},
	}, tickets.CallbackSite)
}
