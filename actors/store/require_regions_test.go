package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
)

// R1: a space makes use of all daemons, and each of its regions has as many
// different replicas as it needs.
func TestRegionsUseAllDaemons(t *testing.T) {
	for _, tc := range []struct{ daemons, tolerate int }{{1, 0}, {3, 0}, {3, 1}, {3, 2}, {4, 1}, {5, 2}} {
		t.Run(fmt.Sprintf("%d daemons, %d failures", tc.daemons, tc.tolerate), func(t *testing.T) {
			type stable struct{ Config *store.Config }
			s := shelf{
				tolerate: tc.tolerate, partitions: 15, options: store.Options{Daemons: tc.daemons}, net: sloppy,
				programs: []actors.Program{func(env actors.Env) error {
					config, err := store.NewAdmin(env, 1).WaitUntilStable(time.Minute)
					env.Note(stable{config})
					return err
				}},
			}
			config := factsOf[stable](s.run(t, 1))[0].Config
			if len(config.Regions) != 15 {
				t.Fatalf("%d regions", len(config.Regions))
			}
			members := map[string]int{}
			for i := range config.Regions {
				r := &config.Regions[i]
				different := map[string]bool{}
				for _, m := range r.Chain {
					different[m.Host] = true
					members[m.Host]++
				}
				if len(r.Chain) != tc.tolerate+1 || len(different) != len(r.Chain) {
					t.Errorf("region %d has the chain %v", i, r.Chain)
				}
			}
			least, most := len(config.Regions), 0
			for _, n := range members {
				least, most = min(least, n), max(most, n)
			}
			if len(members) != tc.daemons || most-least > 1 {
				t.Errorf("copies on each daemon: %v", members)
			}
		})
	}
}
