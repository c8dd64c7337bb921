package harness

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/sim"
)

// merge makes one story of the files: the events of all hosts by their times on the
// clock that they share, with the causes that a simulated run would give them. Without
// run, which has what was judged, the facts of the hosts are what is judged.
func (rec *Recording) merge(run *recorded, hosts []*recorded) {
	base := time.Duration(0)
	if run != nil {
		base = run.header.Base
	} else {
		base = slices.MinFunc(hosts, func(a, b *recorded) int { return cmp.Compare(a.header.Base, b.header.Base) }).header.Base
	}
	downs := downFacts(run)
	told := map[string]int{} // facts that a host has recorded, how often
	for i, f := range hosts {
		again := i > 0 && hosts[i-1].header.Host == f.header.Host
		life := life{f.header.Host, f.events[0].Key}
		for _, e := range f.events {
			e.At += f.header.Base - base
			switch {
			case e.Kind == trace.Start && e.Path == "":
				if e.Text = fmt.Sprintf("boot %d", life.boot); again {
					e.Kind = trace.Restart
				}
			case e.Kind == trace.Note:
				told[factKey(e)]++
			case e.Kind == trace.Crash && run != nil:
				// The harness says when a host was killed; if it was not, this is the end of the
				// run.
				continue
			case e.Kind == trace.Stop:
				delete(downs, life)
			}
			rec.Events = append(rec.Events, e)
		}
	}
	if run == nil {
		rec.judgeHosts()
	} else {
		rec.addMissing(run, told, downs)
	}
	rec.Events = connect(rec.Events)
	for i := range rec.Events {
		describe(&rec.Events[i])
	}
}

// A life is one boot of a host.
type life struct {
	host string
	boot uint64
}

// downFacts returns the lives that the harness saw end.
func downFacts(run *recorded) map[life]bool {
	downs := map[life]bool{}
	if run == nil {
		return downs
	}
	for _, e := range run.events {
		if fact, err := wire.DecodeFact([]byte(e.Data)); err == nil && e.Kind == trace.Note {
			if down, ok := fact.(sim.Down); ok {
				downs[life{e.Host, down.Boot}] = true
			}
		}
	}
	return downs
}

// factKey is equal for a fact in the file of its host and in that of the run.
func factKey(e trace.Event) string { return e.Path + "\x00" + e.Msg + "\x00" + e.Data }

// addMissing adds what the harness knows and no host has recorded: that one was killed,
// the last facts of those, faults, and the failure.
func (rec *Recording) addMissing(run *recorded, told map[string]int, downs map[life]bool) {
	failed := slices.ContainsFunc(rec.Events, func(e trace.Event) bool { return e.Kind == trace.Fail })
	for _, e := range run.events {
		switch e.Kind {
		case trace.Note:
			switch fact, _ := wire.DecodeFact([]byte(e.Data)); f := fact.(type) {
			case sim.Down:
				if !downs[life{e.Host, f.Boot}] {
					continue
				}
				e = trace.Event{At: e.At, Kind: trace.Crash, Host: e.Host}
			case sim.FaultBegan:
				e = trace.Event{At: e.At, Kind: trace.Fault, Text: f.Text}
			default:
				if told[factKey(e)] > 0 {
					told[factKey(e)]--
					continue
				}
			}
		case trace.Fail:
			if failed {
				continue
			}
		case trace.Log:
			continue
		}
		rec.Events = append(rec.Events, e)
	}
}

// judgeHosts takes the facts of the hosts for those of the run, in the order of their
// times; of two at one time a call comes first, so that operations overlap.
func (rec *Recording) judgeHosts() {
	var facts []trace.Event
	for _, e := range rec.Events {
		if e.Kind == trace.Note {
			facts = append(facts, e)
		}
	}
	slices.SortStableFunc(facts, func(a, b trace.Event) int { return cmp.Compare(a.At, b.At) })
	for _, e := range rec.Events {
		if e.Kind == trace.Fail && rec.failure == nil {
			rec.failure = &failing{sim.Violation, stopNamed(e.Msg), e.Text}
		}
	}
	for _, e := range facts {
		if !counted(e) {
			rec.note(e, e.At)
		}
	}
}

// stopNamed is stopOf for what a host has recorded: the text of the cause.
func stopNamed(cause string) string {
	for _, c := range stops {
		if c.cause.Error() == cause {
			return c.check
		}
	}
	return "program"
}

// counted reports that a fact is for the run, and not for its checks.
func counted(e trace.Event) bool {
	return e.Msg == fmt.Sprintf("%T", actors.Sometimes("")) || e.Msg == fmt.Sprintf("%T", actors.Point(""))
}

// connect gives each message a key of its own, numbers the events, and finds what
// brought each about.
func connect(events []trace.Event) []trace.Event {
	byTime := func(a, b trace.Event) int { return cmp.Compare(a.At, b.At) }
	slices.SortStableFunc(events, byTime)
	events = append(events, match(events)...)
	slices.SortStableFunc(events, byTime)
	step := map[string]int64{}   // by path, the step that goes on
	causes := map[uint64]int64{} // by key of a message
	for i := range events {
		e := &events[i]
		e.Seq = int64(i) + 1
		switch e.Kind {
		case trace.Send:
			e.Cause = step[e.Path]
			causes[e.Key] = e.Cause
		case trace.Deliver, trace.Drop:
			e.Cause = causes[e.Key]
		case trace.Start, trace.Timer:
		default:
			e.Cause = step[e.Path]
		}
		if e.Kind.Step() && e.Path != "" {
			step[e.Path] = e.Seq
		}
	}
	return events
}

// lostAfter is how long after a message was sent its receiver must still have been
// recorded for it to count as lost.
const lostAfter = time.Second

// match finds the sending of each delivery. A message that was sent several times with
// one content came, at each delivery, from the last sending that none had come from
// yet; if there is none, it was doubled on its way. It returns the losses: what came
// from no sending although the receiver was recorded for long enough after it.
func match(events []trace.Event) (lost []trace.Event) {
	open := map[uint64][]int{}     // by content, sendings that nothing has come from
	arrived := map[uint64]uint64{} // by content, the key of the last one that something came from
	last := map[string]time.Duration{}
	for i := range events {
		e := &events[i]
		last[e.Host] = e.At
		switch content := e.Key; {
		case e.Kind == trace.Send:
			e.Key = wire.Hash(fmt.Append(nil, i))
			if content != 0 {
				open[content] = append(open[content], i)
			}
		case e.Kind == trace.Deliver && content != 0:
			if from := open[content]; len(from) > 0 {
				arrived[content], open[content] = events[from[len(from)-1]].Key, from[:len(from)-1]
			}
			e.Key = arrived[content]
		}
	}
	for _, from := range open {
		for _, i := range from {
			e := events[i]
			host, _, _ := strings.Cut(e.Peer, "/")
			if host != e.Host && last[host] > e.At+lostAfter {
				lost = append(lost, trace.Event{At: e.At, Kind: trace.Drop, Host: host, Path: e.Peer, Peer: e.Path, Msg: e.Msg, Key: e.Key, Text: "never came"})
			}
		}
	}
	slices.SortFunc(lost, func(a, b trace.Event) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Key, b.Key)) })
	return lost
}

// describe puts into words what was recorded as it is, in those of a simulated run.
func describe(e *trace.Event) {
	switch e.Kind {
	case trace.Note:
		fact, err := wire.DecodeFact([]byte(e.Data))
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
		if !ok || e.Data == "" {
			return
		}
		if msg, err := wire.Decode(mt, []byte(e.Data)); err == nil {
			if e.Text = strings.TrimPrefix(fmt.Sprintf("%+v", msg), "&"); len(e.Text) > width {
				e.Text = e.Text[:width] + "..."
			}
		}
	}
}
