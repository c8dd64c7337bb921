package store

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/simrun/simrun/models"
)

// A Config says which daemons serve which region. The coordinator makes it durable
// before anybody else sees it, and never changes one that it has published, so a
// Config is shared freely and must not be written to.
type Config struct {
	// Epoch grows with every change.
	Epoch uint64
	// By is the host of the coordinator that decided it.
	By      string
	Daemons []Daemon // that ever registered, sorted by host
	Spaces  []Space
	Regions []Region // Regions[i].ID is i
}

// A Daemon is a registered server.
type Daemon struct {
	Host string
	Boot uint64
	// Disk is a random number that the daemon wrote on its empty disk, so a daemon
	// that lost its disk is a new member.
	Disk uint64
}

// A Space is a space that exists, and its regions: First and the Partitions-1
// that follow.
type Space struct {
	Def        models.Space
	Durability Durability
	First      RegionID
}

// A Durability is when an operation counts as committed.
type Durability uint8

const (
	// Synced: every member of the chain has it on disk. It survives the power loss
	// of all hosts at once.
	Synced Durability = iota
	// Replicated: every member of the chain has it in memory. It survives the
	// crash of as many members as the space tolerates.
	Replicated
)

// String returns "synced" or "replicated", as in knobs.
func (d Durability) String() string {
	if d == Replicated {
		return "replicated"
	}
	return "synced"
}

// ParseDurability is the inverse of String.
func ParseDurability(text string) (Durability, error) {
	switch text {
	case "synced":
		return Synced, nil
	case "replicated":
		return Replicated, nil
	}
	return 0, fmt.Errorf("durability %q: want synced or replicated", text)
}

// A RegionID is the index of a region in its Config.
type RegionID uint32

// A Region is the part of a space that one chain of daemons serves.
type Region struct {
	ID    RegionID
	Space string
	// Version is the epoch in which the chain last changed or a member of it
	// rebooted. Requests and chain messages of another Version are not served.
	Version uint64
	// Chain is the members, head first; writes enter at the head and reads are
	// answered by the tail. It is never empty.
	Chain []Member
	// Joining receives a copy of the region; no one if its Transfer is 0.
	Joining Joiner
}

// A Member is one incarnation of a daemon that holds a full copy of a region.
type Member struct {
	Host string
	Boot uint64
	Disk uint64
	// Data is the transfer by which the member got its copy, or 0 if it began
	// empty together with the space. A member whose disk holds another Data has
	// lost the copy.
	Data uint64
}

// A Joiner is a daemon that is being given a copy of a region.
type Joiner struct {
	Host string
	Boot uint64
	Disk uint64
	// Transfer is the epoch in which this transfer was decided.
	Transfer uint64
}

// Head returns the member that decides and orders the writes.
func (r *Region) Head() Member { return r.Chain[0] }

// Tail returns the member that answers reads.
func (r *Region) Tail() Member { return r.Chain[len(r.Chain)-1] }

// Index returns the place of a host in the chain, or -1.
func (r *Region) Index(host string) int {
	return slices.IndexFunc(r.Chain, func(m Member) bool { return m.Host == host })
}

// Space returns the space of that name, or nil.
func (c *Config) Space(name string) *Space {
	for i := range c.Spaces {
		if c.Spaces[i].Def.Name == name {
			return &c.Spaces[i]
		}
	}
	return nil
}

// RegionOf returns the region of a key, or nil if there is no such space.
func (c *Config) RegionOf(space, key string) *Region {
	s := c.Space(space)
	if s == nil {
		return nil
	}
	h := fnv.New64a()
	h.Write([]byte(key))
	return &c.Regions[int(s.First)+int(h.Sum64()%uint64(s.Def.Partitions))]
}

// counts reports that some chain counts on a host.
func (c *Config) counts(host string) bool {
	return slices.ContainsFunc(c.Regions, func(r Region) bool { return r.Index(host) >= 0 })
}

// Daemon returns the registration of a host, or nil.
func (c *Config) Daemon(host string) *Daemon {
	for i := range c.Daemons {
		if c.Daemons[i].Host == host {
			return &c.Daemons[i]
		}
	}
	return nil
}

// Equal reports that two configurations say the same.
func (c *Config) Equal(o *Config) bool {
	return c == o || c.Epoch == o.Epoch && slices.Equal(c.Daemons, o.Daemons) &&
		slices.EqualFunc(c.Spaces, o.Spaces, func(a, b Space) bool {
			return a.Def.String() == b.Def.String() && a.Durability == b.Durability && a.First == b.First
		}) && slices.EqualFunc(c.Regions, o.Regions, sameRegion)
}

// String prints the configuration for people, a line a region:
//
//	epoch 7  daemons daemon1.2 daemon2.1
//	region 0 friendlists v5  daemon1.2 daemon2.1(data 4)  joining daemon3.1 (transfer 7)
func (c *Config) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "epoch %d  daemons", c.Epoch)
	for _, d := range c.Daemons {
		fmt.Fprintf(&b, " %s.%d", d.Host, d.Boot)
	}
	for i := range c.Regions {
		r := &c.Regions[i]
		fmt.Fprintf(&b, "\nregion %d %s v%d ", r.ID, r.Space, r.Version)
		for _, m := range r.Chain {
			fmt.Fprintf(&b, " %s.%d", m.Host, m.Boot)
			if m.Data != 0 {
				fmt.Fprintf(&b, "(data %d)", m.Data)
			}
		}
		if j := r.Joining; j.Transfer != 0 {
			fmt.Fprintf(&b, "  joining %s.%d (transfer %d)", j.Host, j.Boot, j.Transfer)
		}
	}
	return b.String()
}
