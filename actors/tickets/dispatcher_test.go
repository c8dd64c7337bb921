package tickets_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// said is one answer that a client of a log got, and how long that took.
type said struct {
	Fate tickets.LogFate
	Took time.Duration
}

// runLog has c0 log n messages, one after the other, with the faults of a plan.
func runLog(t *testing.T, n int, opts tickets.DispatcherOptions, schedule ...faults.Fault) *sim.Result {
	t.Helper()
	top := tickets.LogTopology(tickets.LogOptions{Dispatchers: 1, Clients: 1, Dispatcher: opts})
	for i := range top.Hosts {
		if top.Hosts[i].Name == "c0" {
			top.Hosts[i].Programs = []actors.ProgramDef{{Name: "talk", Run: func(env actors.Env) error {
				logger := tickets.NewLogger(env, 200*time.Millisecond)
				for i := range n {
					began := env.Clock.Now()
					_, fate := logger.Log("dispatcher0/dispatcher", fmt.Sprint("line ", i))
					env.Note(said{fate, env.Clock.Now() - began})
				}
				env.Note(readLog(env, n))
				return nil
			}}}
		}
	}
	s := sim.Scenario{Name: "test/log", Topology: func(sim.Knobs) actors.Topology { return top }, Limits: sim.Limits{Time: 24 * time.Hour}}
	r := sim.Run(s, sim.Plan{
		Scenario: s.Name, Seed: 1, Faults: schedule,
		Net: faults.Net{DelayMin: time.Millisecond, DelayMax: 2 * time.Millisecond, DiskMin: time.Millisecond, DiskMax: 5 * time.Millisecond},
	})
	if r.Verdict != sim.Pass {
		t.Fatalf("%v: %v", r.Verdict, r.Err)
	}
	return r
}

// collected are the messages of the log, with how often each is there.
type collected map[string]int

// readLog waits for the log to be complete, or for 30 seconds, and returns it.
func readLog(env actors.Env, n int) collected {
	log := collected{}
	for from, end := 0, env.Clock.Now()+30*time.Second; len(log) < n && env.Clock.Now() < end; {
		reply, err := env.Request(env.PID("collector/collector"), tickets.ReadLog{From: from}, time.Second)
		if err != nil {
			continue
		}
		page := reply.(tickets.LogPage)
		for _, m := range page.Messages {
			log[m.Message.Text]++
		}
		if from += len(page.Messages); len(page.Messages) == 0 {
			env.Clock.Sleep(time.Second)
		}
	}
	return log
}

func answers(r *sim.Result) (all []said) {
	for _, n := range r.Notes {
		if s, ok := n.Fact.(said); ok {
			all = append(all, s)
		}
	}
	return all
}

// R56: the dispatcher returns at once, also while the collector is away for hours.
func TestDispatcherReturnsAtOnceWhileTheCollectorIsAway(t *testing.T) {
	away := faults.Fault{Kind: faults.Crash, Hosts: []string{tickets.CollectorHost}, For: 3 * time.Hour}
	for _, schedule := range [][]faults.Fault{nil, {away}} {
		for i, a := range answers(runLog(t, 300, tickets.DispatcherOptions{}, schedule...)) {
			// A round trip, an append and a sync.
			if a.Fate != tickets.LogWasTaken || a.Took > 15*time.Millisecond {
				t.Errorf("with %d faults message %d is %s after %v", len(schedule), i, a.Fate, a.Took)
			}
		}
	}
}

// R56: what does not fit is refused at once, and the rest is kept.
func TestDispatcherRefusesWhatDoesNotFit(t *testing.T) {
	away := faults.Fault{Kind: faults.Crash, Hosts: []string{tickets.CollectorHost}, For: 3 * time.Hour}
	count := map[tickets.LogFate]int{}
	for _, a := range answers(runLog(t, 150, tickets.DispatcherOptions{Messages: 100}, away)) {
		count[a.Fate]++
	}
	if count[tickets.LogWasTaken] != 100 || count[tickets.LogWasRefused] != 50 {
		t.Errorf("a buffer of 100 messages answered 150 with %v", count)
	}
}

// R56: a crash of the dispatcher, at any point of its journal, loses only what it
// had not answered for.
func TestDispatcherCrashLosesOnlyWhatItHadNotAnsweredFor(t *testing.T) {
	for _, point := range []string{"wal.before-append", "wal.before-sync", "wal.after-sync", "wal.before-rename", "wal.before-remove"} {
		for nth := 1; nth <= 6; nth++ {
			r := runLog(t, 60, tickets.DispatcherOptions{Batch: 7, Compact: 200},
				faults.Fault{Kind: faults.PowerLoss, Host: "dispatcher0", Point: point, Nth: nth, For: 20 * time.Millisecond},
				faults.Fault{Kind: faults.PowerLoss, Hosts: []string{tickets.CollectorHost}, At: 40 * time.Millisecond, For: 100 * time.Millisecond})
			var log collected
			for _, n := range r.Notes {
				if l, ok := n.Fact.(collected); ok {
					log = l
				}
			}
			taken := 0
			for i, a := range answers(r) {
				if a.Fate != tickets.LogWasTaken {
					continue
				}
				if taken++; log[fmt.Sprint("line ", i)] == 0 {
					t.Errorf("%s#%d: message %d was taken and is not in the log", point, nth, i)
				}
			}
			if taken < 50 {
				t.Errorf("%s#%d: only %d of 60 messages were taken", point, nth, taken)
			}
		}
	}
}
