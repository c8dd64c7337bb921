package tickets

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// Names of the monitor.
const (
	MonitorHost  = "monitor"
	MonitorActor = "monitor"
)

// AskPending asks for what an actor has promised and not done yet: copies that are
// due, tickets in progress. The answer goes to the path From; N numbers the questions.
type AskPending struct {
	From string
	N    uint64
}

// Pending answers AskPending, with the oldest items if there are many. Source is the
// path of the one who answers, or the name of a ticket tracker, all of whose members
// answer the same.
type Pending struct {
	Source string
	N      uint64
	Items  []PendingItem
}

// A PendingItem is one promise. Age is how old it is, as far as the source knows; one
// that is Inherited may be older: it was found on a disk, or on another host.
type PendingItem struct {
	ID        string
	Age       time.Duration
	Inherited bool
}

// pendingMost is how many items of a kind an answer has.
const pendingMost = 1000

// CopyItem names the copy of a photo that a host is to get.
func CopyItem(photo, host string) string { return photo + ">" + host }

// AskAlarms asks a monitor for its Alarms.
type AskAlarms struct{}

// Alarms are the alarms that are on, sorted.
type Alarms struct{ On []Alarm }

// An Alarm says that an item of a source is overdue or, without an item, that the
// source does not answer.
type Alarm struct{ Source, Item string }

func init() {
	actors.Message("tickets.ask-pending", AskPending{})
	actors.Message("tickets.pending", Pending{})
	actors.Message("tickets.ask-alarms", AskAlarms{})
	actors.Message("tickets.alarms", Alarms{})
}

// Facts of a monitor.
type (
	// Polled is the fact that a monitor asks a source what is pending.
	Polled struct {
		Source string
		N      uint64
	}
	// Heard is the fact that a monitor has the first answer to a question.
	Heard struct {
		Source string
		N      uint64
	}
	// AlarmRaised is the fact that an alarm goes on, because of the answer to question
	// N if it is about an item.
	AlarmRaised struct {
		Alarm Alarm
		N     uint64
	}
	// AlarmCleared is the fact that an alarm goes off.
	AlarmCleared struct{ Alarm Alarm }
)

// States of a monitor that a campaign should reach.
const (
	SawAlarm        actors.Sometimes = "tickets.alarm-raised"
	SawAlarmCleared actors.Sometimes = "tickets.alarm-cleared"
	SawSilence      actors.Sometimes = "tickets.alarm-of-silence"
)

// MonitorOptions are the parameters of a monitor; zero fields have the defaults given
// with them.
type MonitorOptions struct {
	// Sources are the paths of the actors that are asked.
	Sources []string
	// Trackers are the hosts of a ticket tracker. They are one source, TrackerActor: all
	// are asked, and the first answer counts.
	Trackers []string
	// Every is how often, 500 ms.
	Every time.Duration
	// Due is how old an item may get without an alarm, 30 s.
	Due time.Duration
	// Silent is how long a source may be silent without an alarm, 2 s. What is pending
	// there is not known then.
	Silent time.Duration
}

// A monitor asks whether what was promised for later does get done. It raises an
// alarm for each item that is overdue, and clears it when the item is no longer
// pending. An item is known to be overdue only from an answer of its source; for a
// source that does not answer there is one alarm of its own.
//
// It keeps nothing on a disk: after a restart it finds what is overdue again.
type monitor struct {
	env     actors.Env
	opts    MonitorOptions
	sources []*watched
	asked   uint64
}

// A watched source, and what is known of it.
type watched struct {
	name   string
	paths  []string      // of those who may answer
	n      uint64        // the question that it answered last
	heard  time.Duration // and when
	silent bool          // there is an alarm
	items  map[string]pendingItem
}

// A pendingItem of a source is pending since then; alarm says that this is too long.
type pendingItem struct {
	since time.Duration
	alarm bool
}

// askSources is the timer of a monitor.
type askSources struct{}

// NewMonitor returns the Producer of a monitor.
func NewMonitor(opts MonitorOptions) actors.Producer {
	orDefault(&opts.Every, 500*time.Millisecond)
	orDefault(&opts.Due, 30*time.Second)
	orDefault(&opts.Silent, 2*time.Second)
	return func(env actors.Env) actor.Actor {
		m := &monitor{env: env, opts: opts}
		for _, path := range opts.Sources {
			m.watch(path, path)
		}
		var trackers []string
		for _, host := range opts.Trackers {
			trackers = append(trackers, host+"/"+TrackerActor)
		}
		if len(trackers) > 0 {
			m.watch(TrackerActor, trackers...)
		}
		return m
	}
}

func (m *monitor) watch(name string, paths ...string) {
	m.sources = append(m.sources, &watched{name: name, paths: paths, items: map[string]pendingItem{}})
}

// Receive implements actor.Actor.
func (m *monitor) Receive(ctx actor.Context) {
	switch msg := ctx.Message().(type) {
	case *actor.Started:
		for _, w := range m.sources {
			w.heard = m.env.Clock.Now()
		}
		m.poll()
	case askSources:
		m.poll()
	case Pending:
		m.hear(msg)
	case AskAlarms:
		ctx.Respond(Alarms{On: m.alarms()})
	}
}

func (m *monitor) poll() {
	m.asked++
	for _, w := range m.sources {
		if !w.silent && m.env.Clock.Now()-w.heard >= m.opts.Silent {
			w.silent = true
			m.env.Note(SawSilence)
			m.env.Note(AlarmRaised{Alarm: Alarm{Source: w.name}})
		}
		m.env.Note(Polled{Source: w.name, N: m.asked})
		for _, path := range w.paths {
			m.env.Send(m.env.PID(path), AskPending{From: m.env.Host + "/" + MonitorActor, N: m.asked})
		}
	}
	m.env.Clock.After(m.opts.Every, askSources{})
}

// hear takes the first answer to the last question; others are too old to tell what
// is pending now.
func (m *monitor) hear(p Pending) {
	i := slices.IndexFunc(m.sources, func(w *watched) bool { return w.name == p.Source })
	if i < 0 || p.N != m.asked {
		return
	}
	w, now := m.sources[i], m.env.Clock.Now()
	if w.n == p.N {
		return
	}
	w.n, w.heard = p.N, now
	m.env.Note(Heard{Source: w.name, N: p.N})
	if w.silent {
		w.silent = false
		m.env.Note(AlarmCleared{Alarm: Alarm{Source: w.name}})
	}
	before := w.items
	w.items = make(map[string]pendingItem, len(p.Items))
	for _, it := range p.Items {
		at := pendingItem{since: now - it.Age}
		if old, ok := before[it.ID]; ok {
			at.alarm = old.alarm
			if it.Inherited {
				at.since = min(at.since, old.since)
			}
		}
		if !at.alarm && now-at.since >= m.opts.Due {
			at.alarm = true
			m.env.Note(SawAlarm)
			m.env.Note(AlarmRaised{Alarm: Alarm{Source: w.name, Item: it.ID}, N: p.N})
		}
		w.items[it.ID] = at
	}
	var done []string
	for id, it := range before {
		if _, pending := w.items[id]; it.alarm && !pending {
			done = append(done, id)
		}
	}
	slices.Sort(done)
	for _, id := range done {
		m.env.Note(SawAlarmCleared)
		m.env.Note(AlarmCleared{Alarm: Alarm{Source: w.name, Item: id}})
	}
}

func (m *monitor) alarms() []Alarm {
	var out []Alarm
	for _, w := range m.sources {
		if w.silent {
			out = append(out, Alarm{Source: w.name})
		}
		var ids []string
		for id, it := range w.items {
			if it.alarm {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		for _, id := range ids {
			out = append(out, Alarm{Source: w.name, Item: id})
		}
	}
	return out
}
