package scenarios

import (
	"testing"

	"github.com/simrun/simrun/sim"
)

func TestTicketsPlain(t *testing.T) { sim.Test(t, ticketsPlain()) }
