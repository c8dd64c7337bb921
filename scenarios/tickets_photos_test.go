package scenarios

import (
	"testing"

	"github.com/simrun/simrun/sim"
)

func TestTicketsPhotos(t *testing.T) { sim.Test(t, ticketsPhotos()) }

func TestTicketsPhotosUnrestricted(t *testing.T) { sim.Test(t, ticketsPhotosUnrestricted()) }
