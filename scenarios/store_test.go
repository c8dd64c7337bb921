package scenarios

import (
	"testing"

	"github.com/simrun/simrun/sim"
)

func TestStoreScenarios(t *testing.T) {
	for _, s := range storeScenarios() {
		t.Run(s.Name, func(t *testing.T) { sim.Test(t, s) })
	}
}
