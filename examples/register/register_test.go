package register

import (
	"testing"

	"github.com/simrun/simrun/sim"
)

func TestDurableRegister(t *testing.T) { sim.Test(t, Scenario(Durable)) }
