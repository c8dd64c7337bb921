package scenarios

import (
	"fmt"
	"slices"
	"time"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// pageLimit is within which a page is answered, by the clock of its web server.
const pageLimit = 200 * time.Millisecond

// checkPages holds the web servers to answering at once, everybody to the limits of how
// much they do at a time, and browsers to polling a bounded number of times, with
// pauses.
func checkPages(o *sim.Observation) error {
	var held []holdup
	working := map[string]map[string]bool{} // the jobs that a worker carries out
	parallel := map[string]int{}
	calls := map[string]map[string]bool{} // the callbacks that a web server works on
	watches := map[pollID]*watched{}
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case sim.FaultBegan:
			held = appendHoldup(held, n, f)
		case tickets.PageAnswered:
			if f.Took > pageLimit && !wasHeld(held, n.Host, n.At-time.Duration(skewed*float64(f.Took)), n.At) {
				return fmt.Errorf("%s at %v: a page was answered %v after %v, later than %v", n.Host, n.At, f.Status, f.Took, pageLimit)
			}
		case tickets.WorkerBegan:
			working[n.Host], parallel[n.Host] = map[string]bool{}, f.Parallel
		case tickets.WorkBegan:
			working[n.Host][f.Job] = true
			if have := len(working[n.Host]); have > parallel[n.Host] {
				return fmt.Errorf("%s at %v: works on %d jobs at a time, more than %d", n.Host, n.At, have, parallel[n.Host])
			}
		case tickets.WorkEnded:
			delete(working[n.Host], f.Job)
		case tickets.CallbackBegan:
			key := fmt.Sprint(n.Host, f.Boot)
			if calls[key] == nil {
				calls[key] = map[string]bool{}
			}
			calls[key][f.Job] = true
			if have := len(calls[key]); have > f.Limit {
				return fmt.Errorf("%s at %v: works on %d callbacks at a time, more than %d", n.Host, n.At, have, f.Limit)
			}
		case tickets.CallbackEnded:
			delete(calls[fmt.Sprint(n.Host, f.Boot)], f.Job)
		case tickets.PollSent:
			id := pollID{n.Host, f.Boot, f.Watch}
			if watches[id] == nil {
				watches[id] = &watched{}
			}
			if err := watches[id].polled(n.At, f); err != nil {
				return fmt.Errorf("%s at %v: %w", n.Host, n.At, err)
			}
		}
	}
	return nil
}

// watched is how often and when a watch has polled.
type watched struct {
	polls int
	last  time.Duration
}

func (w *watched) polled(at time.Duration, f tickets.PollSent) error {
	w.polls++
	if w.polls > f.Most {
		return fmt.Errorf("watch %d polls for the %d. time, more than %d", f.Watch, w.polls, f.Most)
	}
	if gap := at - w.last; w.polls > 1 && gap < time.Duration(float64(f.Gap)/skewed) {
		return fmt.Errorf("watch %d polls %v after its last poll, sooner than %v", f.Watch, gap, f.Gap)
	}
	w.last = at
	return nil
}

// A holdup is a time in which a host did not run, or ran slowly, through no fault of
// its own.
type holdup struct {
	hosts    []string
	from, to time.Duration
}

func appendHoldup(held []holdup, n sim.Note, f sim.FaultBegan) []holdup {
	fault, err := faults.ParseFault(f.Text)
	if err != nil || fault.Kind != faults.Pause && fault.Kind != faults.Slow {
		return held
	}
	h := holdup{hosts: fault.Hosts, from: n.At, to: n.At + fault.For}
	if fault.For == 0 {
		h.to = 1<<63 - 1
	}
	return append(held, h)
}

func wasHeld(held []holdup, host string, from, to time.Duration) bool {
	return slices.ContainsFunc(held, func(h holdup) bool {
		return h.from <= to && from <= h.to && (slices.Contains(h.hosts, host) || slices.Contains(h.hosts, faults.All))
	})
}
