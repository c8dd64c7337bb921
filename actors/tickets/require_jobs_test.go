package tickets_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/models"
)

// R51: a job that was accepted is done, whichever web server, worker or queue crashes
// or loses its power meanwhile, and whenever.
func TestAcceptedJobsAreDoneWhateverCrashes(t *testing.T) {
	recovered := 0
	for seed := range uint64(40) {
		// A browser watches with patience: submitAll fails unless every job is finished.
		s := newSite(tickets.PlainSite, submitAll(5, 300*time.Millisecond, tickets.PlainSite))
		s.net = sloppy
		s.options.Tracker.Limits.Lease = time.Minute // nothing is given up meanwhile
		s.options.Queue.Limits.Deliveries = 100
		d := faults.NewDraw(seed)
		var schedule faults.Schedule
		for i, host := range []string{tickets.QueueHost, "web1", "worker1", "worker2", tickets.QueueHost, "web2"} {
			kind := []faults.Kind{faults.Crash, faults.PowerLoss}[d.Sub("kind", i).IntN("kind", 2)]
			when := time.Duration(d.Sub("when", i).Between("when", 100, 2500)) * time.Millisecond
			schedule = append(schedule, at(when, kind, 200*time.Millisecond, host))
		}
		r := s.run(t, seed, schedule...)
		if sees(r, tickets.SawQueueRecovered) {
			recovered++
		}
	}
	if recovered == 0 {
		t.Error("no queue came back with jobs")
	}
}

// A queue without a disk forgets its jobs; their tickets say so in time, and the same
// job can be submitted again under another name.
func TestJobsOfAQueueWithoutADiskAreLostNotForgotten(t *testing.T) {
	s := newSite(tickets.PlainSite, func(env actors.Env) error {
		c := tickets.NewClient(env)
		job := tickets.Job{Name: "first", Work: 2 * time.Second}
		got, _ := c.Watch(accepted(c, job), job.Name, tickets.PlainSite).Wait(0)
		if got.Ticket.Value() != (models.Ticket{State: models.TicketFailed, Text: models.TicketLost}) {
			return fmt.Errorf("the job of a queue that forgot it: %+v", got)
		}
		job.Name = "second"
		if got, _ = c.Watch(accepted(c, job), job.Name, tickets.PlainSite).Wait(0); got.Ticket.State != models.TicketFinished {
			return fmt.Errorf("submitted again: %+v", got)
		}
		return nil
	})
	s.options.Queue.Durable = false
	s.run(t, 1, at(1500*time.Millisecond, faults.Crash, 10*time.Millisecond, tickets.QueueHost, "worker1", "worker2"))
}

// R54: workers do so many jobs at a time and no more; the others wait in a queue that is
// bounded, and what it has no room for is refused in so many words.
func TestWorkIsLimitedAndQueuedAndRefused(t *testing.T) {
	full := 0
	s := newSite(tickets.PlainSite, func(env actors.Env) error {
		c := tickets.NewClient(env)
		for i := range 30 {
			if _, status := c.Submit(tickets.Job{Name: fmt.Sprint(i), Work: 4 * time.Second}); status == tickets.Full {
				full++
			}
		}
		return nil
	})
	s.options.Queue.Limits.Jobs = 12
	r := s.run(t, 1)
	working, most := map[string]int{}, 0
	for _, n := range r.Notes {
		switch n.Fact.(type) {
		case tickets.WorkBegan:
			working[n.Host]++
			most = max(most, working[n.Host])
		case tickets.WorkEnded:
			working[n.Host]--
		}
	}
	if most != 2 {
		t.Errorf("a worker has done %d jobs at a time, want 2", most)
	}
	if enqueued := len(factsOf[tickets.JobEnqueued](r)); full == 0 || enqueued+full < 30 {
		t.Errorf("%d jobs were refused and %d taken in", full, enqueued)
	}
}

// A worker that is paused past its lease loses its job to another one. When it goes on,
// its token is refused, and the ticket says what it said first.
func TestPausedWorkerLosesItsLeaseAndItsSay(t *testing.T) {
	var first, later models.Ticket
	s := newSite(tickets.PlainSite, func(env actors.Env) error {
		c := tickets.NewClient(env)
		job := tickets.Job{Name: "job", Work: time.Second}
		id := accepted(c, job)
		got, _ := c.Watch(id, job.Name, tickets.PlainSite).Wait(0)
		first = got.Ticket.Value()
		env.Clock.Sleep(8 * time.Second)
		got, _ = c.Watch(id, job.Name, tickets.PlainSite).Wait(0)
		later = got.Ticket.Value()
		return nil
	})
	s.options.Workers, s.options.Worker.Parallel = 2, 1
	// Whichever has the job by then is paused.
	s.net.DelayMax = time.Millisecond
	r := s.run(t, 1)
	var holder string
	for _, n := range r.Notes {
		if _, ok := n.Fact.(tickets.WorkBegan); ok && holder == "" {
			holder = n.Host
		}
	}
	began := time.Duration(0)
	for _, n := range r.Notes {
		if _, ok := n.Fact.(tickets.WorkBegan); ok {
			began = n.At
			break
		}
	}
	r = s.run(t, 1, at(began+300*time.Millisecond, faults.Pause, 4*time.Second, holder))
	var lapsed tickets.Token
	refused := false
	for _, n := range r.Notes {
		switch f := n.Fact.(type) {
		case tickets.LeaseExpired:
			lapsed = f.Token
		case tickets.SettleRefused:
			refused = refused || f.Token == lapsed
		}
	}
	if lapsed == (tickets.Token{}) || !refused || !sees(r, tickets.SawConflict) {
		t.Errorf("the lease %v ran out; its token was refused: %v; so was its result: %v", lapsed, refused, sees(r, tickets.SawConflict))
	}
	if first.State != models.TicketFinished || later != first {
		t.Errorf("the ticket said %v, and then %v", first, later)
	}
}

// A job that no worker can do ends after so many deliveries, and the others are not
// held up.
func TestPoisonJobFailsAfterItsDeliveries(t *testing.T) {
	s := newSite(tickets.HybridSite, func(env actors.Env) error {
		c := tickets.NewClient(env)
		poison := tickets.Job{Name: "poison", Work: 50 * time.Millisecond, Poison: true}
		w := c.Watch(accepted(c, poison), poison.Name, tickets.HybridSite)
		if err := submitAll(3, 20*time.Millisecond, tickets.HybridSite)(env); err != nil {
			return err
		}
		if got, _ := w.Wait(0); got.Ticket.State != models.TicketFailed {
			return fmt.Errorf("poison: %+v", got)
		}
		return nil
	})
	s.options.Queue.Limits.Deliveries = 4
	r := s.run(t, 1)
	tries := 0
	for _, f := range factsOf[tickets.WorkBegan](r) {
		if f.Job == "poison" {
			tries++
		}
	}
	if tries != 4 {
		t.Errorf("poison was tried %d times, want 4", tries)
	}
}

// called is the program of a server inside the site: it submits jobs and waits until
// their outcomes are in the index.
func called(n int, work time.Duration) actors.Program {
	return func(env actors.Env) error {
		c := tickets.NewClient(env)
		for i := range n {
			accepted(c, tickets.Job{Name: fmt.Sprintf("%s-%d", env.Host, i), Work: work})
		}
		for {
			jobs, err := tickets.Done(env, time.Second)
			if err == nil && len(jobs) >= n {
				return nil
			}
			env.Clock.Sleep(100 * time.Millisecond)
		}
	}
}

// R57, R58: a job that is done is called back, under its name, though the web server
// that took it is gone for good: another one takes the callback.
func TestAnyWebServerTakesTheCallback(t *testing.T) {
	for _, gone := range []string{"web1", "web2"} {
		s := newSite(tickets.CallbackSite, called(4, 3*time.Second))
		r := s.run(t, 1, at(2*time.Second, faults.Destroy, 0, gone))
		var jobs []string
		for _, f := range factsOf[tickets.Indexed](r) {
			jobs = append(jobs, f.Job)
		}
		slices.Sort(jobs)
		if want := []string{"c0-0", "c0-1", "c0-2", "c0-3"}; !slices.Equal(jobs, want) {
			t.Errorf("without %s: stored %v, want %v", gone, jobs, want)
		}
	}
}

// R59: a web server takes so many callbacks at a time; those it refuses come again.
func TestRefusedCallbacksComeAgain(t *testing.T) {
	s := newSite(tickets.CallbackSite, called(16, 500*time.Millisecond))
	s.options.Webs, s.options.Workers, s.options.Worker.Parallel = 1, 4, 4
	s.options.Web.Callbacks = 1
	s.net.DiskMax = 50 * time.Millisecond
	r := s.run(t, 1)
	if !sees(r, tickets.SawBusy) || !sees(r, tickets.SawCallbackRefused) {
		t.Error("no callback was refused")
	}
	if n := len(factsOf[tickets.Indexed](r)); n != 16 {
		t.Errorf("%d outcomes are stored, want 16", n)
	}
}

// R60: callbacks that come twice, late or out of order, also while the index restarts,
// have one effect.
func TestCallbacksHaveOneEffect(t *testing.T) {
	doubled := 0
	for seed := range uint64(30) {
		s := newSite(tickets.CallbackSite, called(6, 200*time.Millisecond))
		s.net = faults.Net{DelayMin: time.Millisecond, DelayMax: 40 * time.Millisecond, Drop: 200, Duplicate: 500, DiskMax: 20 * time.Millisecond}
		r := s.run(t, seed, at(time.Duration(400+20*seed)*time.Millisecond, faults.PowerLoss, 50*time.Millisecond, tickets.IndexHost))
		if sees(r, tickets.SawDuplicateCallback) {
			doubled++
		}
		stored := map[string]int{}
		for _, f := range factsOf[tickets.Indexed](r) {
			if stored[f.Job]++; stored[f.Job] > 1 {
				t.Errorf("seed %d: %s is stored %d times", seed, f.Job, stored[f.Job])
			}
		}
		for _, began := range factsOf[tickets.IndexBegan](r) {
			slices.Sort(began.Jobs)
			if len(slices.Compact(began.Jobs)) != len(began.Jobs) {
				t.Errorf("seed %d: an index came back with %v", seed, began.Jobs)
			}
		}
	}
	if doubled < 10 {
		t.Errorf("a callback came twice in %d of 30 runs", doubled)
	}
}
