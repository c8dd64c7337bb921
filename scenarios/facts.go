package scenarios

import (
	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/models"
)

// What clients and programs of the catalogue note, and the operations and answers that
// their histories hold.
func init() {
	actors.Facts("scenarios",
		Began{}, Flushed{}, Skipped{}, RefusedAs{}, Settled{}, Unsettled{},
		SubmitEnded{}, TicketTold{}, JobsListed{},
		LogAnswered{}, LogDraining{}, LogSeen{}, LogRead{}, PhotosSettling{}, PhotosSettled{},
		catchingUp{}, caughtUp{},
		LogLine{}, LoadLine{}, Sum{})
	actors.Facts("models",
		models.Op{}, models.Result{}, models.TicketOp{}, models.Ticket{}, models.Publish{}, models.Fetch{}, models.Edition{},
		models.StorePhoto{}, models.ShowPhoto{}, models.Read{}, models.Write{})
}
