package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
)

// R20: damage to the end of a log looks like a write that was torn. The member that
// comes back with less than it promised must not be believed, whatever its place in
// the chain.
func TestDamageAtTheEndOfALogLosesNothing(t *testing.T) {
	const words = 12
	program := func(env actors.Env) error {
		c := store.NewClient(env)
		for i := range words {
			write(c, "k", fmt.Sprint(i))
			if got := string(attr(read(c, "k"), "word").Str); got != fmt.Sprint(i) {
				return fmt.Errorf("wrote %d and read %s", i, got)
			}
		}
		return nil
	}
	found := 0
	for _, host := range []string{"daemon1", "daemon2"} {
		for _, kind := range []faults.Kind{faults.Misdirect, faults.Rot} {
			for nth := 3; nth <= words; nth++ {
				s := shelf{
					tolerate: 1, partitions: 1, options: store.Options{Daemons: 2, SnapshotEvery: 5},
					net: faults.Net{DelayMin: delay, DelayMax: delay}, programs: []actors.Program{program},
				}
				damage := faults.Fault{Point: "wal.before-append", Nth: nth, Host: host, Kind: kind}
				crash := faults.Fault{Point: "wal.before-append", Nth: nth + 1, Host: host, Kind: faults.Crash, For: 5 * time.Millisecond}
				r := s.run(t, uint64(nth), damage, crash)
				found += r.Stats.Sometimes[string(store.SawDamagedCopy)]
			}
		}
	}
	if found == 0 {
		t.Error("no damage was found by comparing logs")
	}
}
