package tickets_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// R50: pages are answered within 200 ms, whether a job takes a millisecond or five
// minutes, and also when the tracker or the queue is gone: then with "try again".
func TestPagesAreAnsweredWithin200msWhateverTheJobTakes(t *testing.T) {
	for _, work := range []time.Duration{time.Millisecond, 5 * time.Minute} {
		s := newSite(tickets.HybridSite, submitAll(4, work, tickets.HybridSite))
		s.net.Jitter = 250
		s.options.Client.Polls = 100_000
		r := s.run(t, 1)
		inTime(t, r, 8)
	}
	for _, gone := range [][]string{{"tracker1", "tracker2", "tracker3"}, {tickets.QueueHost}} {
		tried := 0
		s := newSite(tickets.PlainSite, func(env actors.Env) error {
			env.Clock.Sleep(time.Second) // they go
			c := tickets.NewClient(env)
			for i := range 5 {
				if _, status := c.Submit(tickets.Job{Name: fmt.Sprint(i)}); status == tickets.TryAgain {
					tried++
				}
			}
			return nil
		})
		s.options.Client.Tries = 2
		r := s.run(t, 1, at(500*time.Millisecond, faults.Crash, 20*time.Second, gone...))
		inTime(t, r, 10)
		if tried != 5 {
			t.Errorf("without %v, %d of 5 jobs were to be tried again", gone, tried)
		}
	}
}

// inTime holds that there were at least so many pages, each answered in time.
func inTime(t *testing.T, r *sim.Result, least int) {
	t.Helper()
	pages := factsOf[tickets.PageAnswered](r)
	if len(pages) < least {
		t.Errorf("%d pages, want at least %d", len(pages), least)
	}
	for _, p := range pages {
		if p.Took >= 200*time.Millisecond {
			t.Errorf("a page was answered with %v after %v", p.Status, p.Took)
		}
	}
}

// R61: all that ever reaches a browser from another host are answers, each to a request
// that it has sent and of its kind.
func TestNothingButAnswersReachesABrowser(t *testing.T) {
	s := newSite(tickets.HybridSite, submitAll(5, 300*time.Millisecond, tickets.HybridSite), submitAll(5, 10*time.Millisecond, tickets.HybridSite))
	s.net = sloppy
	reached := 0
	r := sim.Trace(s.scenario(), s.plan(3), func(e trace.Event) {
		to, _, _ := strings.Cut(e.Peer, "/")
		if e.Kind != trace.Send || !strings.HasPrefix(to, "c") || e.Host == to {
			return
		}
		reached++
		if !strings.HasPrefix(e.Path, "web") || e.Msg != "tickets.submitted" && e.Msg != "tickets.polled" {
			t.Errorf("%s sends %s to %s", e.Path, e.Msg, e.Peer)
		}
	})
	if r.Verdict != sim.Pass || reached < 20 {
		t.Errorf("%v, %d messages reached a browser", r.Verdict, reached)
	}
}

// R73: a browser polls now and then and not for ever, a job that nobody knows is told
// from one in progress, and a watch that is cancelled asks no more.
func TestPollsAreSpacedBoundedAndCancellable(t *testing.T) {
	var inProgress, unknown, givenUp, cancelled tickets.Watched
	var cancelAt time.Duration
	s := newSite(tickets.PlainSite, func(env actors.Env) error {
		c := tickets.NewClient(env)
		job := tickets.Job{Name: "long", Work: time.Hour}
		id := accepted(c, job)
		w := c.Watch(id, job.Name, tickets.PlainSite)
		if got, ok := w.Wait(time.Second); ok {
			inProgress = got
		}
		unknown, _ = c.Watch(id+1000, "", tickets.PlainSite).Wait(0)
		givenUp, _ = w.Wait(0)
		w = c.Watch(id, job.Name, tickets.PlainSite)
		w.Wait(time.Second)
		w.Cancel()
		cancelled, _ = w.Wait(0)
		cancelAt = env.Clock.Now()
		env.Clock.Sleep(10 * time.Second)
		return nil
	})
	s.options.Client.Polls = 20
	r := s.run(t, 1)
	if inProgress != (tickets.Watched{}) {
		t.Errorf("the watch of a job in progress ended: %+v", inProgress)
	}
	if unknown.Status != tickets.NotFound || unknown.Ticket.State != models.NoTicket {
		t.Errorf("a ticket that nobody knows: %+v", unknown)
	}
	if givenUp.Status != tickets.TryAgain || cancelled.Status != tickets.TryAgain {
		t.Errorf("given up: %+v, cancelled: %+v", givenUp, cancelled)
	}
	polls := map[uint64]int{}
	last := map[uint64]time.Duration{}
	for _, n := range r.Notes {
		f, ok := n.Fact.(tickets.PollSent)
		if !ok {
			continue
		}
		if polls[f.Watch]++; polls[f.Watch] > 1 && n.At-last[f.Watch] < 75*time.Millisecond {
			t.Errorf("watch %d polls again after %v", f.Watch, n.At-last[f.Watch])
		}
		last[f.Watch] = n.At
		if f.Watch == 3 && n.At > cancelAt+time.Millisecond {
			t.Error("a cancelled watch polls")
		}
	}
	if polls[1] != 20 || polls[2] != 1 || polls[3] < 2 {
		t.Errorf("polls by watch: %v", polls)
	}
}
