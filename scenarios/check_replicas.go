package scenarios

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// stillness is how long a region has to be at rest for its copies to be equal: news
// reach all members in much less.
const stillness = time.Second

// checkReplicas compares the copies of every region: at no record do two of them
// differ, what a member has is a part of what its predecessor in the chain has, and
// at the end, once nothing moves, all members of a chain are at the same record.
func checkReplicas(o *sim.Observation) error {
	r := replicas{
		at: map[place]state{}, last: map[copyOf]store.Applied{}, moved: map[store.RegionID]time.Duration{},
		gone: map[string]uint64{}, back: rollBacks(o),
	}
	settled := time.Duration(-1)
	for i := range o.Notes {
		n := &o.Notes[i]
		var err error
		switch f := n.Fact.(type) {
		case store.Published:
			r.config = f.Config
		case Settled:
			settled = n.At
		case store.Applied:
			err = r.apply(n, f)
		case store.Persisted:
			err = r.persist(n, f.Marks)
		case store.Recovered:
			if !f.Corrupt {
				err = r.persist(n, f.Copies)
			}
		case sim.DiskLost:
			r.lose(n.Host, f)
		}
		if err != nil {
			return err
		}
	}
	if settled < 0 || r.config == nil {
		return nil
	}
	return r.compare(settled)
}

// A copyOf is a daemon's copy of a region.
type copyOf struct {
	host   string
	region store.RegionID
	data   uint64
}

// A place is a record in the history of a region, and state what a copy held
// after it.
type (
	place struct {
		region store.RegionID
		seq    uint64
	}
	state struct {
		digest uint64
		host   string
	}
)

// replicas follows the copies of regions.
type replicas struct {
	config *store.Config
	at     map[place]state
	last   map[copyOf]store.Applied
	moved  map[store.RegionID]time.Duration // when a copy of it last changed
	synced durables
	gone   map[string]uint64 // boots of hosts up to which their copies are gone
	// back has the places from which on regions that lost records give their
	// numbers to others.
	back map[store.RegionID]int64
}

func (r *replicas) apply(n *sim.Note, f store.Applied) error {
	r.last[copyOf{n.Host, f.Region, f.Data}] = f
	r.moved[f.Region] = n.At
	if at, ok := r.back[f.Region]; ok && n.Seq > at {
		return nil
	}
	p := place{f.Region, f.Seq}
	if old, ok := r.at[p]; ok && old.digest != f.Digest {
		return fmt.Errorf("region %d after record %d differs between %s and %s", f.Region, f.Seq, old.host, n.Host)
	}
	r.at[p] = state{f.Digest, n.Host}
	return nil
}

// persist is about one member of a chain that has more than the one before it: if
// both lose their power, records that only the later one has come back from nowhere.
// Where the promise is about memory, a member may sync first.
func (r *replicas) persist(n *sim.Note, marks []store.Mark) error {
	r.synced.raise(n.Host, marks)
	for _, m := range marks {
		if r.config == nil || int(m.Region) >= len(r.config.Regions) {
			continue
		}
		g := &r.config.Regions[m.Region]
		i := g.Index(n.Host)
		if i < 1 || g.Chain[i].Data != m.Data || r.config.Space(g.Space).Durability != store.Synced {
			continue
		}
		before := g.Chain[i-1]
		if has := r.synced.seq(before.Host, m.Region, before.Data); has < m.Seq {
			return fmt.Errorf("region %d: %s has synced up to record %d and its predecessor %s only up to %d", m.Region, n.Host, m.Seq, before.Host, has)
		}
	}
	return nil
}

// lose notes copies that are gone with their disk: nothing is asked of them, and a
// chain that has no others still names them. A disk that is only damaged is in use.
func (r *replicas) lose(host string, f sim.DiskLost) {
	if kind, ok := faults.ParseKind(f.Why); ok && !kind.Down() {
		return
	}
	r.gone[host] = max(r.gone[host], f.Boot)
}

// compare is about the end, after the system was found whole.
func (r *replicas) compare(settled time.Duration) error {
	for i := range r.config.Regions {
		g := &r.config.Regions[i]
		if r.moved[g.ID] > settled-stillness {
			continue // by an operation that nobody waited for
		}
		var first *store.Member
		for j := range g.Chain {
			m := &g.Chain[j]
			if m.Boot <= r.gone[m.Host] {
				continue
			}
			if first == nil {
				first = m
				continue
			}
			has, want := r.last[copyOf{m.Host, g.ID, m.Data}].Seq, r.last[copyOf{first.Host, g.ID, first.Data}].Seq
			if has != want {
				return fmt.Errorf("region %d: %s is at record %d and %s at %d though nothing moves", g.ID, first.Host, want, m.Host, has)
			}
		}
	}
	return nil
}
