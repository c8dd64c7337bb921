package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
)

// writesAndReads writes some keys in turn, one write after the other, and reads
// them all back when the faults are long over.
func writesAndReads(writes int) actors.Program {
	return func(env actors.Env) error {
		c := store.NewClient(env)
		key := func(n int) string { return fmt.Sprint("k", n%5) }
		for n := range writes {
			write(c, key(n), fmt.Sprint(n))
			env.Clock.Sleep(5 * time.Millisecond)
		}
		env.Clock.Sleep(5 * time.Second)
		var wrong []error
		for n := writes - 5; n < writes; n++ {
			if got := attr(read(c, key(n)), "word"); string(got.Str) != fmt.Sprint(n) {
				wrong = append(wrong, fmt.Errorf("%s is %q, want %d", key(n), got.Str, n))
			}
		}
		return errors.Join(wrong...)
	}
}

// R20: damage that looks like a torn tail costs no acknowledged write while
// another member has it, whether the damaged copy is at the head or at the tail.
// The log cannot tell, but its neighbours in the chain can.
func TestShortCopyIsNoticedByItsNeighbour(t *testing.T) {
	for _, host := range []string{"daemon1", "daemon2"} {
		short := 0
		for seed := range uint64(60) {
			s := shelf{tolerate: 1, partitions: 2, options: store.Options{Daemons: 2}, net: faults.Net{
				DelayMin: time.Millisecond, DelayMax: 3 * time.Millisecond, DiskMax: time.Millisecond,
			}, programs: []actors.Program{writesAndReads(20)}}
			// Everything in the log is acknowledged then, and nothing vouches for the last
			// record, which the rot hits every now and then.
			point := faults.Fault{Point: "wal.before-append", Nth: 3 + int(seed%6), Host: host}
			rot, crash := point, point
			rot.Kind = faults.Rot
			crash.Kind, crash.For = faults.Crash, 5*time.Millisecond
			short += s.run(t, seed, rot, crash).Stats.Sometimes[string(store.SawDamagedCopy)]
		}
		t.Logf("%s: %d short copies", host, short)
		if short == 0 {
			t.Errorf("no copy on %s was ever found to be short", host)
		}
	}
}

// R20: a disk that refuses a call halts its host, and an acknowledged write
// survives the power loss of all that follows.
func TestFailedSyncCostsNoAcknowledgedWrite(t *testing.T) {
	for nth := range 40 {
		s := shelf{tolerate: 1, partitions: 2, net: faults.Net{
			DelayMin: time.Millisecond, DelayMax: 3 * time.Millisecond, DiskMax: time.Millisecond,
		}, programs: []actors.Program{writesAndReads(60)}}
		s.options.Daemons = 2 + nth%2
		at := time.Duration(100+5*nth) * time.Millisecond
		s.run(t, uint64(nth),
			faults.Fault{At: at, Kind: faults.SyncError, Hosts: []string{"daemon1"}},
			faults.Fault{At: at, Kind: faults.SyncError, Hosts: []string{"daemon2"}},
			faults.Fault{At: at + 700*time.Millisecond, Kind: faults.PowerLoss, Hosts: []string{"all"}, For: 10 * time.Millisecond})
	}
}
