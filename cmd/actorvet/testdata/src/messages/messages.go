package messages

import (
	"github.com/asynkron/protoactor-go/actor"
	"github.com/simrun/simrun/actors"
)

type Join struct{ Path string }

type Hello struct{ From *actor.PID }

type Members struct {
	Next  *Members
	Peers map[string][]Peer
}

type Peer struct{ PID actor.PID }

// Local is no registered message; it stays on its host.
type Local struct{ From *actor.PID }

func init() {
	actors.Message("join", Join{})
	actors.Message("hello", &Hello{})    // want `message with a PID in \*Hello.From: a PID must not leave its host`
	actors.Message("members", Members{}) // want `message with a PID in Members.Peers\[\]\[\].PID`
}
