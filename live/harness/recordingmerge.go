package harness

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/sim"
)

// Events are those of all hosts, by their times on the clock that they share, with the
// causes that a simulated run would give them: a step has the Cause that sent its
// message. The files are read again for each call, and little more than what is open is
// in memory: messages that have not come, and the latest that have. An error ends the
// events.
func (rec *Recording) Events() iter.Seq2[trace.Event, error] {
	return func(yield func(trace.Event, error) bool) {
		lost, err := rec.losses()
		if err != nil {
			yield(trace.Event{}, err)
			return
		}
		c := newConnector(rec.hosts)
		c.lost = lost
		for e, err := range rec.merged() {
			if err != nil {
				yield(trace.Event{}, err)
				return
			}
			drop, isLost := c.connect(&e)
			describe(&e)
			if !yield(e, nil) || isLost && !yield(drop, nil) {
				return
			}
		}
	}
}

// losses are the messages that never came, as the numbers of the events in which they
// were sent. That is known at the end only, so it takes a reading of its own.
func (rec *Recording) losses() ([]int64, error) {
	c := newConnector(rec.hosts)
	for e, err := range rec.merged() {
		if err != nil {
			return nil, err
		}
		c.connect(&e)
	}
	return c.end(), nil
}

// merged are the events of all hosts, and what the harness knows beyond them, by time.
func (rec *Recording) merged() iter.Seq2[trace.Event, error] {
	return func(yield func(trace.Event, error) bool) {
		streams := rec.streams()
		defer func() {
			for _, s := range streams {
				s.from.close()
			}
		}()
		for {
			var next *stream
			for _, s := range streams {
				if err := s.fill(rec); err != nil {
					yield(trace.Event{}, err)
					return
				}
				if s.full && (next == nil || s.head.At < next.head.At) {
					next = s
				}
			}
			if next == nil {
				return
			}
			next.full = false
			next.head.At -= rec.base
			if !yield(next.head, nil) {
				return
			}
		}
	}
}

// A stream is one of those that are merged, with its next event.
type stream struct {
	from  source
	head  trace.Event
	full  bool // head is there
	over  bool
	lived bool // a life of its host has begun
}

// A source has the events of one host, or what only the harness knows.
type source interface {
	next() (*recorded, trace.Event, error)
	close()
}

// streams has one for each host, and one for what the harness knows.
func (rec *Recording) streams() (all []*stream) {
	for from := 0; from < len(rec.files); {
		to := from
		for to < len(rec.files) && rec.files[to].header.Host == rec.files[from].header.Host {
			to++
		}
		all = append(all, &stream{from: &hostStream{files: rec.files[from:to]}})
		from = to
	}
	return append(all, &stream{from: &known{rec.known}})
}

// known are events in memory, in the order of time.
type known struct{ events []trace.Event }

func (k *known) next() (*recorded, trace.Event, error) {
	if len(k.events) == 0 {
		return nil, trace.Event{}, io.EOF
	}
	e := k.events[0]
	k.events = k.events[1:]
	return nil, e, nil
}

func (k *known) close() {}

// fill takes the next event that is one of the story.
func (s *stream) fill(rec *Recording) error {
	for !s.full && !s.over {
		f, e, err := s.from.next()
		if s.over = err == io.EOF; s.over {
			return nil
		}
		if err != nil {
			return err
		}
		s.head, s.full = e, f == nil || s.tell(rec, f, &e)
		s.head = e
	}
	return nil
}

// tell puts an event of a host into the words of a run. It reports false for one that
// is no part of the story.
func (s *stream) tell(rec *Recording, f *recorded, e *trace.Event) bool {
	switch {
	case e.Seq == f.first.Seq && !f.begins():
		return false // it goes on in a new file
	case e.Kind == trace.Start && e.Path == "":
		if e.Text = fmt.Sprintf("boot %d", e.Key); s.lived {
			e.Kind = trace.Restart
		}
		s.lived = true
	case e.Kind == trace.Crash:
		// The harness says when a host was killed; if it was not, this is the end of the
		// run.
		return !rec.ended
	}
	return true
}

// A sending is a message that was sent.
type sending struct {
	n       int64 // the number of the event
	at      time.Duration
	key     uint64 // of this message and no other
	content uint64
	cause   int64
	path    string // who sent it
	host    string // to whom
}

// A connector gives each message a key of its own, numbers the events, and finds what
// brought each about. Events come by their times.
//
// A message that was sent several times with one content came, at each delivery, from
// the last sending that none had come from yet; if there is none, it was doubled on
// its way. What came from no sending although its receiver was recorded for long enough
// after it is lost.
type connector struct {
	recorded map[string]bool  // hosts
	n        int64            // events so far
	seq      int64            // and losses
	steps    map[string]int64 // by path, the step that goes on
	open     sendings
	arrived  arrivals
	seen     map[string]time.Duration // the last event of a host
	lost     []int64                  // that are known: numbers of events, sorted
	missed   []int64                  // that were given up
}

func newConnector(recorded map[string]bool) *connector {
	return &connector{recorded: recorded, steps: map[string]int64{}, open: newSendings(), seen: map[string]time.Duration{}}
}

// connect does it for the next event. If its message is known to be lost it returns
// the loss too.
func (c *connector) connect(e *trace.Event) (drop trace.Event, lost bool) {
	c.n++
	c.seq++
	e.Seq = c.seq
	c.seen[e.Host] = e.At
	switch e.Kind {
	case trace.Send:
		drop, lost = c.send(e)
	case trace.Deliver:
		if e.Key != 0 {
			c.deliver(e)
		}
	case trace.Start, trace.Timer:
	default:
		e.Cause = c.steps[e.Path]
	}
	if e.Kind.Step() && e.Path != "" {
		c.steps[e.Path] = e.Seq
	}
	return drop, lost
}

func (c *connector) send(e *trace.Event) (drop trace.Event, lost bool) {
	host, _, _ := strings.Cut(e.Peer, "/")
	s := sending{n: c.n, at: e.At, key: wire.Hash(fmt.Append(nil, c.n)), content: e.Key, cause: c.steps[e.Path], path: e.Path, host: host}
	e.Key, e.Cause = s.key, s.cause
	if s.content != 0 && c.recorded[host] {
		if gone, full := c.open.add(s); full {
			c.miss(gone)
		}
	}
	if len(c.lost) == 0 || c.lost[0] != s.n {
		return drop, false
	}
	c.lost = c.lost[1:]
	c.seq++
	return trace.Event{
		Seq: c.seq, At: e.At, Kind: trace.Drop, Host: host, Path: e.Peer, Peer: e.Path, Msg: e.Msg, Key: s.key, Cause: s.cause, Text: "never came",
	}, true
}

func (c *connector) deliver(e *trace.Event) {
	content := e.Key
	m := c.arrived.get(content)
	if s, ok := c.open.take(content); ok {
		m = arrival{s.key, s.cause, s.path}
		c.arrived.add(content, m)
	}
	e.Key, e.Cause = m.key, m.cause
	if m.path != "" { // the sender of a reply has no address, and that of a request one of its own
		e.Peer = m.path
	}
}

// lostAfter is how long after a message was sent its receiver must still have been
// recorded for it to count as lost.
const lostAfter = time.Second

// miss takes down that a message is lost, if it is.
func (c *connector) miss(s sending) {
	if sender, _, _ := strings.Cut(s.path, "/"); s.host != sender && c.seen[s.host] > s.at+lostAfter {
		c.missed = append(c.missed, s.n)
	}
}

// end returns the numbers of the events whose messages are lost, sorted.
func (c *connector) end() []int64 {
	for s := range c.open.all() {
		c.miss(s)
	}
	slices.Sort(c.missed)
	return c.missed
}

// describe puts into words what was recorded as it is, in those of a simulated run.
// The content itself is not kept.
func describe(e *trace.Event) {
	data := e.Data
	e.Data = ""
	switch e.Kind {
	case trace.Note:
		fact, err := wire.DecodeFact([]byte(data))
		if err != nil || fact == nil {
			return
		}
		said := sim.NoteEvent(sim.Note{Host: e.Host, Path: e.Path, Fact: fact})
		e.Kind, e.Msg, e.Text = said.Kind, said.Msg, said.Text
		switch f := fact.(type) {
		case actors.Sometimes:
			e.Msg, e.Text = string(f), ""
		case actors.Point:
			e.Msg, e.Text = string(f), ""
		}
	case trace.Deliver:
		const width = 200
		mt, ok := actors.MessageNamed(e.Msg)
		if !ok || data == "" {
			return
		}
		if msg, err := wire.Decode(mt, []byte(data)); err == nil {
			if e.Text = strings.TrimPrefix(fmt.Sprintf("%+v", msg), "&"); len(e.Text) > width {
				e.Text = strings.Clone(e.Text[:width]) + "..."
			}
		}
	}
}
