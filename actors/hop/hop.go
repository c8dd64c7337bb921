// Package hop is the workload that simulators are measured with: nodes that send
// every message they receive on to a random other node, for ever.
package hop

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// A Message is what is passed on. It has about a hundred bytes on the wire.
type Message struct {
	Sender  string
	Payload []byte
}

func init() { actors.Message("hop.message", &Message{}) }

// NewMessage returns one of the messages in flight.
func NewMessage(n int) *Message {
	return &Message{Sender: fmt.Sprintf("node%d", n), Payload: make([]byte, 70)}
}

// Topology has a number of nodes with so many messages in flight, and a program
// that never ends.
func Topology(nodes, inFlight int) actors.Topology {
	var top actors.Topology
	for i := range nodes {
		start := inFlight / nodes
		if i < inFlight%nodes {
			start++
		}
		top.Hosts = append(top.Hosts, actors.Host{
			Name:   fmt.Sprintf("node%d", i),
			Actors: []actors.ActorDef{{Name: "hop", New: newNode(i, nodes, start)}},
		})
	}
	top.Hosts[0].Programs = []actors.ProgramDef{{Name: "wait", Run: func(env actors.Env) error {
		for {
			env.Clock.Sleep(1 << 50)
		}
	}}}
	return top
}

type node struct {
	env   actors.Env
	peers []*actor.PID
	start int
}

func newNode(self, nodes, start int) actors.Producer {
	return func(env actors.Env) actor.Actor {
		n := &node{env: env, start: start}
		for i := range nodes {
			if i != self {
				n.peers = append(n.peers, env.PID(fmt.Sprintf("node%d/hop", i)))
			}
		}
		return n
	}
}

// Receive implements actor.Actor.
func (n *node) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		for i := range n.start {
			n.pass(ctx, NewMessage(i))
		}
	case *Message:
		n.pass(ctx, m)
	}
}

func (n *node) pass(ctx actor.Context, m *Message) {
	ctx.Send(n.peers[n.env.Rand.IntN(len(n.peers))], m)
}
