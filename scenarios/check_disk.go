package scenarios

import (
	"fmt"
	"maps"
	"slices"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// checkDisks holds a chain to what it promises: when the head answers, every member
// has synced, whoever becomes a member has synced all that was answered for, and
// what was synced is there after a restart.
func checkDisks(o *sim.Observation) error {
	d := disks{
		members: map[chainID][]store.Member{}, answered: map[store.RegionID]uint64{},
		number: map[string]uint64{}, damaged: map[string]bool{}, wiped: map[string]bool{}, back: rollBacks(o),
	}
	for i := range o.Notes {
		n := &o.Notes[i]
		var err error
		switch f := n.Fact.(type) {
		case store.Published:
			err = d.publish(n, f.Config)
		case store.Persisted:
			d.synced.raise(n.Host, f.Marks)
		case store.Recovered:
			err = d.recover(n, f)
		case store.Committed:
			err = d.answer(n, f)
		case sim.FaultBegan:
			d.damage(f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// disks follows what is durable.
type disks struct {
	members  map[chainID][]store.Member // of spaces whose promise is about disks
	synced   durables
	answered map[store.RegionID]uint64

	number  map[string]uint64 // of each host's disk
	damaged map[string]bool   // a fault has touched synced bytes
	wiped   map[string]bool   // since the last start
	back    map[store.RegionID]int64
}

// durables are the daemons' copies by region. There are few of a region.
type durables [][]durable

// A durable says up to which record a copy is synced. It is over once its disk is
// another one.
type durable struct {
	host string
	data uint64
	seq  uint64
	over bool
}

// seq is the last synced record of a copy, also if its disk is another one now.
func (c durables) seq(host string, region store.RegionID, data uint64) uint64 {
	seq := uint64(0)
	if int(region) < len(c) {
		for i := range c[region] {
			if d := &c[region][i]; d.data == data && d.host == host {
				seq = max(seq, d.seq)
			}
		}
	}
	return seq
}

// raise notes what a host has synced.
func (c *durables) raise(host string, marks []store.Mark) {
next:
	for _, m := range marks {
		for int(m.Region) >= len(*c) {
			*c = append(*c, nil)
		}
		for i := range (*c)[m.Region] {
			if d := &(*c)[m.Region][i]; d.data == m.Data && d.host == host && !d.over {
				d.seq = max(d.seq, m.Seq)
				continue next
			}
		}
		(*c)[m.Region] = append((*c)[m.Region], durable{host: host, data: m.Data, seq: m.Seq})
	}
}

// newest is the copy that came to a host last; a later transfer gives the earlier
// copy up.
func (c durables) newest(host string, region int) durable {
	var last durable
	for _, d := range c[region] {
		if d.host == host && !d.over && d.data >= last.data {
			last = d
		}
	}
	return last
}

// end notes that a host has another disk.
func (c durables) end(host string) {
	for region := range c {
		for i := range c[region] {
			if d := &c[region][i]; d.host == host {
				d.over = true
			}
		}
	}
}

func (d *disks) publish(n *sim.Note, c *store.Config) error {
	for i := range c.Regions {
		r := &c.Regions[i]
		at := chainID{r.ID, r.Version}
		if d.members[at] != nil || c.Space(r.Space).Durability != store.Synced {
			continue
		}
		d.members[at] = r.Chain
		if since, ok := d.back[r.ID]; ok && n.Seq >= since {
			continue // every copy was destroyed, and less was promised from then on
		}
		for _, m := range r.Chain {
			if has := d.synced.seq(m.Host, r.ID, m.Data); has < d.answered[r.ID] {
				return fmt.Errorf("%s became a member of region %d (version %d) with records up to %d, and %d was answered for",
					m.Host, r.ID, r.Version, has, d.answered[r.ID])
			}
		}
	}
	return nil
}

// recover compares what a daemon found when it started with what it had synced. A
// disk that a fault has touched need not hold it, and one that is damaged without a
// fault was written badly.
func (d *disks) recover(n *sim.Note, f store.Recovered) error {
	old := d.number[n.Host]
	excused := d.damaged[n.Host] || d.wiped[n.Host]
	d.number[n.Host] = f.Disk
	d.wiped[n.Host] = f.Corrupt // it begins with an empty disk then
	if f.Corrupt && !excused {
		return fmt.Errorf("%s found its log damaged, and nothing had touched what was synced", n.Host)
	}
	if !f.Corrupt && !excused {
		if err := d.missing(n.Host, f.Copies); err != nil {
			return err
		}
	}
	if f.Corrupt || f.Disk != old {
		d.synced.end(n.Host)
	}
	if !f.Corrupt {
		d.synced.raise(n.Host, f.Copies)
	}
	return nil
}

// missing finds a record that was synced and is not there any more.
func (d *disks) missing(host string, found []store.Mark) error {
	for region := range d.synced {
		want := d.synced.newest(host, region)
		if want.seq == 0 {
			continue
		}
		var has store.Mark
		for _, m := range found {
			if int(m.Region) == region {
				has = m
			}
		}
		if has.Data < want.data || has.Data == want.data && has.Seq < want.seq {
			return fmt.Errorf("%s had synced record %d of region %d and found records up to %d when it started", host, want.seq, region, has.Seq)
		}
	}
	return nil
}

func (d *disks) answer(n *sim.Note, f store.Committed) error {
	d.answered[f.Region] = max(d.answered[f.Region], f.Seq)
	for _, m := range d.members[chainID{f.Region, f.Version}] {
		if has := d.synced.seq(m.Host, f.Region, m.Data); has < f.Seq {
			return fmt.Errorf("%s answered for record %d of region %d (version %d) when %s had synced up to %d",
				n.Host, f.Seq, f.Region, f.Version, m.Host, has)
		}
	}
	return nil
}

// destructive are the kinds of faults that touch what was synced, or that have a
// sync lie; a wipe is over when the host starts again.
var destructive = map[string]bool{"wipe": true, "destroy": true, "rot": true, "misread": true, "misdirect": true, "lying-sync": true}

// damage notes whose disks a fault touches.
func (d *disks) damage(f sim.FaultBegan) {
	fault, err := faults.ParseFault(f.Text)
	if err != nil || !destructive[fault.Kind.String()] {
		return
	}
	for _, host := range slices.Sorted(maps.Keys(d.number)) {
		if !hits(fault, host) {
			continue
		}
		if fault.Kind == faults.Wipe {
			d.wiped[host] = true
		} else {
			d.damaged[host] = true
		}
	}
}

// hits reports whether a fault was applied to a host that is no client.
func hits(f faults.Fault, host string) bool {
	if len(f.Hosts) == 0 {
		return f.Host == host
	}
	for _, h := range f.Hosts {
		if h == host || h == faults.All {
			return true
		}
	}
	return false
}
