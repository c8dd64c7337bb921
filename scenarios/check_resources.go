package scenarios

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// parkedBound is how many messages for a configuration to come a daemon keeps.
const parkedBound = 256

// checkResources holds everybody to their bounds: a client to as many operations as
// it may have outstanding, which it refuses more of only then; and daemons to queues
// that no more than the clients' open operations fill, and that empty when nothing
// happens.
func checkResources(o *sim.Observation) error {
	lives := clientLives(o)
	longest, err := checkWindows(lives, o.Knobs)
	if err != nil {
		return err
	}
	resting := restless(o)
	for i := range o.Notes {
		n := &o.Notes[i]
		switch f := n.Fact.(type) {
		case store.Drained:
			if f.Bytes != 0 {
				return fmt.Errorf("%s has nothing outstanding and %d bytes of its budget in use", n.Host, f.Bytes)
			}
		case store.Leased:
			err = checkQueues(n, &f.Queues, longest, len(lives) > 0, n.At >= resting+stillness)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkWindows is about the clients. It returns the most operations that one of them
// had between the lowest open one and the last.
func checkWindows(lives []*clientLife, k sim.Knobs) (longest int, err error) {
	bound := k.Int("outstanding", 0)
	if bound <= 0 {
		bound = store.DefaultOutstanding
	}
	for _, l := range lives {
		for i := range l.requests {
			r := &l.requests[i]
			longest = max(longest, r.span)
			throttled := r.refused == models.Throttled
			switch {
			case throttled && r.open < bound:
				return 0, fmt.Errorf("%v was refused for want of room with %d operations outstanding, and there is room for %d", r.op, r.open, bound)
			case !throttled && r.open >= bound && (r.returns > 0 || r.reply != nil):
				return 0, fmt.Errorf("%v was sent off with %d operations outstanding, and there is room for %d", r.op, r.open, bound)
			}
		}
	}
	return longest, nil
}

// checkQueues is about what a daemon keeps for later. Without a record of the
// clients it is not known how much they could fill.
func checkQueues(n *sim.Note, q *store.Queues, longest int, recorded, resting bool) error {
	switch {
	case q.Parked > parkedBound:
		return fmt.Errorf("%s keeps %d messages for a later configuration, more than %d", n.Host, q.Parked, parkedBound)
	case recorded && q.Results > longest:
		return fmt.Errorf("%s remembers %d operations of one client as done, which never had more than %d in doubt", n.Host, q.Results, longest)
	case recorded && q.Failed > longest:
		return fmt.Errorf("%s keeps %d answers for one client, which never had more than %d operations in doubt", n.Host, q.Failed, longest)
	case resting && q.Parked+q.Unsynced+q.Blocked > 0:
		return fmt.Errorf("%s keeps %d messages, %d entries of its log and %d answers though nothing has happened for %v", n.Host, q.Parked, q.Unsynced, q.Blocked, stillness)
	}
	return nil
}

// restless is when something last happened that can fill a queue.
func restless(o *sim.Observation) time.Duration {
	for i := len(o.Notes) - 1; i >= 0; i-- {
		switch o.Notes[i].Fact.(type) {
		case store.Leased, store.Served, store.Replied, store.Drained:
		default:
			return o.Notes[i].At
		}
	}
	return 0
}
