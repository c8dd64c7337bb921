package scenarios

import (
	"fmt"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// LogDraining is the fact that somebody begins to wait for the dispatchers to have
// delivered everything. A message may still arrive late, and be taken after that.
type LogDraining struct{}

// LogSeen is the fact that a client read the log during the run, from message From on.
type LogSeen struct {
	From     int
	Messages []tickets.Collected
}

// LogRead is the fact of what the collector had when everything was over, in the
// order of its log.
type LogRead struct{ Messages []tickets.Collected }

// checkLog holds the log path to delivering everything that a dispatcher answered
// for before the end of the run, at least once, nothing else but what was said, and with the right flags.
// A client must not be told that a message is taken before the dispatcher has
// made it durable, and what was read once stays in its place.
func checkLog(o *sim.Observation) error {
	book := models.NewLogBook()
	owed, draining := map[tickets.LogID]bool{}, false
	var seen []LogSeen
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case tickets.LogSaid:
			book.Say(f.Message.ID.String(), f.Message.Text)
		case tickets.LogOwed:
			owed[f.ID] = true
			if !draining {
				book.Owe(f.ID.String())
			}
		case LogDraining:
			draining = true
		case LogAnswered:
			if f.Fate == tickets.LogWasTaken && !owed[f.ID] {
				return fmt.Errorf("message %v was answered for and is not on the disk of a dispatcher", f.ID)
			}
		case LogSeen:
			seen = append(seen, f)
		case LogRead:
			for _, s := range seen {
				for i, m := range s.Messages {
					if at := s.From + i; at >= len(f.Messages) || f.Messages[at] != m {
						return fmt.Errorf("message %v was read as number %d of the log, and is not there any more", m.Message.ID, at)
					}
				}
			}
			for _, m := range f.Messages {
				if err := book.Deliver(m.Message.ID.String(), m.Message.Text, m.Again); err != nil {
					return err
				}
			}
			if missing := book.Missing(); len(missing) > 0 {
				return fmt.Errorf("%d messages that a dispatcher answered for never arrived, the first is %s", len(missing), missing[0])
			}
		}
	}
	return nil
}
