package actors

import (
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// A Producer makes one incarnation of an actor. It is called at every start of
// the actor's host, so after every crash too; what must survive is on env.Disk.
type Producer func(env Env) actor.Actor

// A Program is a sequential client: it may block through env, and it ends. An
// error it returns fails the run.
type Program func(env Env) error

// Env is everything an actor or program may use besides its mailbox. Code that
// uses nothing else behaves the same in sim and live, and can be replayed.
//
// Calls that block (Clock.Sleep, Request and every Disk call) occupy the actor:
// nothing is delivered to it, system messages included, until they return. From
// the instant of a crash the Env is dead: Send, Clock.After, Note and cancel do
// nothing, and the blocking calls do not return.
type Env struct {
	// Host is the name of the host, as in the Topology.
	Host string
	// Boot grows at every start of this host, also after its disk was lost.
	Boot uint64
	// Clock is this host's clock; hosts do not agree on the time.
	Clock Clock
	// Rand is re-seeded for every message in sim. Not for secrets.
	Rand *rand.Rand
	// Disk is the folder host/actor; nobody else writes to it.
	Disk Disk
	// Log goes to the story of a run in sim and to the log of the node in live.
	Log *slog.Logger
	// PID names an actor by its path, "daemon1/store". Every call makes a fresh
	// PID: proto.actor caches a process in it, so a PID must not be shared
	// between hosts.
	PID func(path string) *actor.PID
	// Send never blocks and promises nothing: the message may be lost, late or
	// doubled if it leaves the host. It carries no sender.
	Send func(to *actor.PID, msg any)
	// Request sends msg and blocks until a reply arrives or the timeout is over,
	// which gives ErrTimeout; a timeout <= 0 waits for ever.
	Request func(to *actor.PID, msg any, timeout time.Duration) (any, error)
	// Spawn starts a child actor with an Env of its own, at path ctx.Self()/name.
	Spawn func(ctx actor.Context, name string, p Producer) *actor.PID
	// Halt is the fail-stop of this host, for a disk that can no longer be
	// trusted. It never returns.
	Halt func(err error)
	// Note records a fact for the checkers, with its place in the order of
	// events. Facts are plain values and must not be changed afterwards.
	Note func(fact any)
}

// Clock is the clock of one host.
type Clock interface {
	// Now is monotonic, counts from this boot and may run up to 4 % fast or slow.
	Now() time.Duration
	// Wall is the time of day. It may step in either direction.
	Wall() time.Time
	// After has msg delivered to the calling actor's own mailbox once d has
	// passed. After cancel returns, msg is never received.
	After(d time.Duration, msg any) (cancel func())
	// Sleep blocks the calling actor or program for d.
	Sleep(d time.Duration)
}

// Disk is a directory of flat files; every call blocks until the device is
// done.
//
// What power loss does: any subset of the 4 KiB sectors that were written but
// not synced survives, each possibly torn; WriteFile may leave the old, empty or
// partial content until Sync; Append's creation of a file, Rename and Remove are
// durable after SyncDir. A process crash loses nothing that a call had returned
// for. An error of Sync means that the state of the un-synced bytes is unknown:
// Halt, never try again.
type Disk interface {
	// Append adds b to the end of the file and creates it if need be.
	Append(name string, b []byte) error
	// ReadFile returns the content, or an error that is fs.ErrNotExist.
	ReadFile(name string) ([]byte, error)
	// WriteFile replaces the content and creates the file if need be.
	WriteFile(name string, b []byte) error
	// Truncate shortens the file to size bytes. Until Sync a power loss may leave
	// the old or the new length; the bytes below size stay.
	Truncate(name string, size int64) error
	// Sync makes the content of the file durable, not its name: see SyncDir.
	Sync(name string) error
	// Rename replaces the file named to atomically.
	Rename(from, to string) error
	// Remove deletes the file, or returns an error that is fs.ErrNotExist.
	Remove(name string) error
	// List returns the names of the files, sorted; folders of child actors are
	// not shown.
	List() ([]string, error)
	// SyncDir makes the names of the files durable.
	SyncDir() error
}
