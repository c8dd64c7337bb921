package faults

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Profile bounds what can go wrong in a run of a scenario. The seed draws each
// kind on or off first (half of the runs each, fewer if there are many kinds; one
// run in twenty has no fault at all), then concrete faults within the bounds. The zero Profile is a calm
// network with a delay of 1 ms and no faults.
type Profile struct {
	DelayMin, DelayMax time.Duration // bounds of Net.DelayMin and Net.DelayMax
	DropMax            Permille
	DuplicateMax       Permille
	LateMax            time.Duration // of single late messages; 0: none
	DiskMax            time.Duration // longest Disk call
	DriftMax           Permille
	OffsetMax          time.Duration // of wall clocks at the start
	JitterMax          Permille      // of timers
	CorruptMax         Permille      // of messages
	CapacityMin        int           // of links, in messages; the most is ten times that; 0: no bound
	FIFO               Permille      // share of runs whose links keep the order
	Random             Permille      // share of runs under policy Random

	// Span is the virtual time in which faults begin. Down bounds how long a host
	// stays down or a link cut.
	Span             time.Duration
	DownMin, DownMax time.Duration

	// Counts has how many faults of each kind a run may have, at most.
	Counts Counts
	// Peers is the share of partitions, cuts and clogs that are between servers of one
	// kind, which is a prefix in Servers. All other hosts reach both sides.
	Peers Permille
	// PowerLossAll is the share of power losses that hit every server at once.
	PowerLossAll Permille
	// Points are at which faults of single hosts may fall: names of actors.Point, and of
	// calls of a Disk, see Fault.
	Points []string
	// Messages are names of message types that DropMessage may lose and Replay may send
	// again.
	Messages []string
	// Unrestricted is the share of runs without a fault budget: copies are destroyed
	// also where the system promised to survive fewer. The others stay within it, if
	// the scenario has an Oracle.
	Unrestricted Permille
	// Servers and Clients are the hosts that may be hit by crash-like faults, by
	// prefix of their name ("daemon", "coord"; "c"). The longest prefix of a name
	// decides. Without Servers, every host but the clients and "final" is one. Links
	// are cut between any.
	Servers, Clients []string
	// Honest are servers, by prefix, whose disks write where they are told and sync what
	// they say. Whoever has nobody to compare with cannot know better.
	Honest []string
	// ClientCrashes is how many clients may die, at most. Half of them stay dead; the
	// others come back with their programs.
	ClientCrashes int
}

// Counts are numbers of faults by kind, as in Counts{Crash: 2, Cut: 1}.
type Counts [kinds]int

// Validate reports the first bound that is impossible.
func (p Profile) Validate() error {
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"DelayMin", p.DelayMin}, {"DelayMax", p.DelayMax}, {"LateMax", p.LateMax}, {"DiskMax", p.DiskMax},
		{"OffsetMax", p.OffsetMax}, {"Span", p.Span}, {"DownMin", p.DownMin}, {"DownMax", p.DownMax},
	} {
		if d.value < 0 {
			return fmt.Errorf("profile: %s %v is negative", d.name, d.value)
		}
	}
	for _, share := range []struct {
		name       string
		value, max Permille
	}{
		{"DropMax", p.DropMax, 1000}, {"DuplicateMax", p.DuplicateMax, 1000}, {"DriftMax", p.DriftMax, maxDrift},
		{"FIFO", p.FIFO, 1000}, {"Random", p.Random, 1000}, {"Peers", p.Peers, 1000}, {"PowerLossAll", p.PowerLossAll, 1000},
		{"JitterMax", p.JitterMax, 1000}, {"CorruptMax", p.CorruptMax, 1000}, {"Unrestricted", p.Unrestricted, 1000},
	} {
		if share.value < 0 || share.value > share.max {
			return fmt.Errorf("profile: %s %v is not within 0 and %v", share.name, share.value, share.max)
		}
	}
	if p.CapacityMin < 0 {
		return fmt.Errorf("profile: CapacityMin %d is negative", p.CapacityMin)
	}
	if p.DelayMin > p.DelayMax {
		return fmt.Errorf("profile: DelayMin %v is above DelayMax %v", p.DelayMin, p.DelayMax)
	}
	if p.DownMin > p.DownMax {
		return fmt.Errorf("profile: DownMin %v is above DownMax %v", p.DownMin, p.DownMax)
	}
	for _, point := range p.Points {
		if point == "" || strings.ContainsAny(point, " \t\r\n#") {
			return fmt.Errorf("profile: point %q: a name has no space and no #", point)
		}
	}
	return p.validateCounts()
}

func (p Profile) validateCounts() error {
	for k, n := range p.Counts {
		k := Kind(k)
		switch {
		case n < 0:
			return fmt.Errorf("profile: %d times %v", n, k)
		case n > 0 && p.Span == 0:
			return fmt.Errorf("profile: %v without a Span in which it begins", k)
		case n > 0 && k.Lasts() && p.DownMax == 0:
			return fmt.Errorf("profile: %v without a DownMax that ends it", k)
		}
	}
	if p.Counts[DropMessage]+p.Counts[Replay] > 0 && len(p.Messages) == 0 {
		return fmt.Errorf("profile: %v or %v without Messages to choose from", DropMessage, Replay)
	}
	for _, name := range p.Messages {
		if name == "" || strings.ContainsAny(name, " \t\r\n#") {
			return fmt.Errorf("profile: message %q: a name has no space and no #", name)
		}
	}
	switch {
	case p.ClientCrashes < 0:
		return fmt.Errorf("profile: ClientCrashes %d is negative", p.ClientCrashes)
	case p.ClientCrashes > 0 && p.Span == 0:
		return fmt.Errorf("profile: ClientCrashes without a Span in which they begin")
	case p.ClientCrashes > 0 && len(p.Clients) == 0:
		return fmt.Errorf("profile: ClientCrashes without Clients to hit")
	}
	return nil
}

// CheckHosts reports the first of Servers and Clients that names none of the
// hosts, and crash-like faults that no host is there for. Such a profile would
// quietly draw fewer faults than it says. The hosts are those of all topologies
// that the profile is for.
func (p Profile) CheckHosts(hosts []string) error {
	for _, list := range []struct {
		name     string
		prefixes []string
	}{{"Servers", p.Servers}, {"Clients", p.Clients}} {
		for _, prefix := range list.prefixes {
			if prefix == "" || !slices.ContainsFunc(hosts, func(h string) bool { return strings.HasPrefix(h, prefix) }) {
				return fmt.Errorf("profile: %s has %q, but no host begins with it: %s", list.name, prefix, strings.Join(hosts, ", "))
			}
		}
	}
	servers, clients := p.split(hosts)
	for _, k := range Kinds() {
		if p.Counts[k] > 0 && k.HitsHosts() && len(servers) == 0 {
			return fmt.Errorf("profile: %v without a server to hit: %s", k, strings.Join(hosts, ", "))
		}
	}
	if p.ClientCrashes > 0 && len(clients) == 0 {
		return fmt.Errorf("profile: ClientCrashes without a client to hit: %s", strings.Join(hosts, ", "))
	}
	return nil
}

// final is the host that looks at everything when the faults are over, so none can
// hit it.
const final = "final"

// IsServer reports whether crash-like faults may hit the host. A profile that does
// not name its servers means every host that is no client and not "final".
func (p Profile) IsServer(host string) bool {
	if len(p.Servers) == 0 {
		return host != final && !p.IsClient(host)
	}
	return longestPrefix(host, p.Servers) > longestPrefix(host, p.Clients)
}

// IsClient reports whether the host is a client: it may only crash, and the
// programs that make it one start again with it or never.
func (p Profile) IsClient(host string) bool {
	n := longestPrefix(host, p.Clients)
	return n > 0 && n >= longestPrefix(host, p.Servers)
}

// split sorts the hosts into servers and clients. A host that no prefix names is in
// neither.
func (p Profile) split(hosts []string) (servers, clients []string) {
	for _, h := range hosts {
		switch {
		case p.IsServer(h):
			servers = append(servers, h)
		case p.IsClient(h):
			clients = append(clients, h)
		}
	}
	return servers, clients
}

func longestPrefix(name string, prefixes []string) int {
	longest := 0
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			longest = max(longest, len(p))
		}
	}
	return longest
}
