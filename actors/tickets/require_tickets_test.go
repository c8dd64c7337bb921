package tickets_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/models"
)

// R62: a ticket can be found from the moment its number is told, also if the tracker
// loses its leader meanwhile, and no two jobs have the same number.
func TestTicketsAreThereWhenTheirNumberIsTold(t *testing.T) {
	lost := 0
	for seed := range uint64(30) {
		numbers := map[tickets.ID]string{}
		program := func(env actors.Env) error {
			c := tickets.NewClient(env)
			for i := range 8 {
				job := tickets.Job{Name: fmt.Sprintf("%s-%d", env.Host, i), Work: 10 * time.Second}
				id := accepted(c, job)
				if other, used := numbers[id]; used {
					return fmt.Errorf("%v is the ticket of %s and %s", id, other, job.Name)
				}
				numbers[id] = job.Name
				w := c.Watch(id, job.Name, tickets.PlainSite)
				if got, ok := w.Wait(300 * time.Millisecond); ok && got.Status == tickets.NotFound {
					return fmt.Errorf("%v was told and cannot be found", id)
				}
				w.Cancel()
			}
			return nil
		}
		s := newSite(tickets.PlainSite, program, program)
		s.options.Tracker.Limits.Lease = time.Minute
		var schedule faults.Schedule
		for i := range 6 {
			host := fmt.Sprintf("tracker%d", (int(seed)+i)%3+1)
			kind := []faults.Kind{faults.Crash, faults.PowerLoss, faults.Isolate}[(int(seed)/3+i)%3]
			schedule = append(schedule, at(time.Duration(300+i*600)*time.Millisecond, kind, 500*time.Millisecond, host))
		}
		if sees(s.run(t, seed, schedule...), tickets.SawLeaderLost) {
			lost++
		}
	}
	if lost == 0 {
		t.Error("no leader was lost with commands in flight")
	}
}

// R63: what is told of a ticket goes from in progress to its end and stays there, on
// every member and for every browser, also while members come and go.
func TestTicketsGoForward(t *testing.T) {
	for seed := range uint64(10) {
		s := newSite(tickets.PlainSite, submitAll(6, 400*time.Millisecond, tickets.PlainSite), submitAll(6, 50*time.Millisecond, tickets.PlainSite))
		s.net = sloppy
		r := s.run(t, seed, at(900*time.Millisecond, faults.Crash, 300*time.Millisecond, "tracker1"), at(1800*time.Millisecond, faults.Isolate, 500*time.Millisecond, "tracker2"))
		ends := map[tickets.ID]models.Ticket{}
		for _, f := range factsOf[tickets.PollAnswered](r) {
			end, over := ends[f.Ticket.ID]
			if over && f.Ticket.Value() != end {
				t.Errorf("seed %d: %v was %v and is %v", seed, f.Ticket.ID, end, f.Ticket.Value())
			}
			if f.Ticket.State.Final() {
				ends[f.Ticket.ID] = f.Ticket.Value()
			}
		}
		if len(ends) != 12 {
			t.Errorf("seed %d: %d tickets ended, want 12", seed, len(ends))
		}
	}
}

// R64, R68: whoever is told that a ticket is finished finds its result stored, however
// slow the index is.
func TestFinishedMeansStored(t *testing.T) {
	for seed := range uint64(20) {
		s := newSite(tickets.HybridSite, func(env actors.Env) error {
			c := tickets.NewClient(env)
			for i := range 5 {
				job := tickets.Job{Name: fmt.Sprint(i), Work: 100 * time.Millisecond}
				got, _ := c.Watch(accepted(c, job), job.Name, tickets.HybridSite).Wait(0)
				if got.Ticket.State != models.TicketFinished {
					return fmt.Errorf("%+v", got)
				}
				env.Note(got)
			}
			return nil
		})
		s.net = sloppy
		s.net.DiskMax = 50 * time.Millisecond
		s.options.Tracker.Limits.Lease = time.Minute
		r := s.run(t, seed, at(1200*time.Millisecond, faults.PowerLoss, 300*time.Millisecond, tickets.IndexHost))
		stored := map[string]bool{}
		for _, n := range r.Notes {
			switch f := n.Fact.(type) {
			case tickets.Indexed:
				stored[f.Text] = true
			case tickets.Watched:
				if !stored[f.Ticket.Text] {
					t.Errorf("seed %d: %q is finished and not stored", seed, f.Ticket.Text)
				}
			}
		}
	}
}

// R66: what was told of a ticket outlives g of 2g+1 members, for good, and the power of
// all of them.
func TestTicketsSurviveTheirTrackers(t *testing.T) {
	for _, members := range []int{3, 5} {
		for first := range members {
			s := newSite(tickets.PlainSite, func(env actors.Env) error {
				c := tickets.NewClient(env)
				var ids []tickets.ID
				said := map[tickets.ID]models.Ticket{}
				for i := range 4 {
					job := tickets.Job{Name: fmt.Sprint(i), Work: 20 * time.Millisecond}
					id := accepted(c, job)
					got, _ := c.Watch(id, job.Name, tickets.PlainSite).Wait(0)
					ids, said[id] = append(ids, id), got.Ticket.Value()
				}
				env.Clock.Sleep(10*time.Second - env.Clock.Now())
				for _, id := range ids {
					got, _ := c.Watch(id, "", tickets.PlainSite).Wait(0)
					if got.Ticket.Value() != said[id] || !said[id].State.Final() {
						return fmt.Errorf("%v said %v, and now %+v", id, said[id], got)
					}
				}
				return nil
			})
			s.options.Trackers = members
			s.options.Tracker.Limits.TTL = time.Minute
			schedule := faults.Schedule{at(5*time.Second, faults.PowerLoss, 100*time.Millisecond, hostsOf("tracker", members)...)}
			for i := range members / 2 {
				schedule = append(schedule, at(6*time.Second, faults.Destroy, 0, fmt.Sprintf("tracker%d", (first+i)%members+1)))
			}
			s.run(t, uint64(first), schedule...)
		}
	}
}

func hostsOf(name string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("%s%d", name, i+1))
	}
	return out
}

// R69: every ticket ends in bounded time, though web servers crash with callbacks in
// their hands, callbacks are lost, and the workers die for good.
func TestEveryTicketEnds(t *testing.T) {
	ended := map[models.TicketState]int{}
	for seed := range uint64(20) {
		var ids []tickets.ID
		s := newSite(tickets.HybridSite, func(env actors.Env) error {
			c := tickets.NewClient(env)
			for i := range 6 {
				ids = append(ids, accepted(c, tickets.Job{Name: fmt.Sprint(i), Work: time.Duration(500+i*300) * time.Millisecond}))
			}
			for _, id := range ids {
				got, ok := c.Watch(id, "", tickets.HybridSite).Wait(30 * time.Second)
				if !ok || !got.Ticket.State.Final() {
					return fmt.Errorf("%v has not ended: %+v", id, got)
				}
				ended[got.Ticket.State]++
			}
			return nil
		})
		s.net = sloppy
		s.options.Worker.Parallel = 1
		s.options.Queue.Durable = seed%2 == 0
		schedule := faults.Schedule{
			at(900*time.Millisecond, faults.Crash, 300*time.Millisecond, "web1"),
			at(1100*time.Millisecond, faults.Crash, 400*time.Millisecond, "web2"),
			at(1500*time.Millisecond, faults.Crash, 200*time.Millisecond, tickets.QueueHost),
			at(1600*time.Millisecond, faults.Destroy, 0, "worker1"),
		}
		s.run(t, seed, schedule...)
	}
	if ended[models.TicketFinished] == 0 || ended[models.TicketFailed] == 0 {
		t.Errorf("tickets ended %v: want some of both kinds", ended)
	}
}

// A ticket is forgotten after its TTL and not before, though the wall clocks of all
// members step by minutes and the leader changes.
func TestExpiryFollowsTheTimeThatPassesNotTheTimeOfDay(t *testing.T) {
	for seed := range uint64(6) {
		s := newSite(tickets.PlainSite, func(env actors.Env) error {
			c := tickets.NewClient(env)
			job := tickets.Job{Name: "job", Work: 10 * time.Millisecond}
			id := accepted(c, job)
			c.Watch(id, job.Name, tickets.PlainSite).Wait(0)
			ended := env.Clock.Now()
			for _, passed := range []time.Duration{5 * time.Second, 15 * time.Second, 18 * time.Second} {
				env.Clock.Sleep(ended + passed - env.Clock.Now())
				if got, _ := c.Watch(id, "", tickets.PlainSite).Wait(0); got.Ticket.State != models.TicketFinished {
					return fmt.Errorf("after %v of a TTL of 20 s: %+v", passed, got)
				}
			}
			env.Clock.Sleep(10 * time.Second) // time stands still while nobody leads
			if got, _ := c.Watch(id, "", tickets.PlainSite).Wait(0); got.Status != tickets.NotFound {
				return fmt.Errorf("after its TTL: %+v", got)
			}
			return nil
		})
		s.net.Drift = 40
		var schedule faults.Schedule
		for i := range 3 {
			host := fmt.Sprintf("tracker%d", i+1)
			schedule = append(schedule,
				faults.Fault{At: time.Duration(2+3*i) * time.Second, Kind: faults.ClockStep, Hosts: []string{host}, Step: 288 * time.Second},
				faults.Fault{At: time.Duration(3+3*i) * time.Second, Kind: faults.ClockStep, Hosts: []string{host}, Step: -500 * time.Second},
				at(time.Duration(4+3*i)*time.Second, faults.Crash, 300*time.Millisecond, host))
		}
		s.run(t, seed, schedule...)
	}
}
