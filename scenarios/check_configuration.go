package scenarios

import (
	"fmt"
	"slices"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/sim"
)

// checkConfigurations holds the coordinator to one configuration an epoch,
// everybody to epochs that grow, and daemons to silence once a region has another
// chain than they think.
func checkConfigurations(o *sim.Observation) error {
	c := configurations{
		published: map[uint64]*store.Config{}, latest: map[life]uint64{},
		reached: map[store.RegionID]uint64{}, sealed: map[store.RegionID][]seal{},
	}
	for i := range o.Notes {
		n := &o.Notes[i]
		var err error
		switch f := n.Fact.(type) {
		case store.Published:
			err = c.publish(n, f.Config)
		case store.Adopted:
			err = c.adopt(n, f)
		case store.Reached:
			c.reached[f.Region] = max(c.reached[f.Region], f.Seq)
		case store.Committed:
			err = c.answer(n, f)
		case store.Served:
			if r := c.region(f.Region); r != nil && f.Version < r.Version {
				err = fmt.Errorf("%s answered for version %d of region %d after version %d was published", n.Path, f.Version, f.Region, r.Version)
			}
		case store.Leased:
			err = c.lease(n, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A life is one incarnation of a host or of an actor on it, named by its path.
type life struct {
	path string
	boot uint64
}

// A chainID names a chain of daemons: that of a region in one Version of it.
type chainID struct {
	region  store.RegionID
	version uint64
}

// configurations follows what was published and who went by it.
type configurations struct {
	published map[uint64]*store.Config
	current   *store.Config // nil before the first
	latest    map[life]uint64
	// reached is the last record of a region that a tail has committed.
	reached map[store.RegionID]uint64
	sealed  map[store.RegionID][]seal
}

// A seal is made when the first member of a new chain goes by it: no more records
// can pass the old one, so only those that had can still be acknowledged in its
// name, by a head that has not heard. Before that the members of the new chain are
// all in the old one and have what it commits.
type seal struct{ version, last uint64 }

// region is the present state of a region; nil if there is none of that number.
func (c *configurations) region(id store.RegionID) *store.Region {
	if c.current == nil || int(id) >= len(c.current.Regions) {
		return nil
	}
	return &c.current.Regions[id]
}

func (c *configurations) publish(n *sim.Note, next *store.Config) error {
	// A coordinator that takes over begins with the last one again, and one that was
	// deposed may learn late that its last one was committed.
	if old := c.published[next.Epoch]; old != nil && old.Equal(next) {
		return nil
	}
	if last := c.current; last != nil && next.Epoch <= last.Epoch {
		return fmt.Errorf("%s published epoch %d after epoch %d", n.Path, next.Epoch, last.Epoch)
	}
	c.published[next.Epoch], c.current = next, next
	return nil
}

func (c *configurations) adopt(n *sim.Note, f store.Adopted) error {
	at := life{n.Path, f.Boot}
	if f.Config.Epoch <= c.latest[at] {
		return fmt.Errorf("%s adopted epoch %d after epoch %d", n.Path, f.Config.Epoch, c.latest[at])
	}
	c.latest[at] = f.Config.Epoch
	if p := c.published[f.Config.Epoch]; p == nil || !p.Equal(f.Config) {
		return fmt.Errorf("%s adopted a configuration of epoch %d that was not published:\n%v", n.Path, f.Config.Epoch, f.Config)
	}
	for i := range f.Config.Regions {
		r := &f.Config.Regions[i]
		seals := c.sealed[r.ID]
		if at := r.Index(n.Host); at < 0 || r.Chain[at].Boot != f.Boot || len(seals) > 0 && seals[len(seals)-1].version >= r.Version {
			continue
		}
		c.sealed[r.ID] = append(seals, seal{r.Version, c.reached[r.ID]})
	}
	return nil
}

// answer is about the head of a chain that acknowledges operations.
func (c *configurations) answer(n *sim.Note, f store.Committed) error {
	for _, s := range c.sealed[f.Region] {
		if s.version <= f.Version {
			continue
		}
		if f.Seq > s.last {
			return fmt.Errorf("%s acknowledged record %d of region %d for version %d, though version %d had begun with record %d",
				n.Path, f.Seq, f.Region, f.Version, s.version, s.last)
		}
		break
	}
	c.reached[f.Region] = max(c.reached[f.Region], f.Seq)
	return nil
}

func (c *configurations) lease(n *sim.Note, f store.Leased) error {
	for i := range f.Config.Regions {
		r := &f.Config.Regions[i]
		now := c.region(r.ID)
		if now != nil && r.Version < now.Version && serves(r, n.Host, f.Boot) && !slices.Contains(f.Idle, r.ID) {
			return fmt.Errorf("%s has a lease for version %d of region %d after version %d was published", n.Path, r.Version, r.ID, now.Version)
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
