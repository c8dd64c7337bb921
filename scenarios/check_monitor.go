package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/sim"
)

// checkMonitor holds the monitor to raising an alarm for each copy that is overdue,
// or for the silence of the server that owes it, within a bounded time; to raising no
// other alarm; and to clearing each once it is over.
func checkMonitor(o *sim.Observation) error {
	w := watch{opts: photoMonitor(o.Knobs), due: map[tickets.Alarm][]dueSpan{}, falls: map[string]int{}, polled: map[askedID]int64{}, alarms: map[tickets.Alarm][]dueSpan{}}
	for i := range o.Notes {
		if err := w.take(&o.Notes[i]); err != nil {
			return err
		}
	}
	if len(o.Notes) == 0 {
		return nil
	}
	return w.judge(o.Notes[len(o.Notes)-1].At)
}

// A watch follows what is due and what the monitor says of it.
type watch struct {
	opts   tickets.MonitorOptions
	due    map[tickets.Alarm][]dueSpan
	order  []tickets.Alarm   // of due, as they came up
	falls  map[string]int    // of a source, so far
	polled map[askedID]int64 // place in the order of events
	alarms map[tickets.Alarm][]dueSpan
}

// A dueSpan is a time in which something holds. Seq is its place in the order of events;
// until is 0 while it lasts.
type dueSpan struct {
	from, until time.Duration
	first, last int64
	cleared     bool
	falls       int // of the source before it
}

type askedID struct {
	source string
	n      uint64
}

func (w *watch) take(n *sim.Note) error {
	source := n.Host + "/" + tickets.PhotoActor
	switch f := n.Fact.(type) {
	case tickets.PhotoDue:
		a := tickets.Alarm{Source: source, Item: tickets.CopyItem(f.ID, f.Peer)}
		if w.due[a] == nil {
			w.order = append(w.order, a)
		}
		w.due[a] = append(w.due[a], dueSpan{from: n.At, first: n.Seq, falls: w.falls[source]})
	case tickets.PhotoDone:
		a := tickets.Alarm{Source: source, Item: tickets.CopyItem(f.ID, f.Peer)}
		end(w.due[a], n)
	case sim.Down:
		w.falls[source]++
		for _, a := range w.order {
			if a.Source == source {
				end(w.due[a], n)
			}
		}
	case tickets.Polled:
		w.polled[askedID{f.Source, f.N}] = n.Seq
	case tickets.AlarmRaised:
		w.alarms[f.Alarm] = append(w.alarms[f.Alarm], dueSpan{from: n.At, first: n.Seq})
		if f.Alarm.Item != "" {
			return w.raised(n, f)
		}
	case tickets.AlarmCleared:
		end(w.alarms[f.Alarm], n)
	}
	return nil
}

// end ends the last of the spans, if it lasts.
func end(spans []dueSpan, n *sim.Note) {
	if i := len(spans) - 1; i >= 0 && !spans[i].cleared {
		s := &spans[i]
		s.until, s.last, s.cleared = n.At, n.Seq, true
	}
}

// raised judges an alarm about an item: at some time since the question that it rests
// on the item was pending, and it had been for long enough, by clocks that may differ
// by 8 %. A server that went down may have lost the record that something was done,
// so what it owed before counts too.
func (w *watch) raised(n *sim.Note, f tickets.AlarmRaised) error {
	asked := w.polled[askedID{f.Alarm.Source, f.N}]
	spans := w.due[f.Alarm]
	i := len(spans) - 1
	if i < 0 || spans[i].cleared && spans[i].last < asked {
		return fmt.Errorf("the monitor raised an alarm about %s of %s, which was not pending", f.Alarm.Item, f.Alarm.Source)
	}
	for i > 0 && (spans[i-1].falls < spans[i].falls || spans[i].first > asked) {
		i--
	}
	if age := n.At - spans[i].from; age < w.opts.Due*9/10 {
		return fmt.Errorf("the monitor raised an alarm about %s of %s after %v", f.Alarm.Item, f.Alarm.Source, age)
	}
	return nil
}

// grace is how long the monitor may take: two questions, and the messages, by a clock
// that may be slow.
func (w *watch) grace() time.Duration { return 2*w.opts.Every + w.opts.Silent + time.Second }

// judge looks for what the monitor has missed.
func (w *watch) judge(ended time.Duration) error {
	for _, a := range w.order {
		for _, s := range w.due[a] {
			latest := s.from + w.opts.Due*11/10 + w.grace()
			if until := s.until; latest >= ended || s.cleared && latest >= until {
				continue
			}
			if !overlaps(w.alarms[a], s.from, latest) && !overlaps(w.alarms[tickets.Alarm{Source: a.Source}], s.from, latest) {
				return fmt.Errorf("%s of %s was due from %v on, and there was no alarm by %v", a.Item, a.Source, s.from, latest)
			}
		}
	}
	var stale []string
	settled := ended - w.grace()
	for a, spans := range w.alarms {
		// One that was just raised may be about a message that is still late.
		if i := len(spans) - 1; !spans[i].cleared && spans[i].from < settled {
			stale = append(stale, strings.TrimSpace(a.Source+" "+a.Item))
		}
	}
	if len(stale) > 0 {
		slices.Sort(stale)
		return fmt.Errorf("all has been done, and an alarm about %s is still on", stale[0])
	}
	return nil
}

func overlaps(spans []dueSpan, from, until time.Duration) bool {
	return slices.ContainsFunc(spans, func(s dueSpan) bool { return s.from <= until && (!s.cleared || s.until >= from) })
}
