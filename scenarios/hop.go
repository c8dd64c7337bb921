package scenarios

import (
	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/hop"
	"github.com/simrun/simrun/sim"
)

// Hop is the yardstick of the kernel: 5 nodes, 100 messages in flight. It never
// ends, so it is not in the catalogue.
func Hop() sim.Scenario {
	return sim.Scenario{
		Name:     "bench/hop",
		Doc:      "messages that are passed on for ever",
		Topology: func(sim.Knobs) actors.Topology { return hop.Topology(5, 100) },
	}
}

// HopMessage is one of the messages of Hop.
func HopMessage() any { return hop.NewMessage(0) }

// Checked is the yardstick of complete checked runs.
func Checked() sim.Scenario { return storeBench() }
