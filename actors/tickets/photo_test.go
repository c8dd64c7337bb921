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

// stored is one answer that a client of the photo servers got, and how long that took.
type stored struct {
	OK   bool
	Took time.Duration
}

// runPhotos has c0 store n photos, a second apart, with the faults of a plan, and then
// wait for the copies.
func runPhotos(t *testing.T, n int, opts tickets.PhotoOptions, schedule ...faults.Fault) []sim.Note {
	t.Helper()
	top := tickets.PhotoTopology(opts, tickets.MonitorOptions{Due: 5 * time.Second}, 1)
	for i := range top.Hosts {
		if top.Hosts[i].Name == "c0" {
			top.Hosts[i].Programs = []actors.ProgramDef{{Name: "store", Run: func(env actors.Env) error {
				photos := tickets.NewPhotos(env, opts, 600*time.Millisecond)
				for i := range n {
					began := env.Clock.Now()
					ok := photos.Store(fmt.Sprint("p", i), "sea")
					env.Note(stored{ok, env.Clock.Now() - began})
					env.Clock.Sleep(time.Second)
				}
				return awaitCopies(env, opts.Primaries[0], opts.Backups[0], n)
			}}}
		}
	}
	s := sim.Scenario{Name: "test/photos", Topology: func(sim.Knobs) actors.Topology { return top }, Limits: sim.Limits{Time: time.Hour}}
	r := sim.Run(s, sim.Plan{
		Scenario: s.Name, Seed: 1, Faults: schedule,
		Net: faults.Net{DelayMin: time.Millisecond, DelayMax: 2 * time.Millisecond, DiskMin: time.Millisecond, DiskMax: 5 * time.Millisecond},
	})
	if r.Verdict != sim.Pass {
		t.Fatalf("%v: %v", r.Verdict, r.Err)
	}
	return r.Notes
}

// awaitCopies waits for the backup to have n photos and notes how the home is doing.
func awaitCopies(env actors.Env, home, backup string, n int) error {
	for range 100 {
		env.Clock.Sleep(time.Second)
		reply, err := env.Request(env.PID(backup+"/photos"), tickets.AskPhotos{}, time.Second)
		if err != nil || reply.(tickets.PhotoStatus).Photos < n {
			continue
		}
		status, err := env.Request(env.PID(home+"/photos"), tickets.AskPhotos{}, time.Second)
		env.Note(status)
		env.Clock.Sleep(2 * time.Second) // the monitor has asked again
		return err
	}
	return fmt.Errorf("the backup never had %d photos", n)
}

// R71: a backup that is away does not delay the answer, and has every photo when it is
// back; so has one whose disk was lost.
func TestBackupOutageDoesNotDelayTheAnswer(t *testing.T) {
	backup := []string{"backup0"}
	for _, schedule := range [][]faults.Fault{
		nil,
		{{Kind: faults.Crash, Hosts: backup, At: 2 * time.Second, For: time.Minute}},
		{{Kind: faults.Wipe, Hosts: backup, At: 2 * time.Second, For: time.Minute}},
		{{Kind: faults.Isolate, Hosts: backup, At: 2 * time.Second, For: time.Minute}},
	} {
		for _, primaries := range []int{1, 2} {
			for _, n := range runPhotos(t, 10, tickets.PhotoHosts(primaries, 1), schedule...) {
				// A round trip and a sync for each primary, and the round trip of the client.
				if a, ok := n.Fact.(stored); ok && (!a.OK || a.Took > time.Duration(1+primaries)*12*time.Millisecond) {
					t.Errorf("%d primaries, %v: stored %v after %v", primaries, schedule, a.OK, a.Took)
				}
			}
		}
	}
}

// R71: what is owed to a backup survives a power loss of the home.
func TestOwedCopiesSurviveARestart(t *testing.T) {
	runPhotos(t, 5, tickets.PhotoHosts(1, 1),
		faults.Fault{Kind: faults.Crash, Hosts: []string{"backup0"}, For: time.Minute},
		faults.Fault{Kind: faults.PowerLoss, Hosts: []string{"primary0"}, At: 10 * time.Second, For: time.Second})
}

// R74: how long there is a single copy is measured: it is as long as the backup is away,
// and no time at all with a second primary.
func TestSingleCopyExposureIsMeasured(t *testing.T) {
	away := faults.Fault{Kind: faults.Crash, Hosts: []string{"backup0"}, For: 20 * time.Second}
	for primaries, want := range map[int]time.Duration{1: 20 * time.Second, 2: 0} {
		var status tickets.PhotoStatus
		var longest time.Duration
		for _, n := range runPhotos(t, 3, tickets.PhotoHosts(primaries, 1), away) {
			switch f := n.Fact.(type) {
			case tickets.PhotoStatus:
				status = f
			case tickets.PhotoCovered:
				longest = max(longest, f.Exposed)
			}
		}
		if status.Longest < want || status.Longest > want+10*time.Second || status.Exposed != 0 || longest != status.Longest {
			t.Errorf("%d primaries: status %+v, longest exposure noted %v, want about %v", primaries, status, longest, want)
		}
	}
}

// R72: one alarm for each copy that is overdue, none for the others, and all cleared
// when the copies are made.
func TestMonitorRaisesAndClearsAnAlarmForEachOverdueCopy(t *testing.T) {
	away := faults.Fault{Kind: faults.Isolate, Hosts: []string{"backup0"}, At: 1500 * time.Millisecond, For: 6 * time.Second}
	on := map[tickets.Alarm]bool{}
	raised := map[string]int{}
	for _, n := range runPhotos(t, 8, tickets.PhotoHosts(1, 1), away) {
		switch f := n.Fact.(type) {
		case tickets.AlarmRaised:
			on[f.Alarm] = true
			raised[f.Alarm.Source+" "+f.Alarm.Item]++
		case tickets.AlarmCleared:
			delete(on, f.Alarm)
		}
	}
	// p2 was due from 2 s to 7.5 s, p3 and later ones for less than 5 s, or little more
	// until the home tries again.
	if raised["primary0/photos p2>backup0"] != 1 || raised["backup0/photos "] != 1 || raised["primary0/photos "] != 0 || raised["primary0/photos p0>backup0"] != 0 {
		t.Errorf("raised %v", raised)
	}
	if len(on) > 0 {
		t.Errorf("still on: %v", on)
	}
}
