package store

import (
	"cmp"
	"slices"
)

// A sighting is what the coordinator knows of a daemon when it decides.
type sighting struct {
	Daemon
	Alive   bool
	Corrupt bool
	// Unsure says that its log had a torn end a short time ago: it may have less than
	// it promised, and only another copy can tell.
	Unsure bool
	Lost   []lostCopy
}

// sightings are sorted by host.
type sightings []sighting

func (s sightings) of(host string) *sighting {
	i, found := slices.BinarySearchFunc(s, host, func(d sighting, h string) int { return cmp.Compare(d.Host, h) })
	if !found {
		return nil
	}
	return &s[i]
}

// usable reports that the incarnation is up and could hold a copy.
func (s sightings) usable(host string, boot, disk uint64) bool {
	d := s.of(host)
	return d != nil && d.Alive && !d.Corrupt && d.Boot == boot && d.Disk == disk
}

// A condition is what is known of one member's copy.
type condition uint8

const (
	present condition = iota // up, with its copy
	away                     // down; the copy may be intact
	gone                     // the copy is lost
)

func (s sightings) condition(r *Region, m Member) condition {
	d := s.of(m.Host)
	switch {
	case d == nil:
		return away
	case d.Corrupt || d.Disk != m.Disk || slices.Contains(d.Lost, lostCopy{Region: r.ID, Data: m.Data}):
		return gone
	case d.Alive:
		return present
	}
	return away
}

// survivors returns the chain that is left of a region: the members that are up.
// If none is, nobody is dropped whose copy may come back, for each of them may
// be the only one to have what was committed; and the last copy is never dropped,
// even if it seems lost: a region without data is unavailable, not empty. Those that
// are unsure of what they have wait for one that is down, for a time.
func survivors(r *Region, durability Durability, seen sightings) []Member {
	var up, down []Member
	rebooted, unsure := 0, 0
	for _, m := range r.Chain {
		switch seen.condition(r, m) {
		case present:
			boot := seen.of(m.Host).Boot
			if boot != m.Boot {
				rebooted++
			}
			if seen.of(m.Host).Unsure {
				unsure++
			}
			m.Boot = boot
			up = append(up, m)
		case away:
			down = append(down, m)
		}
	}
	switch {
	case len(down) > 0 && len(up) > 0 && unsure == len(up):
		return r.Chain
	case len(up) > 0:
		if durability == Replicated && rebooted > 0 {
			return withMemory(r, up)
		}
		return up
	case len(down) > 0:
		return down
	}
	return r.Chain
}

// withMemory drops the members that rebooted from the chain of a space that does
// not promise more than memory: they may have forgotten what they told their
// neighbours. If all did, the first knows most.
func withMemory(r *Region, up []Member) []Member {
	var out []Member
	for _, m := range up {
		if r.Chain[r.Index(m.Host)].Boot == m.Boot {
			out = append(out, m)
		}
	}
	if len(out) == 0 {
		return up[:1]
	}
	return out
}

// outdated returns the regions whose chain is not what it should be. They have to
// be fenced before it can be changed. caught has the transfers whose joiner has
// caught up.
func outdated(c *Config, seen sightings, caught map[RegionID]uint64) []RegionID {
	var out []RegionID
	for i := range c.Regions {
		r := &c.Regions[i]
		j := r.Joining
		joins := j.Transfer != 0 && caught[r.ID] == j.Transfer && seen.usable(j.Host, j.Boot, j.Disk)
		if joins || !slices.Equal(r.Chain, survivors(r, c.Space(r.Space).Durability, seen)) {
			out = append(out, r.ID)
		}
	}
	return out
}

// A readiness says what the next configuration may change.
type readiness struct {
	// fenced regions get a new Version, and their chain as it should be.
	fenced map[RegionID]bool
	// handed has the transfers that are complete.
	handed map[RegionID]uint64
	// spaces are to be created.
	spaces []AddSpace
}

// next returns the configuration that follows c, or nil if nothing is to change.
func next(c *Config, seen sightings, ready readiness) *Config {
	n := &Config{
		Epoch:   c.Epoch + 1,
		Daemons: register(c.Daemons, seen),
		Spaces:  slices.Clone(c.Spaces),
		Regions: slices.Clone(c.Regions),
	}
	for i := range n.Regions {
		r := &n.Regions[i]
		if ready.fenced[r.ID] {
			rechain(r, n, seen, ready.handed[r.ID])
		}
		if j := r.Joining; j.Transfer != 0 && !seen.usable(j.Host, j.Boot, j.Disk) {
			r.Joining = Joiner{}
		}
	}
	for _, s := range ready.spaces {
		n.create(s, seen)
	}
	n.recruit(seen)
	if slices.Equal(n.Daemons, c.Daemons) && len(n.Spaces) == len(c.Spaces) && slices.EqualFunc(n.Regions, c.Regions, sameRegion) {
		return nil
	}
	return n
}

func sameRegion(a, b Region) bool {
	return a.Version == b.Version && a.Joining == b.Joining && slices.Equal(a.Chain, b.Chain)
}

// rechain gives a fenced region its new chain: the survivors, and the joiner if
// its transfer is complete.
func rechain(r *Region, n *Config, seen sightings, handed uint64) {
	chain := slices.Clone(survivors(r, n.Space(r.Space).Durability, seen))
	if j := r.Joining; j.Transfer != 0 && handed == j.Transfer && seen.usable(j.Host, j.Boot, j.Disk) {
		chain = append(chain, Member{Host: j.Host, Boot: j.Boot, Disk: j.Disk, Data: j.Transfer})
	}
	r.Chain, r.Version, r.Joining = chain, n.Epoch, Joiner{}
}

// register adds the daemons that were seen, and their newest boot and disk.
func register(daemons []Daemon, seen sightings) []Daemon {
	out := slices.Clone(daemons)
	for i := range seen {
		d := seen[i].Daemon
		if seen[i].Corrupt {
			continue
		}
		at, found := slices.BinarySearchFunc(out, d.Host, func(o Daemon, h string) int { return cmp.Compare(o.Host, h) })
		if found {
			out[at] = d
		} else {
			out = slices.Insert(out, at, d)
		}
	}
	return out
}

// create adds a space with empty regions, if there are enough daemons.
func (c *Config) create(s AddSpace, seen sightings) {
	if c.Space(s.Space.Name) != nil || available(seen) <= s.Space.Tolerate {
		return
	}
	c.Spaces = append(c.Spaces, Space{Def: s.Space, Durability: s.Durability, First: RegionID(len(c.Regions))})
	for range s.Space.Partitions {
		r := Region{ID: RegionID(len(c.Regions)), Space: s.Space.Name, Version: c.Epoch}
		for range s.Space.Tolerate + 1 {
			d := c.choose(&r, seen)
			r.Chain = append(r.Chain, Member{Host: d.Host, Boot: d.Boot, Disk: d.Disk})
		}
		c.spread(r.Chain)
		c.Regions = append(c.Regions, r)
	}
}

// spread puts the members of a new chain in order. The head decides every write
// and the tail answers every read, so whoever leads the fewest chains becomes the
// head, and whoever ends the fewest of those that are left the tail.
func (c *Config) spread(chain []Member) {
	heads, tails := map[string]int{}, map[string]int{}
	for i := range c.Regions {
		heads[c.Regions[i].Head().Host]++
		tails[c.Regions[i].Tail().Host]++
	}
	slices.SortStableFunc(chain, func(a, b Member) int {
		// Among equals the one that has been a tail more often is the head.
		return cmp.Or(cmp.Compare(heads[a.Host], heads[b.Host]), cmp.Compare(tails[b.Host], tails[a.Host]))
	})
	slices.SortStableFunc(chain[1:], func(a, b Member) int { return cmp.Compare(tails[b.Host], tails[a.Host]) })
}

// recruit gives every region that is short of members and otherwise well a joiner.
func (c *Config) recruit(seen sightings) {
	for i := range c.Regions {
		r := &c.Regions[i]
		if r.Joining.Transfer != 0 || len(r.Chain) > c.Space(r.Space).Def.Tolerate {
			continue
		}
		if slices.ContainsFunc(r.Chain, func(m Member) bool { return !seen.usable(m.Host, m.Boot, m.Disk) }) {
			continue
		}
		if d := c.choose(r, seen); d != nil {
			r.Joining = Joiner{Host: d.Host, Boot: d.Boot, Disk: d.Disk, Transfer: c.Epoch}
		}
	}
}

// choose picks the usable daemon outside the chain that has least to do; ties go
// round with the number of the region.
func (c *Config) choose(r *Region, seen sightings) *sighting {
	var best *sighting
	bestLoad := 0
	for i := range seen {
		d := &seen[(i+int(r.ID))%len(seen)]
		if !d.Alive || d.Corrupt || r.Index(d.Host) >= 0 {
			continue
		}
		if load := c.load(d.Host); best == nil || load < bestLoad {
			best, bestLoad = d, load
		}
	}
	return best
}

func (c *Config) load(host string) int {
	n := 0
	for i := range c.Regions {
		if r := &c.Regions[i]; r.Index(host) >= 0 || r.Joining.Host == host {
			n++
		}
	}
	return n
}

// available counts the daemons that could hold a copy.
func available(seen sightings) int {
	n := 0
	for i := range seen {
		if seen[i].Alive && !seen[i].Corrupt {
			n++
		}
	}
	return n
}
