package group

import "github.com/asynkron/protoactor-go/actor"

// A Machine is the replicated state, and what the member that leads does with it.
// The actor calls it, one call at a time. It may call its Member from any method.
type Machine interface {
	// Apply carries out a committed command: on every member, in the order of the
	// indexes, which have gaps. It must be deterministic. After a restart the commands
	// since the last snapshot are applied again.
	Apply(index uint64, command []byte)
	// Snapshot returns the whole state. The group keeps the slice.
	Snapshot() []byte
	// Restore replaces the state by one that Snapshot returned, here or on another
	// member. It is called before the first Apply, when the group is founded and at every
	// restart, and when this member is so far behind that it gets a snapshot. An error
	// stops the host.
	Restore(state []byte) error
	// Lead says that this member leads, in a term that is larger than any before, and
	// has applied everything of earlier terms. Another member may believe so too until
	// it notices, but commits nothing more.
	Lead(term uint64)
	// Follow says that this member leads no longer. Commands it proposed may still be
	// applied, or never.
	Follow()
	// Receive is given every message that is not the group's own, on every member, once
	// what was durable has been restored. What comes before that is dropped, *actor.Started
	// too: a machine that wants a timer sets it when it is made.
	Receive(ctx actor.Context)
}
