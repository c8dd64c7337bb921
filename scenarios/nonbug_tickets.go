package scenarios

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// ticketExpiresName is the name of N07 in the catalogue.
const ticketExpiresName = "nonbug/N07-ticket-expires"

// N07: a ticket that was finished cannot be found after its TTL, and that is no loss. It
// can be found before, though members crash and their wall clocks step by minutes.
func ticketExpires() sim.Scenario {
	s := ticketScenario(sim.Scenario{
		Name:    ticketExpiresName,
		Doc:     "a finished ticket is NOT_FOUND after its TTL, whatever the wall clocks say, and that is no loss",
		Control: true,
		Profile: faults.Profile{Clients: []string{"c"}},
		Knobs: func(d *faults.Draw) sim.Knobs {
			return ticketKnobs(d).
				With("trackers", []int{3, 5}[d.IntN("members", 2)]).
				With("ttl", time.Duration(d.Between("ttl", 5, 30))*time.Second).
				With("lease", time.Duration(d.Between("lease", 5, 30))*time.Second).
				With("tickets", 1000).With("jobs", 100).With("durable", "yes").With("clients", 1)
		},
		Script: func(d *faults.Draw, k sim.Knobs) (faults.Net, faults.Schedule) {
			return mildNet(d), whileItLies(d, k)
		},
		Checks: []sim.Check{{Name: oddCheck, Func: wasThereAndIsGone}},
	}, tickets.PlainSite)
	s.Workload.Generate = finishAndForget
	return s
}

// finishAndForget has a job finished, looks again before its TTL is over, and once more
// after it.
func finishAndForget(d *faults.Draw, k sim.Knobs) []sim.Op {
	ttl := ttlOf(k)
	first := ttl * time.Duration(d.Between("first look", 20, 80)) / 100
	// What a leader takes with it is a twentieth of the TTL and an election.
	rest := 3*ttl/2 - first + 10*time.Second
	job := tickets.Job{Name: "c0-1", Work: time.Duration(d.Between("work", 1, 2000)) * time.Millisecond}
	return []sim.Op{
		{Client: "c0", N: 1, Do: SubmitJob{Job: job}},
		{Client: "c0", N: 2, Do: AwaitJob{Name: job.Name}},
		{Client: "c0", Do: Point{Name: "finished"}},
		{Client: "c0", Do: Sleep{For: first}},
		{Client: "c0", N: 3, Do: AwaitJob{Name: job.Name}},
		{Client: "c0", Do: Sleep{For: rest}},
		{Client: "c0", N: 4, Do: AwaitJob{Name: job.Name}},
	}
}

// whileItLies has the wall clocks of the tracker step while a finished ticket lies
// there, and perhaps a member crash or pause.
func whileItLies(d *faults.Draw, k sim.Knobs) faults.Schedule {
	var out faults.Schedule
	for i := range k.Int("trackers", 3) {
		d := d.Sub("tracker", i)
		host := []string{fmt.Sprintf("tracker%d", i+1)}
		step := time.Duration(d.Between("step", -288, 288)) * time.Second
		out = append(out, at("finished", faults.Fault{Kind: faults.ClockStep, Hosts: host, Step: step}))
	}
	if d.Permille("crash", 500) {
		host := fmt.Sprintf("tracker%d", d.Between("which", 1, k.Int("trackers", 3)))
		kind := []faults.Kind{faults.Crash, faults.PowerLoss, faults.Pause}[d.IntN("kind", 3)]
		out = append(out, at("finished", faults.Fault{
			Kind: kind, Hosts: []string{host}, For: time.Duration(d.Between("down", 10, 3000)) * time.Millisecond,
		}))
	}
	return out
}

// wasThereAndIsGone is the odd thing of N07.
func wasThereAndIsGone(o *sim.Observation) error {
	for i, want := range []models.TicketState{models.TicketFinished, models.TicketFinished, models.NoTicket} {
		op := numbered(o, "c0", i+2)
		if op == nil || op.Certainty != linearizability.Done || op.Output.(models.Ticket).State != want {
			return fmt.Errorf("look %d saw %v, want %v", i+1, op, want)
		}
	}
	return nil
}
