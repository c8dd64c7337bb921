package group

import (
	"slices"

	"github.com/simrun/simrun/actors"
)

// A packet is a message of raft on its way to another member, in protobuf.
type packet struct {
	Host string // of the sender
	Boot uint64 // of the sender
	Raft []byte
}

// A join says that the sender belongs to no group. It is sent to all hosts again and
// again.
type join struct {
	Host string
	Boot uint64 // in which the sender's log was created
	ID   uint64
	// Seen is the identity under which the founder last said the same; 0 for none.
	Seen uint64
}

// flush follows what a member has received until now: it deals with all of it at
// once, so that one sync is enough.
type flush struct{}

// tick is the message of a member's timer.
type tick struct{}

// CopyMessage implements actors.Copier.
func (p packet) CopyMessage() any {
	p.Raft = slices.Clone(p.Raft)
	return p
}

func init() {
	actors.Message("group.packet", packet{})
	actors.Message("group.join", join{})
	actors.Message("group.flush", flush{})
}
