package store

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/models"
)

// A clientWorld is one client actor, its program, and servers that are a
// function: enough to try what a client must do whatever the servers answer, and
// in whatever order.
type clientWorld struct {
	now    time.Duration
	seq    int
	events clientEvents
	actor  actor.Actor
	notes  []any

	// serve gets what the client sends to other hosts.
	serve func(to string, msg any)

	requests int
	reply    map[string]any // by reply address
}

type clientEvent struct {
	at     time.Duration
	seq    int
	msg    any
	from   *actor.PID
	cancel bool
}

type clientEvents []*clientEvent

func (q clientEvents) Len() int { return len(q) }
func (q clientEvents) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}
func (q clientEvents) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *clientEvents) Push(x any)   { *q = append(*q, x.(*clientEvent)) }
func (q *clientEvents) Pop() any {
	e := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return e
}

// newClientWorld starts a client of boot 1 on host c0.
func newClientWorld(o ClientOptions, serve func(w *clientWorld, to string, msg any)) (*clientWorld, *Client) {
	w := &clientWorld{reply: map[string]any{}}
	w.serve = func(to string, msg any) { serve(w, to, msg) }
	env := actors.Env{
		Host: "c0", Boot: 1, Clock: (*clientClock)(w),
		PID: func(path string) *actor.PID { return &actor.PID{Address: "test", Id: path} },
		Send: func(to *actor.PID, msg any) {
			switch {
			case to.Id == "c0/"+ClientActor:
				w.after(0, msg, nil)
			case to.Address == "reply":
				w.reply[to.Id] = msg
			default:
				w.serve(to.Id, msg)
			}
		},
		Note: func(fact any) { w.notes = append(w.notes, fact) },
		Rand: rand.New(rand.NewPCG(1, 2)),
	}
	env.Request = func(to *actor.PID, msg any, timeout time.Duration) (any, error) {
		w.requests++
		from := &actor.PID{Address: "reply", Id: fmt.Sprint(w.requests)}
		w.after(0, msg, from)
		for {
			if reply, ok := w.reply[from.Id]; ok {
				delete(w.reply, from.Id)
				return reply, nil
			}
			if !w.step() {
				panic("the client waits for ever")
			}
		}
	}
	w.actor = NewClientActor(o)(env)
	w.after(0, &actor.Started{}, nil)
	return w, NewClient(env)
}

// after delivers a message to the client, d from now.
func (w *clientWorld) after(d time.Duration, msg any, from *actor.PID) *clientEvent {
	w.seq++
	e := &clientEvent{at: w.now + d, seq: w.seq, msg: msg, from: from}
	heap.Push(&w.events, e)
	return e
}

// step delivers the next message.
func (w *clientWorld) step() bool {
	for w.events.Len() > 0 {
		e := heap.Pop(&w.events).(*clientEvent)
		if e.cancel {
			continue
		}
		w.now = e.at
		w.actor.Receive(clientContext{event: e})
		return true
	}
	return false
}

// run delivers everything until a time.
func (w *clientWorld) run(until time.Duration) {
	for w.events.Len() > 0 && w.events[0].at <= until {
		w.step()
	}
	w.now = max(w.now, until)
}

type clientContext struct {
	actor.Context
	event *clientEvent
}

func (c clientContext) Message() any       { return c.event.msg }
func (c clientContext) Sender() *actor.PID { return c.event.from }

type clientClock clientWorld

func (c *clientClock) Now() time.Duration { return c.now }
func (c *clientClock) Wall() time.Time    { return time.Unix(0, int64(c.now)) }
func (c *clientClock) Sleep(d time.Duration) {
	(*clientWorld)(c).run(c.now + d)
}
func (c *clientClock) After(d time.Duration, msg any) func() {
	e := (*clientWorld)(c).after(d, msg, nil)
	return func() { e.cancel = true }
}

// oneRegion is a configuration with one space "s" of n regions, all on daemon1.
func oneRegion(epoch, version uint64, n int) *Config {
	c := &Config{Epoch: epoch, Spaces: []Space{{Def: models.Space{Name: "s", Key: "k", Partitions: n}}}}
	for i := range n {
		c.Regions = append(c.Regions, Region{
			ID: RegionID(i), Space: "s", Version: version,
			Chain: []Member{{Host: fmt.Sprintf("daemon%d", i+1)}},
		})
	}
	return c
}

// answer is what a daemon sends back: the object has the key in "key".
func answer(r Request) Reply {
	return Reply{
		ID: r.ID, Region: r.Region, Version: r.Version,
		Result: models.Result{Status: models.Success, Attrs: []models.Attr{text("key", r.Op.Key)}},
	}
}
