package trace

import (
	"fmt"
	"time"
)

// An Event is one thing that happened in a run. It is a plain value; fields that
// say nothing for a kind are zero.
type Event struct {
	// Seq is the place in the strictly increasing order of events, from 1.
	Seq int64
	// At is the time since the start of the run: virtual in sim, CLOCK_MONOTONIC in
	// live.
	At   time.Duration
	Kind Kind
	// Host is where it happened. A fault that hits several hosts is one event for
	// each; what concerns links only (Partition, Cut, Heal) may leave it empty and
	// name the hosts in Text.
	Host string
	// Path is the actor or program, host/name; empty if the whole host is meant.
	Path string
	// Peer is the other end of a message: the receiver of a Send, the sender of
	// what is delivered or dropped.
	Peer string
	// Msg is the wire name of a message, the id of the operation of a Call or
	// Return ("c0#7"), or the name of a point or state that was noted.
	Msg string
	// Text is for people: the content of a message, the words of a fault or note.
	Text string
	// Key is the causal key of a message or timer. It does not depend on what else
	// is in the plan.
	Key uint64
	// Data is the exact content of a message or fact as package wire encodes it, in the
	// recording of a live run; empty where the plan makes it again.
	Data string
	// Cause is the Seq of the step in which this event was brought about: of a
	// message or timer the step that sent or set it, of anything done in a step that
	// step itself. 0: no step.
	Cause int64
}

// A Kind says what an Event is.
type Kind uint8

// The kinds of events. Start, Deliver, Timer and Resume begin a step; the events
// up to the next one of its path that begins a step are part of it.
const (
	Start     Kind = iota + 1 // an actor or program was started
	Send                      // Path sent Msg to Peer
	Deliver                   // Path received Msg from Peer
	Timer                     // Path received Msg, which it had set itself
	Resume                    // Path goes on after a blocking call: a sleep, a request, a disk
	Drop                      // Msg from Peer to Path was lost, Text says why
	Duplicate                 // Msg from Peer to Path was doubled on its way
	Sync                      // Path made its file Text durable
	Disk                      // any other call of Path on its disk, in Text
	Crash                     // the processes of Host ended
	PowerLoss                 // Crash, and what was not synced is lost or torn, in Text
	Wipe                      // Crash, and the disk is lost
	Stop                      // Host was stopped gracefully
	Halt                      // Host stopped itself, Text says why
	Restart                   // Host was started again
	Partition                 // links were cut in both directions
	Cut                       // links were cut in one direction
	Heal                      // links work again
	Call                      // a client issued operation Msg, Text is what it asks
	Return                    // the outcome of operation Msg was handed to the application
	Note                      // any other fact
	Log                       // a line of a log
	Fail                      // the run failed here, Text says how
	Fault                     // any other fault, in Text
	Clock                     // Path read its clock Msg, which said Key nanoseconds; only in live
	kinds
)

var kindNames = [kinds]string{
	Start: "start", Send: "send", Deliver: "deliver", Timer: "timer", Resume: "resume", Drop: "drop",
	Duplicate: "duplicate", Sync: "sync", Disk: "disk", Crash: "crash", PowerLoss: "power-loss",
	Wipe: "wipe", Stop: "stop", Halt: "halt", Restart: "restart", Partition: "partition", Cut: "cut",
	Heal: "heal", Call: "call", Return: "return", Note: "note", Log: "log", Fail: "fail", Fault: "fault", Clock: "clock",
}

func (k Kind) String() string {
	if k == 0 || k >= kinds {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// MarshalText makes a Kind its name in JSON.
func (k Kind) MarshalText() ([]byte, error) {
	if k == 0 || k >= kinds {
		return nil, fmt.Errorf("kind of event %d: unknown", uint8(k))
	}
	return []byte(kindNames[k]), nil
}

// Step reports that an event of this kind begins a step.
func (k Kind) Step() bool { return k == Start || k == Deliver || k == Timer || k == Resume }

// Down reports that an event of this kind ends what runs on its host.
func (k Kind) Down() bool { return k >= Crash && k <= Halt }
