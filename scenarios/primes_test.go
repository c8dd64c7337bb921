package scenarios

import (
	"testing"

	"github.com/simrun/simrun/sim"
)

func TestPrimesScenarios(t *testing.T) {
	for _, s := range primesScenarios() {
		t.Run(s.Name, func(t *testing.T) { sim.Test(t, s) })
	}
}
