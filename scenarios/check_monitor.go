package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// checkMonitor holds the monitor to raising an alarm for each copy and each ticket that
// is overdue, or for the silence of the server that owes it, within a bounded time; to
// raising no other alarm; and to clearing each once it is over.
func checkMonitor(o *sim.Observation) error {
	w := watch{opts: monitorOptions(o.Knobs), due: map[tickets.Alarm][]dueSpan{}, falls: map[string]int{}, polled: map[askedID]int64{}, heard: map[string][]talk{}, alarms: map[tickets.Alarm][]dueSpan{}, made: map[string][]proposal{}}
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

func monitorOptions(k sim.Knobs) tickets.MonitorOptions {
	return tickets.MonitorOptions{Every: 500 * time.Millisecond, Due: k.Duration("due", 3*time.Second), Silent: 2 * time.Second}
}

// awaitNoAlarm waits until no alarm is on. If that never comes, the run ends at its
// settle limit.
func awaitNoAlarm(env actors.Env) {
	for {
		reply, err := env.Request(env.PID(tickets.MonitorHost+"/"+tickets.MonitorActor), tickets.AskAlarms{}, askAgain)
		if alarms, ok := reply.(tickets.Alarms); err == nil && ok && len(alarms.On) == 0 {
			return
		}
		env.Clock.Sleep(askAgain)
	}
}

// A watch follows what is due and what the monitor says of it.
type watch struct {
	opts   tickets.MonitorOptions
	due    map[tickets.Alarm][]dueSpan
	order  []tickets.Alarm   // of due, as they came up
	falls  map[string]int    // of a source, so far
	polled map[askedID]int64 // place in the order of events
	heard  map[string][]talk
	alarms map[tickets.Alarm][]dueSpan
	made   map[string][]proposal // of tickets, by key
}

// A proposal to make a ticket has its group time and the true one.
type proposal struct{ group, at time.Duration }

// A dueSpan is a time in which something holds. Seq is its place in the order of events;
// until is 0 while it lasts. The age of what is due counts from born, which may be before
// anybody can be told of it.
type dueSpan struct {
	from, until time.Duration
	born        time.Duration
	first, last int64
	cleared     bool
	falls       int // of the source before it
}

type askedID struct {
	source string
	n      uint64
}

// A talk is a question and its answer, by their places in the order of events.
type talk struct{ asked, heard int64 }

func (w *watch) take(n *sim.Note) error {
	source := n.Host + "/" + tickets.PhotoActor
	switch f := n.Fact.(type) {
	case tickets.PhotoDue:
		a := tickets.Alarm{Source: source, Item: tickets.CopyItem(f.ID, f.Peer)}
		w.begin(a, n, source, n.At)
	case tickets.PhotoDone:
		a := tickets.Alarm{Source: source, Item: tickets.CopyItem(f.ID, f.Peer)}
		end(w.due[a], n)
	case tickets.Proposed:
		w.made[f.Key] = append(w.made[f.Key], proposal{f.At, n.At})
	case tickets.Changed:
		// All members tell of it, and what counts is that the first has applied it.
		a := tickets.Alarm{Source: tickets.TrackerActor, Item: f.Ticket.String()}
		switch {
		case f.To != models.TicketInProgress:
			end(w.due[a], n)
		case w.due[a] == nil:
			w.begin(a, n, tickets.TrackerActor, w.born(n, f))
		}
	case sim.Down:
		w.falls[source]++
		for _, a := range w.order {
			if a.Source == source {
				end(w.due[a], n)
			}
		}
	case tickets.Polled:
		w.polled[askedID{f.Source, f.N}] = n.Seq
	case tickets.Heard:
		w.heard[f.Source] = append(w.heard[f.Source], talk{w.polled[askedID{f.Source, f.N}], n.Seq})
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

// born is when a ticket was proposed that is committed now.
func (w *watch) born(n *sim.Note, f tickets.Changed) time.Duration {
	born := n.At
	for _, p := range w.made[f.Key] {
		if p.group <= f.Now {
			born = p.at
		}
	}
	return born
}

// begin begins a span of what is due, born then.
func (w *watch) begin(a tickets.Alarm, n *sim.Note, source string, born time.Duration) {
	if w.due[a] == nil {
		w.order = append(w.order, a)
	}
	w.due[a] = append(w.due[a], dueSpan{from: n.At, born: born, first: n.Seq, falls: w.falls[source]})
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
// so what it owed before counts too; and what it finds on its disk then may be, for all
// that the monitor can know, what it owed when it was last heard.
func (w *watch) raised(n *sim.Note, f tickets.AlarmRaised) error {
	asked := w.polled[askedID{f.Alarm.Source, f.N}]
	spans := w.due[f.Alarm]
	i := len(spans) - 1
	if i < 0 || spans[i].cleared && spans[i].last < asked {
		return fmt.Errorf("the monitor raised an alarm about %s of %s, which was not pending", f.Alarm.Item, f.Alarm.Source)
	}
	for found := false; i > 0; i-- {
		fell := spans[i-1].falls < spans[i].falls
		found = found || fell
		if !fell && spans[i].first <= asked && (!found || w.heardBetween(f.Alarm.Source, spans[i-1], spans[i])) {
			break
		}
	}
	if age := n.At - spans[i].born; age < w.opts.Due*9/10 {
		return fmt.Errorf("the monitor raised an alarm about %s of %s after %v", f.Alarm.Item, f.Alarm.Source, age)
	}
	return nil
}

// heardBetween reports whether the monitor could know that nothing was pending between
// two spans: it asked and was answered there.
func (w *watch) heardBetween(source string, before, after dueSpan) bool {
	return slices.ContainsFunc(w.heard[source], func(t talk) bool { return t.asked > before.last && t.heard < after.first })
}

// grace is how long the monitor may take: two questions, and the messages, by a clock
// that may be slow.
func (w *watch) grace() time.Duration { return 2*w.opts.Every + w.opts.Silent + time.Second }

// latest is when there must be an alarm about what is due since then. The age of a
// ticket does not grow while nobody leads the tracker, so it counts from when the
// monitor first heard of it.
func (w *watch) latest(a tickets.Alarm, from time.Duration) time.Duration {
	latest := from + w.opts.Due*11/10 + w.grace()
	if a.Source == tickets.TrackerActor {
		latest += w.opts.Every + w.opts.Silent
	}
	return latest
}

// judge looks for what the monitor has missed.
func (w *watch) judge(ended time.Duration) error {
	for _, a := range w.order {
		for _, s := range w.due[a] {
			latest := w.latest(a, s.from)
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
