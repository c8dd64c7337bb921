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

// A Permille is a probability in thousandths.
type Permille int

// Net is the behaviour of every link of a run, and of the disks.
type Net struct {
	DelayMin, DelayMax time.Duration // one way, uniform between the two, a message
	Drop, Duplicate    Permille      // of messages between hosts
	Late               Permille      // of messages: delayed by up to LateMax more
	LateMax            time.Duration
	FIFO               bool
	DiskMin, DiskMax   time.Duration // duration of a Disk call, uniform
	Drift              Permille      // each host's Now runs up to this much fast or slow; at most 40
}
