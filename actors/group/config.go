package group

import (
	"fmt"
	"slices"
	"time"
)

// A Config describes a group. It is the same on every member.
type Config struct {
	// Name is the name of the actor on each host.
	Name string
	// Members are the hosts, an odd number for a reason. The first one founds the
	// group, once, when all of them are up.
	Members []string
	// Tick is the time between two heartbeats; 0 means 50 ms.
	Tick time.Duration
	// Election is after how many ticks without a heartbeat a leader is given up, at
	// least; up to twice as many pass before somebody wants its place. 0 means 10.
	Election int
	// SnapshotBytes is the length of the log at which it is replaced by a snapshot;
	// 0 means 1 MiB.
	SnapshotBytes int64
	// Keep is how many entries stay behind a snapshot, for members that are a little
	// behind; 0 means 128.
	Keep int
	// InFlight bounds the commands that are proposed and not yet applied; 0 means 1024.
	InFlight int
	// MessageBytes bounds the entries in one message, but for the first of them; 0
	// means 64 KiB.
	MessageBytes uint64
}

// withDefaults fills in what is zero. It panics on a group that cannot be.
func (c Config) withDefaults() Config {
	if c.Name == "" || len(c.Members) == 0 {
		panic(fmt.Sprintf("group: config without a name or members: %+v", c))
	}
	c.Members = slices.Clone(c.Members)
	orDefault(&c.Tick, 50*time.Millisecond)
	orDefault(&c.Election, 10)
	orDefault(&c.SnapshotBytes, 1<<20)
	orDefault(&c.Keep, 128)
	orDefault(&c.InFlight, 1024)
	orDefault(&c.MessageBytes, 64<<10)
	return c
}

func orDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}
