package wal

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// Facts of a walWriter: what it found, and what it then made durable.
type (
	walFound   struct{ Records int }
	walWriting struct{ Records int }
	walSynced  struct{ Records int }
)

// walWriter writes records to a log until its host goes down.
type walWriter struct{ env actors.Env }

func (a walWriter) Receive(ctx actor.Context) {
	if _, ok := ctx.Message().(*actor.Started); !ok {
		return
	}
	l, rec, err := Open(a.env.Disk, a.env.Note)
	if err != nil {
		a.env.Halt(err)
	}
	if rec.Corrupt {
		panic("corrupt")
	}
	n := len(rec.Records)
	if rec.Snapshot != nil {
		n += int(binary.LittleEndian.Uint32(rec.Snapshot))
	}
	a.env.Note(walFound{n})
	for {
		a.env.Clock.Sleep(time.Millisecond) // the disk may be as fast as thought
		for range a.env.Rand.IntN(8) {
			n++
			// Records of a few bytes, and some longer than a sector.
			size := 1 + a.env.Rand.IntN(200)
			if a.env.Rand.IntN(10) == 0 {
				size = 1 + a.env.Rand.IntN(10000)
			}
			if err := l.Append(make([]byte, size)); err != nil {
				a.env.Halt(err)
			}
		}
		a.env.Note(walWriting{n})
		if a.env.Rand.IntN(10) == 0 {
			err = l.Snapshot(binary.LittleEndian.AppendUint32(nil, uint32(n)))
		} else {
			err = l.Sync()
		}
		if err != nil {
			a.env.Halt(err)
		}
		a.env.Note(walSynced{n})
		if a.env.Rand.IntN(4) == 0 {
			if err := l.Vouch(); err != nil {
				a.env.Halt(err)
			}
		}
	}
}

// runLog runs a walWriter with faults of these kinds, of which some fall into every
// place of the log, in many runs: what was synced is found again, and nothing is
// found that was not written.
func runLog(t *testing.T, counts faults.Counts) {
	t.Helper()
	s := sim.Scenario{
		Name: "test/wal",
		Topology: func(sim.Knobs) actors.Topology {
			writer := actors.ActorDef{Name: "log", New: func(env actors.Env) actor.Actor { return walWriter{env} }}
			// The run lasts as long as this program.
			audience := actors.ProgramDef{Name: "audience", Run: func(env actors.Env) error {
				env.Clock.Sleep(time.Second)
				return nil
			}}
			return actors.Topology{Hosts: []actors.Host{
				{Name: "server", Actors: []actors.ActorDef{writer}},
				{Name: "client", Programs: []actors.ProgramDef{audience}},
			}}
		},
		Profile: faults.Profile{
			DiskMax: 3 * time.Millisecond, Span: time.Second, DownMin: time.Millisecond, DownMax: 20 * time.Millisecond,
			Counts: counts, Servers: []string{"server"},
			Points: []string{"wal.before-append", "wal.before-sync", "wal.after-sync", "wal.before-rename", "wal.before-remove", "wal.recovering"},
		},
	}
	found, short, fired := 0, 0, map[string]int{}
	for seed := range uint64(80) {
		r := sim.Run(s, sim.NewPlan(s, seed))
		if r.Verdict != sim.Pass {
			t.Fatalf("seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
		for kind, c := range r.Stats.Faults {
			fired[kind] += c.Fired
		}
		written, synced := 0, 0
		for _, n := range r.Notes {
			switch f := n.Fact.(type) {
			case walWriting:
				written = f.Records
			case walSynced:
				synced = f.Records
			case walFound:
				if f.Records < synced || f.Records > written {
					t.Fatalf("seed %d: found %d records, synced %d, written %d", seed, f.Records, synced, written)
				}
				found++
				if f.Records < written {
					short++
				}
			}
		}
	}
	t.Logf("%d recoveries, %d of a log that had lost something, %v", found, short, fired)
	if found < 250 || short < 50 {
		t.Errorf("only %d recoveries, %d of a log that had lost something", found, short)
	}
}

// TestLogOnASimulatedDisk: an honest disk. R20, R21.
func TestLogOnASimulatedDisk(t *testing.T) {
	runLog(t, faults.Counts{faults.Crash: 4, faults.PowerLoss: 8})
}

// TestLogOnADiskWhoseSyncsFail: a Sync that fails leaves bytes that every later
// process reads and no later Sync makes durable.
func TestLogOnADiskWhoseSyncsFail(t *testing.T) {
	runLog(t, faults.Counts{faults.SyncError: 8, faults.PowerLoss: 8})
}

// TestLogOnADiskThatRefuses: any part of a call that failed may have happened.
func TestLogOnADiskThatRefuses(t *testing.T) {
	runLog(t, faults.Counts{
		faults.Crash: 2, faults.PowerLoss: 4, faults.SyncError: 4, faults.WriteError: 8, faults.ReadError: 2, faults.DiskFull: 4, faults.ReadOnly: 4,
	})
}
