package sim

import (
	"fmt"
	"strings"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/linearizability"
)

// trace hands an event to the recorder of the run, if there is one. It changes
// nothing in the run.
func (w *world) trace(ev trace.Event) {
	if w.tracer == nil {
		return
	}
	w.traceSeq++
	ev.Seq, ev.At = w.traceSeq, time.Duration(w.now)
	if ev.Kind.Step() {
		w.step.began = w.traceSeq
		ev.Cause = w.causes[ev.Key]
	} else {
		ev.Cause = w.step.began
	}
	if ev.Kind == trace.Drop {
		ev.Cause = w.causes[ev.Key]
	}
	w.tracer(ev)
}

// traceHere is trace, for what happens in the running step if there is one.
func (w *world) traceHere(ev trace.Event) {
	if w.tracer == nil {
		return
	}
	if ep := w.step.ep; ep != nil {
		ev.Host, ev.Path = ep.host.def.Name, ep.name()
	}
	w.trace(ev)
}

// cause remembers the step that brought about what has the key.
func (w *world) cause(key uint64) {
	if w.tracer == nil {
		return
	}
	if w.causes == nil {
		w.causes = map[uint64]int64{}
	}
	w.causes[key] = w.step.began
}

func (w *world) traceSend(to *endpoint, msg any, key uint64) {
	w.cause(key)
	w.trace(trace.Event{Kind: trace.Send, Host: w.step.inc.host.def.Name, Path: w.step.ep.name(), Peer: to.name(), Msg: msgName(msg), Text: w.msgText(msg), Key: key})
}

// traceReply tells that the reply to a Request has arrived, from where its task
// goes on.
func (w *world) traceReply(ev *event, t *task) {
	e := trace.Event{Kind: trace.Deliver, Host: t.ep.host.def.Name, Path: t.ep.name(), Msg: msgName(ev.msg), Text: w.msgText(ev.msg), Key: ev.key}
	if ev.from != nil {
		e.Peer = ev.from.name()
	}
	w.trace(e)
	t.began = w.traceSeq
}

func (w *world) traceDuplicate(to *endpoint, msg any, key uint64) {
	w.cause(key)
	w.trace(trace.Event{Kind: trace.Duplicate, Host: to.host.def.Name, Path: to.name(), Peer: w.step.ep.name(), Msg: msgName(msg), Key: key})
}

func (w *world) traceDeliver(it *item) {
	ev := trace.Event{Kind: trace.Deliver, Host: w.step.inc.host.def.Name, Path: w.step.ep.name(), Msg: msgName(it.msg), Text: w.msgText(it.msg), Key: it.key}
	if it.tm != nil {
		ev.Kind = trace.Timer
	}
	if it.sender != nil {
		ev.Peer = it.sender.Address + "/" + it.sender.Id
	}
	w.trace(ev)
}

func (w *world) traceNote(n Note) {
	if w.tracer != nil {
		w.trace(NoteEvent(n))
	}
}

// NoteEvent returns the event that tells of a fact, without number and time. A live
// run is told with it too.
func NoteEvent(n Note) trace.Event {
	ev := trace.Event{Kind: trace.Note, Host: n.Host, Path: n.Path}
	switch f := n.Fact.(type) {
	case linearizability.Called:
		ev.Kind, ev.Msg, ev.Text = trace.Call, f.Op.String(), fmt.Sprint(f.Input)
	case linearizability.Returned:
		ev.Kind, ev.Msg, ev.Text = trace.Return, f.Op.String(), outcomeText(f.Outcome)
	default:
		ev.Msg, ev.Text = fmt.Sprintf("%T", f), fmt.Sprintf("%+v", f)
	}
	return ev
}

func outcomeText(o linearizability.Outcome) string {
	switch o.Certainty {
	case linearizability.Refused:
		return "refused"
	case linearizability.Unknown:
		return "unknown"
	}
	return fmt.Sprint(o.Output)
}

func msgName(msg any) string {
	if p, ok := msg.(*parcel); ok {
		return p.typ.Name
	}
	if mt, ok := actors.MessageOf(msg); ok {
		return mt.Name
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", msg), "*")
}

// msgText prints a message for people.
func (w *world) msgText(msg any) string {
	if w.tracer == nil {
		return ""
	}
	if p, ok := msg.(*parcel); ok {
		msg = w.unpack(p)
	}
	text := strings.TrimPrefix(fmt.Sprintf("%+v", msg), "&")
	if len(text) > 200 {
		text = text[:200] + "..."
	}
	return text
}
