package scenarios

import (
	"fmt"
	"slices"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// checkClients holds the client library to handing out every operation at most once
// and with an answer that a daemon gave to that very operation, and all of them to a
// program that flushes.
func checkClients(o *sim.Observation) error {
	for _, l := range clientLives(o) {
		for i := range l.requests {
			r := &l.requests[i]
			switch {
			case r.returns > 1:
				return fmt.Errorf("%v was handed out %d times", r.op, r.returns)
			case i < l.flushed && (r.returns == 0 || r.returned > l.flushAt):
				return fmt.Errorf("%v never completed, though its client waited until nothing was outstanding", r.op)
			case r.returns == 1 && r.certainty() == linearizability.Done && !r.wasAnswered(r.result()):
				return fmt.Errorf("%v %v was handed out with %v, which no daemon has answered to it", r.op, r.input, r.result())
			}
		}
	}
	return nil
}

// wasAnswered reports whether a daemon replied this.
func (r *request) wasAnswered(result models.Result) bool {
	return r.reply != nil && isReply(r.reply, result) ||
		slices.ContainsFunc(r.more, func(fact any) bool { return isReply(fact, result) })
}

func isReply(fact any, result models.Result) bool {
	if f, ok := fact.(store.Replied); ok {
		return f.Result.Equal(result)
	}
	return result.Equal(models.Result{Status: models.Success})
}
