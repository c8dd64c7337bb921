package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
)

// R32: the coordinator loses power around each of its syncs, and no configuration
// that somebody has seen is ever taken back: epochs grow at every node, and an
// epoch has one configuration.
func TestEpochsGrowThoughTheCoordinatorForgets(t *testing.T) {
	program := func(env actors.Env) error {
		c := store.NewClient(env)
		for i := range 10 {
			write(c, fmt.Sprint(i), "x")
			env.Clock.Sleep(100 * time.Millisecond)
		}
		return nil
	}
	s := shelf{tolerate: 1, partitions: 2, programs: []actors.Program{program},
		net: faults.Net{DelayMin: time.Millisecond, DelayMax: 10 * time.Millisecond, DiskMin: time.Millisecond, DiskMax: 30 * time.Millisecond},
	}
	lost := 0
	for _, point := range []string{"wal.before-append", "wal.before-sync", "wal.after-sync"} {
		for nth := 1; nth <= 8; nth++ {
			r := s.run(t, uint64(nth),
				faults.Fault{Point: point, Nth: nth, Host: store.CoordinatorHost, Kind: faults.PowerLoss, Hosts: []string{store.CoordinatorHost}, For: 50 * time.Millisecond},
				// Something has to be decided besides the space.
				faults.Fault{At: 700 * time.Millisecond, Kind: faults.Crash, Hosts: []string{"daemon1"}, For: 2 * time.Second})
			lost += len(r.Applied) - 1
			published, latest := map[uint64]*store.Config{}, map[string]uint64{}
			for _, n := range r.Notes {
				var at string
				var config *store.Config
				switch f := n.Fact.(type) {
				case store.Published:
					at, config = n.Host, f.Config
				case store.Adopted:
					at, config = fmt.Sprint(n.Host, " boot ", f.Boot), f.Config
				default:
					continue
				}
				if config.Epoch < latest[at] {
					t.Errorf("%s#%d: %s went from epoch %d to %d", point, nth, at, latest[at], config.Epoch)
				}
				latest[at] = config.Epoch
				if old := published[config.Epoch]; old != nil && !old.Equal(config) {
					t.Errorf("%s#%d: epoch %d has two configurations:\n%v\n%v", point, nth, config.Epoch, old, config)
				}
				published[config.Epoch] = config
			}
		}
	}
	if lost < 12 {
		t.Errorf("the coordinator lost power only %d times", lost)
	}
}
