package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// fatesOf runs a plan and lists the messages that a calm network would have
// treated differently.
//
// Under policy Random that is every message, compared with a network without any
// delay: each delivery takes a nanosecond there, and what is due goes first, so
// that everything happens at a time of its own and a plan of policy Timed can
// repeat it. That is not quite the run of the plan; whoever uses the list has to
// see whether it still fails.
func fatesOf(s Scenario, p Plan) []Deviation {
	w := newWorld(s, p)
	w.fates = &fateRecorder{}
	if w.random {
		w.fates.flights = map[uint64]flight{}
	}
	w.result()
	return append(w.fates.list, w.fates.flying()...)
}

// never is the delay of a message that had not arrived at the end of the run.
const never = 24 * time.Hour

// A fateRecorder lists the deviations of a run.
type fateRecorder struct {
	list    []Deviation
	flights map[uint64]flight // by key of the copy; nil: the delay is known when a message is sent
}

// A flight is a message on its way under policy Random.
type flight struct {
	Deviation
	sent int64
}

// flying lists what had not arrived at the end of the run.
func (r *fateRecorder) flying() (list []Deviation) {
	for _, f := range r.flights {
		f.Late = never
		list = append(list, f.Deviation)
	}
	slices.SortFunc(list, func(a, b Deviation) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), strings.Compare(a.verb(), b.verb()))
	})
	return list
}

// record takes down the fate of a message that is sent. One that is both late and
// doubled has two deviations.
func (r *fateRecorder) record(w *world, f fate, to *endpoint, msg any, key uint64) {
	d := Deviation{Key: key, Name: fmt.Sprintf("%s to %s: %s", w.step.ep.name(), to.name(), msgName(msg))}
	if op := w.step.op; op != nil && op.N > 0 {
		d.Name = fmt.Sprintf("%s#%d, %s", op.Client, op.N, d.Name)
	}
	second := d
	second.Copy = true
	switch {
	case f.drop || f.corrupt:
		d.Drop = true
		r.list = append(r.list, d)
	case r.flights != nil:
		r.flights[key] = flight{d, w.now}
		if f.copied {
			r.flights[copyKey(key)] = flight{second, w.now}
		}
	default:
		if d.Late = f.delay - w.net.DelayMin; d.Late > 0 {
			r.list = append(r.list, d)
		}
		if f.copied {
			second.Late = f.copyDelay - w.net.DelayMin
			r.list = append(r.list, second)
		}
	}
}

// land takes down when a message arrives that policy Random has chosen.
func (w *world) land(ev *event) {
	if w.fates == nil || w.fates.flights == nil {
		return
	}
	w.now++
	f := w.fates.flights[ev.key]
	delete(w.fates.flights, ev.key)
	f.Late = time.Duration(w.now - f.sent)
	w.fates.list = append(w.fates.list, f.Deviation)
}

// timeIsDue keeps, while fates are recorded, what has a time ahead of a message
// that would arrive at or after it.
func (w *world) timeIsDue() bool { return w.fates != nil && w.times.peek() <= w.now+1 }
