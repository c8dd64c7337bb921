package simcli_test

import (
	"os"

	"github.com/simrun/simrun/examples/register"
	"github.com/simrun/simrun/sim"
	"github.com/simrun/simrun/sim/simcli"
)

// A command over scenarios of your own. In a program the result of Main goes to
// os.Exit, and the arguments are those of the process.
func ExampleMain() {
	os.Args = []string{"registers", "list"}
	simcli.Main([]sim.Scenario{register.Scenario(register.Durable)})
	// Output:
	// SCENARIO          WHAT IT TRIES
	// example/register  two clients and one server that loses power
}
