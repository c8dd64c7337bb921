package scenarios

import (
	"fmt"
	"slices"
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// checkConfigurations holds the coordinator to one configuration an epoch,
// everybody to epochs that grow, and daemons to silence once a region has another
// chain than they think.
func checkConfigurations(o *sim.Observation) error {
	type node struct {
		path string
		boot uint64
	}
	published := map[uint64]*store.Config{}
	latest := map[node]uint64{}
	var last uint64
	var current []store.Region
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case store.Served:
			if now := current[f.Region].Version; f.Version < now {
				return fmt.Errorf("%s answered for version %d of region %d after version %d was published", n.Path, f.Version, f.Region, now)
			}
		case store.Leased:
			for i := range f.Config.Regions {
				r := &f.Config.Regions[i]
				if now := current[r.ID].Version; r.Version < now && serves(r, n.Host, f.Boot) && !slices.Contains(f.Idle, r.ID) {
					return fmt.Errorf("%s has a lease for version %d of region %d after version %d was published", n.Path, r.Version, r.ID, now)
				}
			}
		case store.Published:
			// After a restart the coordinator begins with the last one again.
			if f.Config.Epoch < last || f.Config.Epoch == last && !f.Config.Equal(published[last]) {
				return fmt.Errorf("%s published epoch %d after epoch %d", n.Path, f.Config.Epoch, last)
			}
			last = f.Config.Epoch
			published[last] = f.Config
			current = f.Config.Regions
		case store.Adopted:
			at := node{n.Path, f.Boot}
			if f.Config.Epoch <= latest[at] {
				return fmt.Errorf("%s adopted epoch %d after epoch %d", n.Path, f.Config.Epoch, latest[at])
			}
			latest[at] = f.Config.Epoch
			if c := published[f.Config.Epoch]; c == nil || !c.Equal(f.Config) {
				return fmt.Errorf("%s adopted a configuration of epoch %d that was not published:\n%v", n.Path, f.Config.Epoch, f.Config)
			}
		}
	}
	return nil
}

// serves reports that the incarnation of a host is at an end of the chain, where
// operations are answered.
func serves(r *store.Region, host string, boot uint64) bool {
	i := r.Index(host)
	return i >= 0 && (i == 0 || i == len(r.Chain)-1) && r.Chain[i].Boot == boot
}

// A copyOf is a daemon's copy of a region.
type copyOf struct {
	host   string
	region store.RegionID
	data   uint64
}

// checkDisks holds a chain to what it promises: when the head answers, every member
// has synced, and whoever becomes a member has synced all that was answered for.
func checkDisks(o *sim.Observation) error {
	type chain struct {
		region  store.RegionID
		version uint64
	}
	members := map[chain][]store.Member{}
	synced := map[copyOf]uint64{}
	answered := map[store.RegionID]uint64{}
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case store.Published:
			for i := range f.Config.Regions {
				r := &f.Config.Regions[i]
				at := chain{r.ID, r.Version}
				if members[at] != nil || f.Config.Space(r.Space).Durability != store.Synced {
					continue
				}
				members[at] = r.Chain
				for _, m := range r.Chain {
					if has := synced[copyOf{m.Host, r.ID, m.Data}]; has < answered[r.ID] {
						return fmt.Errorf("%s became a member of region %d (version %d) with records up to %d, and %d was answered for",
							m.Host, r.ID, r.Version, has, answered[r.ID])
					}
				}
			}
		case store.Persisted:
			for _, m := range f.Marks {
				at := copyOf{n.Host, m.Region, m.Data}
				synced[at] = max(synced[at], m.Seq)
			}
		case store.Committed:
			answered[f.Region] = max(answered[f.Region], f.Seq)
			for _, m := range members[chain{f.Region, f.Version}] {
				if has := synced[copyOf{m.Host, f.Region, m.Data}]; has < f.Seq {
					return fmt.Errorf("%s answered for record %d of region %d (version %d) when %s had synced up to %d",
						n.Host, f.Seq, f.Region, f.Version, m.Host, has)
				}
			}
		}
	}
	return nil
}

// checkRefusals holds the store to refusing what the space does not take, for the
// right reason, and nothing else. A client may also refuse for want of room, or if
// it hears of no such space.
func checkRefusals(o *sim.Observation) error {
	for _, n := range o.Notes {
		f, ok := n.Fact.(RefusedAs)
		if !ok || f.Status == models.Throttled || f.Status == models.UnknownSpace {
			continue
		}
		if want := spaceOf(f.Op).Refuse(f.Op); f.Status != want {
			return fmt.Errorf("%s: %v was refused with %v, want %v", n.Host, f.Op, f.Status, want)
		}
	}
	for i := range o.History.Operations {
		op := &o.History.Operations[i]
		if op.Certainty != linearizability.Done {
			continue
		}
		do := op.Input.(models.Op)
		if want := spaceOf(do).Refuse(do); want != models.Success {
			return fmt.Errorf("%v was answered and not refused with %v", op, want)
		}
	}
	return nil
}

// spaceOf finds the space of an operation that a client of the scenarios issued.
func spaceOf(op models.Op) models.Space {
	for _, s := range storeSpaces {
		if s.Name == op.Space {
			return s
		}
	}
	return models.Space{}
}

// stillness is how long a region has to be at rest for its copies to be equal: news
// reach all members in much less.
const stillness = time.Second

// checkReplicas compares the copies of every region: at no record do two of them
// differ, and at the end, once nothing moves, all members of a chain are at the
// same record.
func checkReplicas(o *sim.Observation) error {
	type place struct {
		region store.RegionID
		seq    uint64
	}
	type state struct {
		digest uint64
		host   string
	}
	at := map[place]state{}
	last := map[copyOf]store.Applied{}
	moved := map[store.RegionID]time.Duration{} // when a copy of it last changed
	settled := time.Duration(-1)
	var config *store.Config
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case store.Published:
			config = f.Config
		case Settled:
			settled = n.At
		case store.Applied:
			last[copyOf{n.Host, f.Region, f.Data}] = f
			moved[f.Region] = n.At
			p := place{f.Region, f.Seq}
			if old, ok := at[p]; ok && old.digest != f.Digest {
				return fmt.Errorf("region %d after record %d differs between %s and %s", f.Region, f.Seq, old.host, n.Host)
			}
			at[p] = state{f.Digest, n.Host}
		}
	}
	if settled < 0 || config == nil {
		return nil
	}
	for i := range config.Regions {
		r := &config.Regions[i]
		if moved[r.ID] > settled-stillness {
			continue // by an operation that nobody waited for
		}
		head := last[copyOf{r.Head().Host, r.ID, r.Head().Data}]
		for _, m := range r.Chain[1:] {
			if f := last[copyOf{m.Host, r.ID, m.Data}]; f.Seq != head.Seq {
				return fmt.Errorf("region %d: %s is at record %d and %s at %d though nothing moves", r.ID, r.Head().Host, head.Seq, m.Host, f.Seq)
			}
		}
	}
	return nil
}
