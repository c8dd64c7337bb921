package scenarios

import (
	"testing"

	"github.com/simrun/simrun/sim"
)

func TestTicketsLog(t *testing.T) { sim.Test(t, ticketsLog()) }
