package faults

// A Kind is one thing that can go wrong.
type Kind uint8

// The kinds of faults. Each says what it does and what it must not break. Unless
// it says otherwise, a fault lasts for Fault.For, and 0 means until everything
// heals.
const (
	// Crash ends the processes of hosts. Bytes whose Disk call had returned stay.
	Crash Kind = iota
	// PowerLoss is a crash that also loses or tears bytes that were not synced, and
	// names of files whose folder was not. It never touches synced bytes.
	PowerLoss
	// Wipe is a crash that loses the whole disk: the host comes back empty.
	Wipe
	// Destroy takes a host and its disk away for good; it does not come back when
	// everything heals.
	Destroy
	// Stop is graceful: actors receive Stopping and the disk keeps everything.
	Stop

	// Pause freezes the processes of hosts, as SIGSTOP or a long garbage collection
	// does: nothing runs, their clocks go on, and what arrives waits. Nothing is
	// lost by it.
	Pause
	// Slow has every step of hosts take Factor times the service time, and at least
	// Factor times 20 us. The order of what happens on a host stays.
	Slow

	// Partition cuts the links between two groups of hosts in both directions;
	// messages on their way still arrive.
	Partition
	// Cut drops what the hosts of the first group send to the second, and only
	// that.
	Cut
	// Isolate cuts hosts off from all others, in both directions.
	Isolate
	// Ring leaves each of the hosts connected, of these hosts, only to its nearest on
	// a ring in the given order, so that everybody sees a majority and no two see the
	// same one. Links to other hosts stay.
	Ring
	// Clog holds back what the hosts of the first group send to the second; all of it
	// arrives, in order, when the clog ends. Nothing is lost by it.
	Clog
	// Swizzle clogs hosts one after the other in the first half of its time, and
	// frees them in another order in the second half. After FoundationDB's "swizzle".
	Swizzle
	// Reset drops what is on its way between two groups of hosts at that moment, as a
	// broken connection does. It does not last.
	Reset
	// DropMessage loses one message: the Nth of the type Message that the first group
	// sends to the second from then on.
	DropMessage
	// Replay has a second copy of one message, chosen as by DropMessage, arrive For
	// later, when what it says is old. It does nothing on links that keep the order.
	Replay

	// SlowDisk has every Disk call of hosts take Factor times its time, and at least
	// Factor times 100 us.
	SlowDisk
	// SyncError has the next Disk.Sync or SyncDir of a host fail. What it should have
	// made durable is readable, counts as clean, and is lost with the power: a second
	// Sync that succeeds does not bring it back (Rebello et al., ATC 2020).
	SyncError
	// WriteError has the next call of a host that changes a file or a name fail. Any
	// part of it may have happened.
	WriteError
	// ReadError has the next Disk.ReadFile or List of a host fail, once.
	ReadError
	// Rot flips a bit of what a host has synced, for good. It never touches more than
	// one byte.
	Rot
	// Misread flips a bit in what the next Disk.ReadFile of a host returns; what is
	// on the disk is right.
	Misread
	// Misdirect has the next Append or WriteFile of a host report success and land on
	// a synced sector of a file of the same host instead of where it belongs.
	Misdirect
	// DiskFull has all calls fail that need room on the disk.
	DiskFull
	// ReadOnly has all calls fail that change the disk.
	ReadOnly
	// LyingSync has Sync and SyncDir report success and make nothing durable.
	LyingSync

	// ClockStep moves the wall clock of hosts by Step, which may be negative. Their
	// monotonic clocks are not touched. It does not last.
	ClockStep

	// Heal ends all faults in effect and starts every host that is down and not
	// destroyed: the faults after it are a second cycle. It names no hosts.
	Heal
	kinds
)

// A Group is what a kind of fault acts on.
type Group uint8

// The groups of faults.
const (
	Node Group = iota
	Network
	Storage
	Time
	Everything
)

var groupNames = [...]string{"node", "network", "disk", "clock", "all"}

func (g Group) String() string { return groupNames[g] }

// A form says how the faults of a kind are written and what they need.
type form struct {
	name   string
	group  Group
	sep    string // between Hosts and Others; "" if there is one list of hosts
	lasts  bool   // "for D"
	factor bool   // "by N"
	step   bool   // "by D", of any sign
	msg    bool   // "TYPE#N" before the hosts
}

var forms = [kinds]form{
	Crash:       {name: "crash", lasts: true},
	PowerLoss:   {name: "power-loss", lasts: true},
	Wipe:        {name: "wipe", lasts: true},
	Destroy:     {name: "destroy"},
	Stop:        {name: "stop", lasts: true},
	Pause:       {name: "pause", lasts: true},
	Slow:        {name: "slow", lasts: true, factor: true},
	Partition:   {name: "partition", group: Network, sep: "|", lasts: true},
	Cut:         {name: "cut", group: Network, sep: ">", lasts: true},
	Isolate:     {name: "isolate", group: Network, lasts: true},
	Ring:        {name: "ring", group: Network, lasts: true},
	Clog:        {name: "clog", group: Network, sep: ">", lasts: true},
	Swizzle:     {name: "swizzle", group: Network, lasts: true},
	Reset:       {name: "reset", group: Network, sep: "|"},
	DropMessage: {name: "drop-message", group: Network, sep: ">", msg: true},
	Replay:      {name: "replay", group: Network, sep: ">", lasts: true, msg: true},
	SlowDisk:    {name: "slow-disk", group: Storage, lasts: true, factor: true},
	SyncError:   {name: "sync-error", group: Storage},
	WriteError:  {name: "write-error", group: Storage},
	ReadError:   {name: "read-error", group: Storage},
	Rot:         {name: "rot", group: Storage},
	Misread:     {name: "misread", group: Storage},
	Misdirect:   {name: "misdirect", group: Storage},
	DiskFull:    {name: "disk-full", group: Storage, lasts: true},
	ReadOnly:    {name: "read-only", group: Storage, lasts: true},
	LyingSync:   {name: "lying-sync", group: Storage, lasts: true},
	ClockStep:   {name: "clock-step", group: Time, step: true},
	Heal:        {name: "heal", group: Everything},
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
		return forms[k].name
	}
	return "unknown fault"
}

// ParseKind returns the kind of a name.
func ParseKind(name string) (Kind, bool) {
	for k := range forms {
		if forms[k].name == name {
			return Kind(k), true
		}
	}
	return 0, false
}

// Group says what the kind acts on.
func (k Kind) Group() Group { return forms[k].group }

// Down reports whether hosts that the fault hits stop running.
func (k Kind) Down() bool { return k <= Stop }

// Lasts reports whether the fault is in effect for a time; the others happen at
// once, or to the next call or message of their kind.
func (k Kind) Lasts() bool { return forms[k].lasts }

// Waits reports whether the fault lies in wait for the next call or message of its
// kind, which may never come.
func (k Kind) Waits() bool {
	switch k {
	case DropMessage, Replay, SyncError, WriteError, ReadError, Misread, Misdirect:
		return true
	}
	return false
}

// HitsHosts reports whether the fault is about single hosts, not about links.
func (k Kind) HitsHosts() bool { return k != Heal && forms[k].group != Network }

// Destroys reports whether what a host had promised to keep may be gone for good:
// faults of which a system can survive a number only.
func (k Kind) Destroys() bool {
	switch k {
	case Wipe, Destroy, Rot, Misread, Misdirect:
		return true
	}
	return false
}
