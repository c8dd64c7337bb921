package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// R14: the friend-list program of the tutorial gives Brian, John, John, also while
// daemons fail one after the other, when it repeats what ended without an answer.
func TestFriendListSurvivesFailures(t *testing.T) {
	space, err := models.ParseSpace(store.FriendsSpace)
	if err != nil {
		t.Fatal(err)
	}
	space.Partitions = 8
	s := sim.Scenario{
		Name: "test/friends",
		Topology: func(sim.Knobs) actors.Topology {
			return store.Topology(store.Options{Clients: 1, Spaces: []models.Space{space}, Programs: []actors.Program{func(env actors.Env) error {
				if _, err := store.NewAdmin(env, 1).WaitForSpace("friendlists", time.Minute); err != nil {
					return err
				}
				names, err := store.Friends(store.NewClient(env))
				if err != nil {
					return err
				}
				if want := []string{"Brian", "John", "John"}; !slices.Equal(names, want) {
					return fmt.Errorf("friends %v, want %v", names, want)
				}
				return nil
			}}})
		},
		Profile: faults.Profile{Servers: []string{"daemon", store.CoordinatorHost}, Clients: []string{"c"}},
	}
	repeated := 0
	for seed := range uint64(20) {
		p := sim.NewPlan(s, seed)
		p.Policy, p.Net = sim.Timed, sloppy
		p.Net.DelayMax = 60 * time.Millisecond
		for i, host := range []string{"daemon1", "daemon2", "daemon3"} {
			p.Faults = append(p.Faults, faults.Fault{
				At:   500*time.Millisecond + time.Duration(i)*700*time.Millisecond,
				Kind: []faults.Kind{faults.Crash, faults.PowerLoss, faults.Isolate}[(int(seed)+i)%3], Hosts: []string{host}, For: 400 * time.Millisecond,
			})
		}
		r := sim.Run(s, p)
		if r.Verdict != sim.Pass {
			t.Fatalf("seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
		repeated += r.Stats.Sometimes[string(store.SawReconfigure)]
	}
	if repeated == 0 {
		t.Error("nothing had to be repeated")
	}
}
