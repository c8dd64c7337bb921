package faults

import "time"

// All, as the only one of Fault.Hosts, is every host that is no client.
const All = "all"

// A Fault is one concrete fault of a Schedule. It begins at a time, or when a
// host notes an actors.Point for the n-th time. Calls of a Disk are points too, without
// anybody noting them: "disk.append", "disk.write", "disk.truncate", "disk.rename",
// "disk.remove", "disk.sync" and "disk.sync-folder", while the call is under way and
// nothing of it is durable; also "disk.read" and "disk.list".
type Fault struct {
	At    time.Duration // virtual time since the start of the run; unused with Point
	Point string        // "" or the name of a point
	Nth   int           // which occurrence of Point on Host, from 1
	Host  string        // the host whose Point it is

	Kind   Kind
	Hosts  []string      // who is hit; empty with a Point means Host; ["all"] means every host of the topology that is no client; of single messages, any of them
	Others []string      // the other group, for kinds that have two; Hosts send and Others receive if the kind has a direction
	For    time.Duration // how long it lasts; 0: until everything heals
	Factor int           // Slow, SlowDisk: how many times slower, at least 2
	Step   time.Duration // ClockStep: how far, in either direction
	// Message is the name of a message type, and Count says which one, from 1, of
	// those that are sent from the beginning of the fault on: DropMessage, Replay.
	Message string
	Count   int
	// Programs has the programs of the hosts started again with the actors.
	Programs bool
}

// A Schedule is the list of faults of a run.
type Schedule []Fault
