package harness_test

import (
	"context"
	"fmt"

	"github.com/simrun/simrun/examples/register"
	"github.com/simrun/simrun/live/harness"
	"github.com/simrun/simrun/sim"
)

// The scenario that is simulated with sim.Run is run for real with harness.Run.
func ExampleRun() {
	s := register.Scenario(register.Durable)
	plan := sim.NewPlan(s, 1)
	result, err := harness.Run(context.Background(), s, plan, harness.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Verdict, len(result.History.Operations), "operations")
	// Output: PASS 30 operations
}
