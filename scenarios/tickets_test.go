package scenarios

import (
	"testing"

	"github.com/simrun/simrun/sim"
)

func TestTicketsPlain(t *testing.T) { sim.Test(t, ticketsPlain()) }

func TestTicketsCallback(t *testing.T) { sim.Test(t, ticketsCallback()) }

func TestTicketsHybrid(t *testing.T) { sim.Test(t, ticketsHybrid()) }
