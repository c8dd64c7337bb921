package store_test

import (
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
)

// R34: a system is whole again without a daemon that never comes back, once no chain
// counts on it; one that is the last to have a copy is waited for.
func TestTheSystemIsWholeWithoutADaemonThatIsGone(t *testing.T) {
	type whole struct{ config *store.Config }
	program := func(env actors.Env) error {
		write(store.NewClient(env), "k", "word")
		env.Clock.Sleep(4*time.Second - env.Clock.Now()) // daemon1 is gone
		if config, err := store.NewAdmin(env, 1).WaitUntilStable(5 * time.Second); err == nil {
			env.Note(whole{config})
		}
		return nil
	}
	for _, test := range []struct {
		tolerate, daemons int
		whole             bool
	}{{1, 3, true}, {1, 2, true}, {0, 1, false}} {
		s := shelf{
			tolerate: test.tolerate, partitions: 2, options: store.Options{Daemons: test.daemons},
			net: faults.Net{DelayMin: delay, DelayMax: delay}, programs: []actors.Program{program},
		}
		r := s.run(t, 1, faults.Fault{At: 3 * time.Second, Kind: faults.Destroy, Hosts: []string{"daemon1"}})
		found := factsOf[whole](r)
		if got := len(found) == 1; got != test.whole {
			t.Errorf("%d daemons: whole %v, want %v", test.daemons, got, test.whole)
			continue
		}
		for _, f := range found {
			for i := range f.config.Regions {
				if g := &f.config.Regions[i]; g.Index("daemon1") >= 0 || len(g.Chain) != min(test.daemons-1, 2) {
					t.Errorf("%d daemons:\n%v", test.daemons, f.config)
				}
			}
		}
	}
}
