// Command simrun runs the scenarios of this repository in the simulated world:
// see `simrun help`.
package main

import (
	"os"

	"github.com/simrun/simrun/live/node"
	"github.com/simrun/simrun/scenarios"
	"github.com/simrun/simrun/sim/simcli"
	"github.com/simrun/simrun/zoo"
)

func main() {
	os.Exit(simcli.Main(scenarios.All(), simcli.Bench(scenarios.Hop(), scenarios.HopMessage(), scenarios.Checked()), zoo.Command(), node.ClientCommand()))
}
