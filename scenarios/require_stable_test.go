package scenarios

import (
	"fmt"
	"testing"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/sim"
)

// R38: who waits until the system is stable is told so only when every member serves by
// the newest configuration, no transfer is under way, and nobody answers by an older
// one any more.
func TestStableMeansThatAllServeByOneConfigurationAndNothingIsCopied(t *testing.T) {
	s := chaos(t)
	waited := 0
	for seed := range uint64(150) {
		r := sim.Run(s, sim.NewPlan(s, seed))
		if r.Verdict != sim.Pass {
			continue // an expected loss; anything else is told by the tests of the scenario
		}
		settled, err := unstable(r.Notes)
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		waited += settled
		// The same history, told too early, is refused.
		if early := toldEarly(r.Notes); early != nil {
			if _, err := unstable(early); err == nil {
				t.Errorf("seed %d: stable before the last configuration was adopted, and nobody minds", seed)
			}
		}
	}
	if waited < 100 {
		t.Errorf("only %d times was anything told to be stable", waited)
	}
}

// unstable counts how often the system was told to be stable, and names the first time
// that it was not.
func unstable(notes []sim.Note) (settled int, err error) {
	var config *store.Config
	adopted := map[string]uint64{}
	stable := false
	for _, n := range notes {
		switch f := n.Fact.(type) {
		case store.Published:
			config, stable = f.Config, false
		case store.Adopted:
			adopted[n.Host] = f.Config.Epoch
		case store.Recovered:
			delete(adopted, n.Host)
		case store.Served:
			if stable && f.Version != config.Regions[f.Region].Version {
				return settled, fmt.Errorf("%s answers by version %d of region %d, and the newest is %d", n.Host, f.Version, f.Region, config.Regions[f.Region].Version)
			}
		case Settled:
			settled, stable = settled+1, config != nil
			if config == nil {
				continue
			}
			for id := range config.Regions {
				g := &config.Regions[id]
				if g.Joining.Transfer != 0 {
					return settled, fmt.Errorf("region %d is being copied to %s", id, g.Joining.Host)
				}
				for _, m := range g.Chain {
					if adopted[m.Host] != config.Epoch {
						return settled, fmt.Errorf("%s serves by epoch %d, and the newest is %d", m.Host, adopted[m.Host], config.Epoch)
					}
				}
			}
		}
	}
	return settled, nil
}

// toldEarly returns the history with the first word of stability right before the last
// configuration was adopted by a member; nil if there is none.
func toldEarly(notes []sim.Note) []sim.Note {
	var config *store.Config
	last, settled := -1, sim.Note{}
	for i, n := range notes {
		switch f := n.Fact.(type) {
		case store.Published:
			config, last = f.Config, -1
		case store.Adopted:
			if config != nil && f.Config.Epoch == config.Epoch && member(config, n.Host) {
				last = i
			}
		case Settled:
			settled = n
		}
	}
	if last < 0 || settled.Fact == nil {
		return nil
	}
	early := append([]sim.Note{}, notes[:last]...)
	return append(early, settled)
}

func member(c *store.Config, host string) bool {
	for id := range c.Regions {
		if c.Regions[id].Index(host) >= 0 {
			return true
		}
	}
	return false
}
