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
	told := map[string]int{} // facts that a host has recorded, how often
	ended := map[string]bool{}
	for i, f := range hosts {
		again := i > 0 && hosts[i-1].header.Host == f.header.Host
		boot := f.events[0].Key
		for _, e := range f.events {
			e.At += f.header.Base - base
			switch {
			case e.Kind == trace.Start && e.Path == "":
				if e.Text = fmt.Sprintf("boot %d", boot); again {
					e.Kind = trace.Restart
				}
			case e.Kind == trace.Note:
				told[factKey(e)]++
			case e.Kind.Down():
				ended[fmt.Sprintf("%s %d", f.header.Host, boot)] = true
			}
			rec.Events = append(rec.Events, e)
		}
	}
	if run == nil {
		rec.judgeHosts()
	} else {
		rec.addMissing(run, told, ended)
	}
	slices.SortStableFunc(rec.Events, func(a, b trace.Event) int { return cmp.Compare(a.At, b.At) })
	connect(rec.Events)
	for i := range rec.Events {
		describe(&rec.Events[i])
	}
}

// factKey is equal for a fact in the file of its host and in that of the run.
func factKey(e trace.Event) string { return e.Path + "\x00" + e.Msg + "\x00" + e.Data }

// addMissing adds what the harness knows and no host has recorded: the ends of
// processes that were killed, the last facts of those, faults, and the failure.
func (rec *Recording) addMissing(run *recorded, told map[string]int, ended map[string]bool) {
	failed := slices.ContainsFunc(rec.Events, func(e trace.Event) bool { return e.Kind == trace.Fail })
	for _, e := range run.events {
		switch e.Kind {
		case trace.Note:
			switch fact, _ := wire.DecodeFact([]byte(e.Data)); f := fact.(type) {
			case sim.Down:
				if ended[fmt.Sprintf("%s %d", e.Host, f.Boot)] {
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
	for _, e := range facts {
		if !counted(e) {
			rec.note(e, e.At)
		}
	}
}

// counted reports that a fact is for the run, and not for its checks.
func counted(e trace.Event) bool {
	return e.Msg == fmt.Sprintf("%T", actors.Sometimes("")) || e.Msg == fmt.Sprintf("%T", actors.Point(""))
}

// connect numbers the events and finds what brought each about. A message that was
// sent several times with one content came, at each delivery, from the last sending
// that none had come from yet; if there is none, it was doubled on its way.
func connect(events []trace.Event) {
	type sending struct {
		key   uint64
		cause int64
	}
	step := map[string]int64{}      // by path, the step that goes on
	open := map[uint64][]sending{}  // by content
	arrived := map[uint64]sending{} // by content, the last one
	number := func(i int) uint64 { return wire.Hash(fmt.Append(nil, i)) }
	for i := range events {
		e := &events[i]
		e.Seq = int64(i) + 1
		switch e.Kind {
		case trace.Send:
			s := sending{number(i), step[e.Path]}
			if e.Key != 0 {
				open[e.Key] = append(open[e.Key], s)
			}
			e.Key, e.Cause = s.key, s.cause
		case trace.Deliver:
			if from := open[e.Key]; len(from) > 0 {
				arrived[e.Key], open[e.Key] = from[len(from)-1], from[:len(from)-1]
			}
			s := arrived[e.Key]
			e.Key, e.Cause = s.key, s.cause
		case trace.Start, trace.Timer, trace.Restart:
		default:
			e.Cause = step[e.Path]
		}
		if e.Kind.Step() {
			step[e.Path] = e.Seq
		}
	}
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
