package store

import (
	"cmp"
	"slices"
	"time"
)

// A change replaces the chains of some regions. First their members are fenced:
// each acknowledges that it serves them no more, or its lease runs out. Only then
// the new chains are decided, from what is known by then.
type change struct {
	epoch   uint64
	regions []RegionID
	waiting []waiter // members that have not acknowledged, sorted by host; they get no lease

	// Transfers to complete while the regions stand still. Only the source can say
	// that one is; after handUntil the joiners that are not ready are left out.
	handing   []handing
	handed    map[RegionID]uint64
	handUntil time.Duration
}

// A waiter is a member of an old chain.
type waiter struct {
	host  string
	boot  uint64
	until time.Duration // when its lease has run out for certain
}

// A handing is a transfer that its source is to complete.
type handing struct {
	fenced
	source Member
	joiner Joiner
}

func (ch *change) waitsFor(host string, boot uint64) bool {
	return slices.ContainsFunc(ch.waiting, func(w waiter) bool { return w.host == host && w.boot == boot })
}

// begin fences regions.
func (c *coordinator) begin(regions []RegionID) {
	now := c.env.Clock.Now()
	ch := &change{
		epoch:     c.config.Epoch + 1,
		regions:   regions,
		handed:    map[RegionID]uint64{},
		handUntil: now + outlasted(c.timing.Lease),
	}
	for _, id := range regions {
		r := &c.config.Regions[id]
		for _, m := range r.Chain {
			if ch.waitsFor(m.Host, m.Boot) {
				continue
			}
			if v := c.views[m.Host]; v == nil || v.Boot == m.Boot {
				ch.waiting = append(ch.waiting, waiter{host: m.Host, boot: m.Boot, until: c.leaseEnd(v)})
			}
		}
		if j := r.Joining; j.Transfer != 0 && c.caught[id] == j.Transfer {
			ch.handing = append(ch.handing, handing{fenced: fenced{Region: id, Transfer: j.Transfer}, source: r.Tail(), joiner: j})
		}
	}
	slices.SortFunc(ch.waiting, func(a, b waiter) int { return cmp.Compare(a.host, b.host) })
	c.change = ch
	c.sendFences()
}

// leaseEnd is when the last lease of a daemon is over on its own clock.
func (c *coordinator) leaseEnd(v *view) time.Duration {
	if v == nil {
		return 0
	}
	return v.granted + outlasted(c.timing.Lease)
}

// sendFences asks for what is outstanding.
func (c *coordinator) sendFences() {
	ch := c.change
	var hosts []string
	for _, w := range ch.waiting {
		hosts = append(hosts, w.host)
	}
	for _, h := range ch.handing {
		if ch.handed[h.Region] == 0 && !slices.Contains(hosts, h.source.Host) {
			hosts = append(hosts, h.source.Host)
		}
	}
	for _, host := range hosts {
		f := fence{From: c.env.Host, Coord: c.term, Epoch: ch.epoch}
		for _, id := range ch.regions {
			if c.config.Regions[id].Index(host) >= 0 {
				f.Regions = append(f.Regions, fenced{Region: id, Transfer: ch.transferFrom(id, host)})
			}
		}
		c.env.Send(c.env.PID(host+"/"+StoreActor), f)
	}
}

// transferFrom is the transfer of a region that the host is to complete, or 0.
func (ch *change) transferFrom(id RegionID, host string) uint64 {
	for _, h := range ch.handing {
		if h.Region == id && h.source.Host == host {
			return h.Transfer
		}
	}
	return 0
}

func (c *coordinator) onFenceAck(m fenceAck) {
	ch := c.change
	if ch == nil || m.Epoch != ch.epoch || m.Coord != c.term {
		return
	}
	ch.waiting = slices.DeleteFunc(ch.waiting, func(w waiter) bool { return w.host == m.Host && w.boot == m.Boot })
	for _, h := range ch.handing {
		if h.source.Host == m.Host && h.source.Boot == m.Boot && slices.Contains(m.Handed, h.fenced) {
			ch.handed[h.Region] = h.Transfer
		}
	}
	c.act()
}

// complete reports that no old chain can serve any more, and that the joiners had
// their time. A member whose lease is over stays in waiting: it must not get
// another before the change is published.
func (c *coordinator) complete() bool {
	ch := c.change
	now := c.env.Clock.Now()
	for _, w := range ch.waiting {
		v := c.views[w.host]
		if rebooted := v != nil && v.Boot > w.boot; !rebooted && now <= w.until {
			return false
		}
	}
	if now > ch.handUntil {
		return true
	}
	seen := c.sightings()
	return !slices.ContainsFunc(ch.handing, func(h handing) bool {
		return ch.handed[h.Region] == 0 &&
			seen.usable(h.source.Host, h.source.Boot, h.source.Disk) &&
			seen.usable(h.joiner.Host, h.joiner.Boot, h.joiner.Disk)
	})
}

// finish decides the new chains and has them saved. The change is over when they
// are published.
func (c *coordinator) finish() {
	ready := readiness{fenced: map[RegionID]bool{}, handed: c.change.handed, spaces: c.wanted}
	for _, id := range c.change.regions {
		ready.fenced[id] = true
	}
	c.save(next(c.config, c.sightings(), ready))
}
