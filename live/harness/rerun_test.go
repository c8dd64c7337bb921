package harness_test

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/sim"
)

// A rerun is an actor that is given what was recorded of it, step by step. What it
// sends and notes is compared with what it did then.
type rerun struct {
	actor.Context // no other call of the context is needed
	t             *testing.T
	path          string
	events        []trace.Event // of the path, those to come
	timers        []any         // by the number of their After, from 1
	msg           any
	sender        *actor.PID
	steps, acts   int
	codec         wire.Codec
}

// next takes the next event of a path, which must be of a kind.
func (r *rerun) next(kind trace.Kind, did string) trace.Event {
	r.t.Helper()
	if len(r.events) == 0 {
		panic(cutOff{}) // its host went down in this step
	}
	e := r.events[0]
	if e.Kind != kind {
		r.t.Fatalf("%s, step %d: %s; what was recorded is %v %s %s", r.path, r.steps, did, e.Kind, e.Msg, e.Peer)
	}
	r.events = r.events[1:]
	return e
}

func (r *rerun) sent(to *actor.PID, msg any) {
	r.t.Helper()
	peer := to.Address + "/" + to.Id
	e := r.next(trace.Send, fmt.Sprintf("sends %T to %s", msg, peer))
	mt, ok := actors.MessageOf(msg)
	if !ok {
		return
	}
	b, err := r.codec.Append(append([]byte(peer), 0), mt, msg)
	if err != nil {
		r.t.Fatal(err)
	}
	if key := wire.Hash(b) ^ mt.Hash; e.Peer != peer || e.Key != key {
		r.t.Fatalf("%s, step %d: sends %+v to %s, and sent another %s to %s", r.path, r.steps, msg, peer, e.Msg, e.Peer)
	}
	r.acts++
}

func (r *rerun) note(fact any) {
	r.t.Helper()
	e := r.next(trace.Note, fmt.Sprintf("notes %T", fact))
	b, err := wire.AppendFact(nil, fact)
	if err != nil || string(b) != e.Data {
		r.t.Fatalf("%s, step %d: notes %+v, and noted another %s; %v", r.path, r.steps, fact, e.Msg, err)
	}
	r.acts++
}

func (r *rerun) env(host string, boot uint64, seed string) actors.Env {
	b := []byte(seed)
	return actors.Env{
		Host: host, Boot: boot, Clock: rerunClock{r}, Log: slog.New(slog.DiscardHandler),
		Rand: rand.New(rand.NewPCG(binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]))),
		PID: func(path string) *actor.PID {
			host, id, _ := strings.Cut(path, "/")
			return actor.NewPID(host, id)
		},
		Send: r.sent, Note: r.note,
		// The child has a rerun of its own.
		Spawn: func(_ actor.Context, name string, _ actors.Producer) *actor.PID {
			_, id, _ := strings.Cut(r.path, "/")
			return actor.NewPID(host, id+"/"+name)
		},
	}
}

type rerunClock struct{ r *rerun }

func (c rerunClock) Now() time.Duration {
	return time.Duration(c.r.next(trace.Clock, "reads its clock").Key)
}

func (c rerunClock) Wall() time.Time {
	return time.Unix(0, int64(c.r.next(trace.Clock, "reads the wall clock").Key))
}

func (c rerunClock) After(_ time.Duration, msg any) func() {
	c.r.timers = append(c.r.timers, msg)
	return func() {}
}

func (c rerunClock) Sleep(time.Duration) { c.r.t.Fatal("an actor that blocks") }

func (r *rerun) Message() any { return r.msg }
func (r *rerun) Self() *actor.PID {
	host, id, _ := strings.Cut(r.path, "/")
	return actor.NewPID(host, id)
}
func (r *rerun) Sender() *actor.PID             { return r.sender }
func (r *rerun) Send(to *actor.PID, msg any)    { r.sent(to, msg) }
func (r *rerun) Request(to *actor.PID, msg any) { r.sent(to, msg) }
func (r *rerun) Respond(msg any)                { r.sent(r.sender, msg) }
func (r *rerun) step(a actor.Actor, msg any, from *actor.PID) {
	r.msg, r.sender = msg, from
	a.Receive(r)
}

// cutOff unwinds a step that did not come to its end.
type cutOff struct{}

// run gives the actor all its steps.
func (r *rerun) run(a actor.Actor) {
	defer func() {
		if p := recover(); p != nil && p != (cutOff{}) {
			panic(p)
		}
	}()
	r.step(a, &actor.Started{}, nil)
	for len(r.events) > 0 {
		e := r.events[0]
		if !e.Kind.Step() {
			r.t.Fatalf("%s, step %d: it did %v %s too", r.path, r.steps, e.Kind, e.Msg)
		}
		r.events = r.events[1:]
		r.steps++
		if e.Kind == trace.Timer {
			r.step(a, r.timers[e.Key-1], nil)
			continue
		}
		mt, ok := actors.MessageNamed(e.Msg)
		if !ok {
			r.t.Fatalf("%s: message %s", r.path, e.Msg)
		}
		msg, err := wire.Decode(mt, []byte(e.Data))
		if err != nil {
			r.t.Fatal(err)
		}
		msg = withNil(msg)
		var from *actor.PID
		if host, id, ok := strings.Cut(e.Peer, "/"); ok {
			from = actor.NewPID(host, id)
		}
		r.step(a, msg, from)
	}
}

// withNil makes slices of a message nil that are empty: on the wire both are one value,
// and a message of the own host did not come over it.
func withNil(msg any) any {
	v := reflect.ValueOf(msg)
	if v.Kind() != reflect.Struct {
		return msg
	}
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	for i := range v.NumField() {
		if f := out.Field(i); f.Kind() == reflect.Slice && f.Len() == 0 {
			f.SetZero()
		}
	}
	return out.Interface()
}

// Issue 5, recording: it has what an exact re-run needs. Given the messages, timers,
// clock readings and the seed that were recorded, and nothing else, each actor of the
// store that does not block sends and notes what it did in the live run.
func TestActorsDoTheSameAgainFromTheirRecording(t *testing.T) {
	s := catalogued(t, "store/calm")
	p := flushed(s, 1)
	r, dir := record(t, s, p)
	if r.Verdict != sim.Pass {
		t.Fatalf("%v, %s: %v", r.Verdict, r.Check, r.Err)
	}
	reruns := 0
	for _, h := range s.Topology(p.Knobs).Hosts {
		f, err := os.Open(only(t, dir, h.Name+"-*.trace"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		_, events, err := trace.Read(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range h.Actors {
			if a.Name != "store" && a.Name != "coordinator" && a.Name != "client" {
				continue
			}
			again := &rerun{t: t, path: h.Name + "/" + a.Name}
			for _, e := range events {
				if e.Path == again.path {
					again.events = append(again.events, e)
				}
			}
			start := again.next(trace.Start, "starts")
			again.run(a.New(again.env(h.Name, events[0].Key, start.Data)))
			t.Logf("%s: %d steps, %d messages and facts", again.path, again.steps, again.acts)
			reruns += again.acts
		}
	}
	if reruns < 500 {
		t.Errorf("only %d messages and facts were compared", reruns)
	}
}
