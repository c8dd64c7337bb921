package sim

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
)

// diskScenario runs one program on host "h", again after every restart.
func diskScenario(run actors.Program) Scenario {
	return scenarioOf("test/disk",
		actors.Host{Name: "h", Programs: mainOf(run)},
		actors.Host{Name: "clock", Programs: mainOf(func(env actors.Env) error {
			env.Clock.Sleep(time.Minute)
			return nil
		})})
}

func faultAt(kind faults.Kind, at, down time.Duration) faults.Schedule {
	return faults.Schedule{{At: at, Kind: kind, Hosts: []string{"h"}, For: down, Programs: true}}
}

// passWith runs seeds in which the host goes down after a second, for a second.
func passWith(t *testing.T, s Scenario, kind faults.Kind, seeds uint64) {
	t.Helper()
	for seed := range seeds {
		p := planOf(seed)
		p.Faults = faultAt(kind, time.Second, time.Second)
		if r := Run(s, p); r.Verdict != Pass {
			t.Fatalf("seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
	}
}

func TestSyncedBytesSurvivePowerLossAndOthersMayNot(t *testing.T) {
	synced := bytes.Repeat([]byte("s"), 5000)
	rest := bytes.Repeat([]byte("u"), 9000)
	outcomes := map[string]int{}
	s := diskScenario(func(env actors.Env) error {
		d := env.Disk
		if env.Boot == 1 {
			if err := errors.Join(d.Append("f", synced), d.Sync("f"), d.SyncDir(), d.Append("f", rest), d.WriteFile("g", []byte("new")), d.Rename("g", "k")); err != nil {
				return err
			}
			env.Clock.Sleep(time.Hour)
		}
		got, err := d.ReadFile("f")
		if err != nil {
			return err
		}
		if !bytes.HasPrefix(got, synced) {
			return fmt.Errorf("synced bytes changed: %d bytes left", len(got))
		}
		tail := got[len(synced):]
		switch {
		case len(tail) == 0:
			outcomes["all lost"]++
		case bytes.Equal(tail, rest):
			outcomes["all kept"]++
		case bytes.Contains(tail, []byte{0}):
			outcomes["hole"]++
		default:
			outcomes["cut"]++
		}
		names, err := d.List()
		outcomes[strings.Join(names, " ")]++
		return err
	})
	passWith(t, s, faults.PowerLoss, 300)
	for _, want := range []string{"all lost", "all kept", "hole", "cut", "f", "f k", "f g"} {
		if outcomes[want] == 0 {
			t.Errorf("outcome %q never happened: %v", want, outcomes)
		}
	}
}

func TestProcessCrashKeepsWhatDiskCallsReturnedFor(t *testing.T) {
	s := diskScenario(func(env actors.Env) error {
		if env.Boot == 1 {
			if err := env.Disk.Append("f", []byte("written")); err != nil {
				return err
			}
			env.Clock.Sleep(time.Hour)
		}
		got, err := env.Disk.ReadFile("f")
		if string(got) != "written" {
			return fmt.Errorf("got %q, %v", got, err)
		}
		return nil
	})
	passWith(t, s, faults.Crash, 100)
}

func TestWriteFileLeavesOldEmptyOrPartialUntilSync(t *testing.T) {
	seen := map[string]int{}
	s := diskScenario(func(env actors.Env) error {
		d := env.Disk
		if env.Boot == 1 {
			if err := errors.Join(d.WriteFile("f", []byte("old")), d.Sync("f"), d.SyncDir(), d.WriteFile("f", []byte("brand new"))); err != nil {
				return err
			}
			env.Clock.Sleep(time.Hour)
		}
		got, err := d.ReadFile("f")
		switch text := string(got); {
		case text == "old", text == "brand new", text == "":
			seen[text]++
		default:
			seen["partial"]++
		}
		return err
	})
	passWith(t, s, faults.PowerLoss, 300)
	for _, want := range []string{"old", "brand new", "", "partial"} {
		if seen[want] == 0 {
			t.Errorf("outcome %q never happened: %v", want, seen)
		}
	}
}

func TestTruncateIsOldOrNewUntilSyncAndKeepsWhatIsBelow(t *testing.T) {
	lengths := map[int]int{}
	s := diskScenario(func(env actors.Env) error {
		d := env.Disk
		if env.Boot == 1 {
			if err := errors.Join(d.Append("f", []byte("0123456789")), d.Sync("f"), d.SyncDir(), d.Truncate("f", 4)); err != nil {
				return err
			}
			env.Clock.Sleep(time.Hour)
		}
		got, err := d.ReadFile("f")
		if !strings.HasPrefix("0123456789", string(got)) || len(got) < 4 {
			return fmt.Errorf("got %q", got)
		}
		lengths[len(got)]++
		return err
	})
	passWith(t, s, faults.PowerLoss, 100)
	if lengths[4] == 0 || lengths[10] == 0 || len(lengths) != 2 {
		t.Errorf("lengths after power loss: %v, want 4 and 10", lengths)
	}
}

func TestWipeLosesTheDiskAndBootGrows(t *testing.T) {
	var boots []uint64
	s := diskScenario(func(env actors.Env) error {
		boots = append(boots, env.Boot)
		if env.Boot == 1 {
			if err := errors.Join(env.Disk.Append("f", []byte("x")), env.Disk.Sync("f"), env.Disk.SyncDir()); err != nil {
				return err
			}
			env.Clock.Sleep(time.Hour)
		}
		if _, err := env.Disk.ReadFile("f"); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("after a wipe: %v", err)
		}
		return nil
	})
	p := planOf(1)
	p.Faults = faultAt(faults.Wipe, time.Second, time.Second)
	if r := Run(s, p); r.Verdict != Pass {
		t.Fatalf("%v %s: %v", r.Verdict, r.Check, r.Err)
	}
	if fmt.Sprint(boots) != "[1 2]" {
		t.Errorf("boots %v", boots)
	}
}

func TestStopDeliversStoppingAndCrashDoesNot(t *testing.T) {
	for kind, want := range map[faults.Kind]bool{faults.Stop: true, faults.Crash: false} {
		stopping := false
		s := scenarioOf("test/stop",
			actors.Host{Name: "h", Actors: []actors.ActorDef{{Name: "a", New: func(env actors.Env) actor.Actor {
				return actor.ReceiveFunc(func(ctx actor.Context) {
					if _, ok := ctx.Message().(*actor.Stopping); ok {
						env.Clock.Sleep(3 * time.Millisecond)
						stopping = true
					}
				})
			}}}},
			actors.Host{Name: "clock", Programs: mainOf(func(env actors.Env) error {
				env.Clock.Sleep(time.Minute)
				return nil
			})})
		p := planOf(1)
		p.Faults = faultAt(kind, time.Second, time.Second)
		r := Run(s, p)
		if r.Verdict != Pass || stopping != want || r.Stats.Faults[kind.String()].Fired != 1 {
			t.Errorf("%v: %v %v, stopping %v, faults %v", kind, r.Verdict, r.Err, stopping, r.Stats.Faults)
		}
	}
}

func TestCrashUnwindsBlockedCallsAndRunsDeferred(t *testing.T) {
	deferred, after := 0, 0
	s := diskScenario(func(env actors.Env) error {
		if env.Boot > 1 {
			return nil
		}
		defer func() {
			deferred++
			env.Send(env.PID("clock/main"), &hello{}) // dead: does nothing
			env.Note("dead")
		}()
		env.Clock.Sleep(time.Hour)
		after++
		return nil
	})
	p := planOf(1)
	p.Faults = faultAt(faults.Crash, time.Second, time.Second)
	r := Run(s, p)
	if r.Verdict != Pass || deferred != 1 || after != 0 {
		t.Errorf("%v %v: deferred %d, after %d", r.Verdict, r.Err, deferred, after)
	}
	for _, n := range r.Notes {
		if n.Fact == "dead" {
			t.Error("a dead Env noted a fact")
		}
	}
}

func TestCodeThatWillNotCrashFailsByName(t *testing.T) {
	s := diskScenario(func(env actors.Env) error {
		for {
			func() {
				defer func() { _ = recover() }()
				env.Clock.Sleep(time.Hour)
			}()
		}
	})
	p := planOf(1)
	p.Faults = faultAt(faults.Crash, time.Second, time.Second)
	if r := Run(s, p); r.Check != "would not crash" {
		t.Errorf("%v %s: %v", r.Verdict, r.Check, r.Err)
	}
}

func TestCrashPointFiresAtTheNthNote(t *testing.T) {
	reached := 0
	s := diskScenario(func(env actors.Env) error {
		if env.Boot > 1 {
			return nil
		}
		for range 5 {
			env.Clock.Sleep(time.Millisecond)
			env.Note(actors.Point("p"))
			reached++
		}
		return nil
	})
	p := planOf(1)
	p.Faults = faults.Schedule{{Point: "p", Nth: 3, Host: "h", Kind: faults.Crash, For: time.Millisecond, Programs: true}}
	r := Run(s, p)
	if r.Verdict != Pass || reached != 2 || r.Stats.Faults["crash"].Fired != 1 {
		t.Errorf("%v %v: reached %d times, faults %v", r.Verdict, r.Err, reached, r.Stats.Faults)
	}
}

// A power loss in the second rename: the first one was synced, of the second one
// nothing is promised, and the program does not go on behind it.
func TestCallOfADiskIsAPoint(t *testing.T) {
	reached := 0
	var found []string
	s := diskScenario(func(env actors.Env) (err error) {
		if env.Boot > 1 {
			found, err = env.Disk.List()
			return err
		}
		for _, name := range []string{"a", "b", "c"} {
			err = errors.Join(env.Disk.WriteFile("tmp", []byte(name)), env.Disk.Sync("tmp"), env.Disk.Rename("tmp", name), env.Disk.SyncDir())
			reached++
		}
		return err
	})
	p := planOf(1)
	p.Faults = faults.Schedule{{Point: "disk.rename", Nth: 2, Host: "h", Kind: faults.PowerLoss, For: time.Millisecond, Programs: true}}
	r := Run(s, p)
	if r.Verdict != Pass || reached != 1 || !slices.Contains(found, "a") || slices.Contains(found, "c") {
		t.Errorf("%v %v: reached %d times, found %q", r.Verdict, r.Err, reached, found)
	}
}

func TestReplyToAnOlderBootIsDropped(t *testing.T) {
	s := scenarioOf("test/old",
		actors.Host{Name: "server", Actors: []actors.ActorDef{{Name: "slow", New: func(env actors.Env) actor.Actor {
			return actor.ReceiveFunc(func(ctx actor.Context) {
				if _, ok := ctx.Message().(*hello); ok {
					env.Clock.Sleep(5 * time.Second)
					ctx.Respond(&hello{Text: "late"})
				}
			})
		}}}},
		actors.Host{Name: "h", Programs: mainOf(func(env actors.Env) error {
			if env.Boot == 1 {
				_, err := env.Request(env.PID("server/slow"), &hello{}, 0)
				return err
			}
			env.Clock.Sleep(20 * time.Second)
			return nil
		})})
	p := planOf(1)
	p.Faults = faultAt(faults.Crash, time.Second, time.Second)
	if r := Run(s, p); r.Verdict != Pass || r.Stats.OldBoot != 1 {
		t.Errorf("%v %v, stats %+v", r.Verdict, r.Err, r.Stats)
	}
}

func TestPartitionsCutBothWaysOrOneAndMend(t *testing.T) {
	for _, tc := range []struct {
		fault  faults.Fault
		ab, ba bool // what still arrives
	}{
		{faults.Fault{Kind: faults.Partition, Hosts: []string{"a"}, Others: []string{"b"}}, false, false},
		{faults.Fault{Kind: faults.Cut, Hosts: []string{"a"}, Others: []string{"b"}}, false, true},
		{faults.Fault{Kind: faults.Isolate, Hosts: []string{"b"}}, false, false},
	} {
		got := map[string]int{}
		send := func(to string) []actors.ProgramDef {
			return mainOf(func(env actors.Env) error {
				for range 3 {
					env.Clock.Sleep(time.Second)
					env.Send(env.PID(to), &hello{})
				}
				return nil
			})
		}
		count := []actors.ActorDef{{Name: "x", New: func(env actors.Env) actor.Actor {
			return actor.ReceiveFunc(func(ctx actor.Context) {
				if _, ok := ctx.Message().(*hello); ok {
					got[env.Host]++
				}
			})
		}}}
		s := scenarioOf("test/cut", actors.Host{Name: "a", Actors: count, Programs: send("b/x")}, actors.Host{Name: "b", Actors: count, Programs: send("a/x")},
			actors.Host{Name: "clock", Programs: mainOf(func(env actors.Env) error {
				env.Clock.Sleep(10 * time.Second)
				return nil
			})})
		p := planOf(1)
		tc.fault.At, tc.fault.For = 1500*time.Millisecond, time.Second // the second of three
		p.Faults = faults.Schedule{tc.fault}
		r := Run(s, p)
		want := func(through bool) int {
			if through {
				return 3
			}
			return 2
		}
		if r.Verdict != Pass || got["b"] != want(tc.ab) || got["a"] != want(tc.ba) {
			t.Errorf("%v: %v %v, arrived %v", tc.fault.Kind, r.Verdict, r.Err, got)
		}
	}
}

func TestProducerThatPanicsOrHaltsIsTheActorsFault(t *testing.T) {
	system := func(bad actors.Producer) Scenario {
		return scenarioOf("test/producer",
			actors.Host{Name: "h", Actors: []actors.ActorDef{{Name: "bad", New: bad}}},
			actors.Host{Name: "clock", Programs: mainOf(func(env actors.Env) error {
				env.Clock.Sleep(10 * time.Second)
				return nil
			})})
	}
	panics := system(func(env actors.Env) actor.Actor { panic("no configuration") })
	if r := Run(panics, planOf(1)); r.Verdict != Violation || r.Check != "actor panic" || !strings.Contains(r.Err.Error(), "h/bad: no configuration") {
		t.Errorf("a panic: %v %s: %v", r.Verdict, r.Check, r.Err)
	}
	halts := system(func(env actors.Env) actor.Actor {
		if env.Boot == 1 {
			env.Halt(errors.New("disk is gone"))
		}
		return actor.ReceiveFunc(func(actor.Context) {})
	})
	if r := Run(halts, planOf(1)); r.Verdict != Pass {
		t.Errorf("a halt: %v %s: %v", r.Verdict, r.Check, r.Err)
	}
}

func TestClientThatComesBackGoesOnWithItsOperations(t *testing.T) {
	type did struct {
		boot uint64
		n    int
	}
	var all []did
	s := scenarioOf("test/back", actors.Host{Name: "server", Actors: []actors.ActorDef{{Name: "echo", New: echo}}}, actors.Host{Name: "c0"})
	s.Profile.Servers, s.Profile.Clients = []string{"server"}, []string{"c"}
	s.Workload = Workload{
		Client: func(env actors.Env, rec *linearizability.Recorder) func(Op) error {
			return func(op Op) error {
				rec.Call(op.N, op.N)
				all = append(all, did{env.Boot, op.N})
				env.Clock.Sleep(10 * time.Millisecond)
				rec.Return(op.N, linearizability.Outcome{})
				return nil
			}
		},
	}
	p := planOf(1)
	for n := 1; n <= 5; n++ {
		p.Ops = append(p.Ops, Op{Client: "c0", N: n, Do: time.Duration(n)})
	}
	p.Faults = faults.Schedule{{At: 25 * time.Millisecond, Kind: faults.Crash, Hosts: []string{"c0"}, For: time.Second, Programs: true}}
	r := Run(s, p)
	if want := []did{{1, 1}, {1, 2}, {1, 3}, {2, 4}, {2, 5}}; r.Verdict != Pass || !slices.Equal(all, want) {
		t.Errorf("%v %v: %v, want %v", r.Verdict, r.Err, all, want)
	}
	if ops := r.History.Operations; len(ops) != 5 || ops[2].Return != linearizability.Open {
		t.Errorf("history %v: the third operation should be open", ops)
	}
	p.Faults[0].At = 45 * time.Millisecond // in the last operation, so nothing is left to do
	if r := Run(s, p); r.Verdict != Pass {
		t.Errorf("%v %s: %v", r.Verdict, r.Check, r.Err)
	}
}

func TestActorsThatSendToEachOtherForEverAreNamed(t *testing.T) {
	s := scenarioOf("test/livelock", actors.Host{Name: "h", Actors: []actors.ActorDef{{Name: "a", New: func(env actors.Env) actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) { ctx.Send(ctx.Self(), tick{}) })
	}}}, Programs: mainOf(func(env actors.Env) error {
		env.Clock.Sleep(time.Second)
		return nil
	})})
	if r := Run(s, planOf(1)); r.Check != "livelock" || !strings.Contains(r.Err.Error(), "h/a") {
		t.Errorf("%v %s: %v", r.Verdict, r.Check, r.Err)
	}
}

func TestUnknownHostIsNamed(t *testing.T) {
	s := scenarioOf("test/nowhere", actors.Host{Name: "h", Programs: mainOf(func(env actors.Env) error {
		env.Send(env.PID("nowhere/nobody"), &hello{})
		return nil
	})})
	if r := Run(s, planOf(1)); r.Check != "unknown host" || !strings.Contains(r.Err.Error(), "no host nowhere") {
		t.Errorf("%v %s: %v", r.Verdict, r.Check, r.Err)
	}
}
