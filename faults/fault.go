package faults

import "time"

// A Kind is one thing that can go wrong.
type Kind uint8

// The kinds of faults. Each says what it must not break.
const (
	// Crash ends the processes of hosts. Bytes whose Disk call had returned stay.
	Crash Kind = iota
	// PowerLoss is a crash that also loses or tears bytes that were not synced. It
	// never touches synced bytes.
	PowerLoss
	// Wipe is a crash that loses the whole disk.
	Wipe
	// Stop is graceful: actors receive Stopping and the disk keeps everything.
	Stop
	// Partition cuts the links between two groups of hosts in both directions;
	// messages on their way still arrive.
	Partition
	// Cut drops what the hosts of the first group send to the second, and only
	// that.
	Cut
	// Isolate cuts hosts off from all others, in both directions.
	Isolate
	kinds
)

var kindNames = [kinds]string{
	Crash:     "crash",
	PowerLoss: "power-loss",
	Wipe:      "wipe",
	Stop:      "stop",
	Partition: "partition",
	Cut:       "cut",
	Isolate:   "isolate",
}

// Kinds lists every kind of fault, in a fixed order.
func Kinds() []Kind {
	all := make([]Kind, kinds)
	for k := range all {
		all[k] = Kind(k)
	}
	return all
}

// String returns the name of the kind as plans have it, such as "power-loss".
func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return "unknown fault"
}

// Down reports whether hosts that the fault hits stop running.
func (k Kind) Down() bool { return k <= Stop }

// All, as the only one of Fault.Hosts, is every host that is no client.
const All = "all"

// A Fault is one concrete fault of a Schedule. It begins at a time, or when a
// host notes an actors.Point for the n-th time.
type Fault struct {
	At    time.Duration // virtual time since the start of the run; unused with Point
	Point string        // "" or the name of an actors.Point
	Nth   int           // which occurrence of Point on Host, from 1
	Host  string        // the host whose Point it is

	Kind   Kind
	Hosts  []string      // who is hit; empty with a Point means Host; ["all"] means every host of the topology that is no client
	Others []string      // Partition, Cut: the other group; for Cut, Hosts send and Others receive
	For    time.Duration // how long the hosts are down or the links are cut; 0: until heal
	// Programs has the programs of the hosts started again with the actors.
	Programs bool
}

// A Schedule is the list of faults of a run.
type Schedule []Fault
