package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// A storeOracle follows the chains of the store and what their members hold, and
// tells them to a Budget.
type storeOracle struct {
	options store.Options
	budget  *faults.Budget
	up      map[string]bool // daemons
	regions []copies
	spaces  int           // published
	config  *store.Config // the same; nil before the first
	// coordinators has the disks of these; they promise to remember the configuration.
	coordinators *groupOracle

	lives  map[string]incarnation // of each client, the last
	issued map[incarnation][]linearizability.OpID
}

// copies is what is known of one region.
type copies struct {
	published, decided uint64 // versions
	taken              []taken
}

// A taken record is one that somebody may have seen the effect of.
type taken struct {
	seq     uint64
	request store.RequestID
	at      int64 // place in the order of events
}

// newStoreOracle returns the oracle of a run of the store.
func newStoreOracle(o store.Options) *storeOracle {
	return &storeOracle{
		options: o, budget: faults.NewBudget(), up: map[string]bool{},
		coordinators: newGroupOracle(store.CoordinatorHosts(max(o.Coordinators, 1))),
		lives:        map[string]incarnation{}, issued: map[incarnation][]linearizability.OpID{},
	}
}

// Observe implements sim.Oracle.
func (o *storeOracle) Observe(n sim.Note) {
	if coordinates(n.Host) {
		o.coordinators.Observe(n)
	}
	switch f := n.Fact.(type) {
	case store.Persisted:
		for _, m := range f.Marks {
			o.budget.Hold(n.Host, held(m))
		}
	case store.Reached:
		o.reached(n.Seq, f.Region, f.Version, f.Seq, f.Requests)
	case store.Committed:
		o.reached(n.Seq, f.Region, f.Version, f.Seq, f.Requests)
	case store.Decided:
		o.decide(f.Config)
	case store.Published:
		o.publish(n.Seq, f.Config)
	case store.Recovered:
		o.recover(n, f)
	case sim.Down:
		delete(o.up, n.Host)
		o.budget.End(n.Seq, n.Host, f.Boot)
	case sim.DiskLost:
		boot := f.Boot
		if f.Why == faults.Misread.String() {
			boot-- // the daemon looks at what was misread and not at what came after it
		}
		o.budget.Destroy(n.Seq, n.Host, boot, fmt.Sprintf("%s at %v", f.Why, n.At.Truncate(100*time.Microsecond)))
	case Began:
		o.lives[n.Host] = incarnation{n.Host, f.Boot}
	case linearizability.Called:
		life := o.lives[f.Op.Client]
		o.issued[life] = append(o.issued[life], f.Op)
	}
}

func held(m store.Mark) faults.Held {
	return faults.Held{Group: int(m.Region), Copy: m.Data, Upto: m.Seq}
}

// recover takes what a daemon found on its disk. A copy that it is believed to have
// there and that is not in its log is one with nothing in it.
func (o *storeOracle) recover(n sim.Note, f store.Recovered) {
	o.up[n.Host] = true
	if f.Corrupt {
		return
	}
	found := make([]faults.Held, len(f.Copies))
	for i, m := range f.Copies {
		found[i] = held(m)
	}
	if o.config != nil {
		for i := range o.config.Regions {
			r := &o.config.Regions[i]
			at := r.Index(n.Host)
			if at < 0 || r.Chain[at].Disk != f.Disk {
				continue
			}
			id, copy := int(r.ID), r.Chain[at].Data
			if !slices.ContainsFunc(found, func(h faults.Held) bool { return h.Group == id && h.Copy == copy }) {
				found = append(found, faults.Held{Group: id, Copy: copy})
			}
		}
	}
	o.budget.Found(n.Seq, n.Host, f.Boot, found)
}

// decide tells the new chains of a configuration.
func (o *storeOracle) decide(c *store.Config) {
	for len(o.regions) < len(c.Regions) {
		o.regions = append(o.regions, copies{})
	}
	for i := range c.Regions {
		r := &c.Regions[i]
		if at := &o.regions[i]; at.published != r.Version && at.decided != r.Version {
			at.decided = r.Version
			o.budget.Decide(r.Version, i, chainOf(c, r))
		}
	}
}

func chainOf(c *store.Config, r *store.Region) faults.Chain {
	s := c.Space(r.Space)
	out := faults.Chain{Tolerate: s.Def.Tolerate, Volatile: s.Durability == store.Replicated}
	for _, m := range r.Chain {
		seen := m.Boot
		if d := c.Daemon(m.Host); d != nil {
			seen = d.Boot
		}
		out.Members = append(out.Members, faults.Member{Host: m.Host, Boot: m.Boot, Copy: m.Data, Seen: seen})
	}
	return out
}

// publish puts a configuration into effect. When another coordinator takes over it
// may be the last one again, and what had been decided since is forgotten. One that was
// deposed may be late with an older one.
func (o *storeOracle) publish(at int64, c *store.Config) {
	if o.config != nil && c.Epoch < o.config.Epoch {
		return
	}
	o.config = c
	o.decide(c)
	o.spaces = len(c.Spaces)
	for i := range c.Regions {
		r := &o.regions[i]
		if version := c.Regions[i].Version; r.published != version || r.decided != version {
			r.published, r.decided = version, version
			o.budget.Enact(at, version, i)
		}
	}
}

// reached takes what the tail of a chain, or the head after it, has committed. A
// chain that is no more has committed nothing that is news.
func (o *storeOracle) reached(at int64, id store.RegionID, version, seq uint64, requests []store.RequestID) {
	r := &o.regions[id]
	if version != r.published {
		return
	}
	o.budget.Answer(int(id), seq)
	for i, request := range requests {
		r.take(taken{seq: seq - uint64(len(requests)-1-i), request: request, at: at})
	}
}

// take adds a record unless it is there: every member tells what it has heard of
// since it started. A number comes back with another record when a region lost the
// first one.
func (r *copies) take(t taken) {
	if n := len(r.taken); n > 0 && t.seq <= r.taken[n-1].seq {
		back := int(r.taken[n-1].seq - t.seq)
		if back < n && r.taken[n-1-back].seq == t.seq && r.taken[n-1-back].request == t.request {
			return
		}
	}
	r.taken = append(r.taken, t)
}

// Spares implements sim.Oracle. The daemons that a space needs which is still to be
// created are not spared for good.
func (o *storeOracle) Spares(disks bool, hosts ...string) bool {
	if slices.ContainsFunc(hosts, coordinates) {
		if !o.coordinators.Spares(disks, slices.DeleteFunc(slices.Clone(hosts), isDaemon)...) {
			return false
		}
		hosts = slices.DeleteFunc(slices.Clone(hosts), coordinates)
	}
	if disks && o.spaces < len(o.options.Spaces) && o.left(hosts) < o.needed() {
		return false
	}
	return o.budget.Spares(disks, hosts...)
}

func isDaemon(host string) bool { return !coordinates(host) }

func coordinates(host string) bool { return strings.HasPrefix(host, store.CoordinatorHost) }

// left counts the daemons that are up without these.
func (o *storeOracle) left(without []string) int {
	n := 0
	for host := range o.up { // in any order
		if !slices.Contains(without, host) {
			n++
		}
	}
	return n
}

// needed is how many daemons a space needs to be created.
func (o *storeOracle) needed() int { return o.options.Spaces[0].Tolerate + 1 }

// Excuse implements sim.Oracle.
func (o *storeOracle) Excuse() string {
	var out []string
	regions := map[string][]string{}
	for _, l := range o.budget.Losses() {
		if l.Dead {
			if regions[l.Why] == nil {
				out = append(out, l.Why)
			}
			regions[l.Why] = append(regions[l.Why], strconv.Itoa(l.Group))
		}
	}
	for i, why := range out {
		out[i] = fmt.Sprintf("every copy of region %s was destroyed: %s", strings.Join(regions[why], ", "), why)
	}
	if why := o.coordinators.Excuse(); why != "" {
		out = append(out, "of the coordinators, "+why)
	}
	if left := o.left(nil); o.spaces < len(o.options.Spaces) && left < o.needed() {
		out = append(out, fmt.Sprintf("%d daemons are left, and a space needs %d", left, o.needed()))
	}
	return strings.Join(out, "; ")
}

// Remains implements sim.Oracle. Of an object that lost something, what was seen
// before must make sense; whatever was seen later is not judged.
func (o *storeOracle) Remains(h linearizability.History) (linearizability.History, []linearizability.OpID) {
	cuts, lost := o.lost(h)
	if len(cuts) == 0 {
		return h, nil
	}
	var out linearizability.History
	for _, op := range h.Operations {
		in := op.Input.(models.Op)
		if cut, ok := cuts[object{in.Space, in.Key}]; ok {
			if op.Call > cut {
				continue
			}
			if op.Return > cut {
				op.Certainty, op.Output, op.Return = linearizability.Unknown, nil, linearizability.Open
			}
		}
		out.Operations = append(out.Operations, op)
	}
	return out, lost
}

// lost finds the operations whose effect is lost though they were acknowledged, in
// the order of their calls, and since when the objects of all lost effects are not
// what they were. If none was acknowledged it names those that a read may have seen.
func (o *storeOracle) lost(h linearizability.History) (map[object]int64, []linearizability.OpID) {
	losses := o.budget.Losses()
	if len(losses) == 0 {
		return nil, nil
	}
	gone := map[linearizability.OpID]int64{}
	for _, l := range losses {
		for _, t := range o.regions[l.Group].taken {
			ops := o.issued[incarnation{t.request.Client, t.request.Boot}]
			if t.seq <= l.Kept || t.at > l.Until || t.request.N > uint64(len(ops)) {
				continue
			}
			id := ops[t.request.N-1]
			if at, ok := gone[id]; !ok || l.At < at {
				gone[id] = l.At
			}
		}
	}
	cuts := map[object]int64{}
	var lost, seen []linearizability.OpID
	for i := range h.Operations {
		op := &h.Operations[i]
		at, ok := gone[op.ID]
		if !ok {
			continue
		}
		in := op.Input.(models.Op)
		o := object{in.Space, in.Key}
		if cut, ok := cuts[o]; !ok || at < cut {
			cuts[o] = at
		}
		if op.Certainty == linearizability.Done {
			lost = append(lost, op.ID)
		}
		seen = append(seen, op.ID)
	}
	if len(lost) == 0 {
		return cuts, seen
	}
	return cuts, lost
}

// rollBacks finds the regions that lost records with the memory or the disks of all
// members, and went on with what was left; and where that first happened.
func rollBacks(o *sim.Observation) map[store.RegionID]int64 {
	var oracle *storeOracle
	for i := range o.Notes {
		lossy := false
		switch f := o.Notes[i].Fact.(type) {
		case store.Published:
			lossy = slices.ContainsFunc(f.Config.Spaces, func(s store.Space) bool { return s.Durability == store.Replicated })
		case sim.DiskLost:
			lossy = true
		}
		if lossy {
			oracle = newStoreOracle(store.Options{})
			break
		}
	}
	if oracle == nil {
		return nil
	}
	back := map[store.RegionID]int64{}
	for i := range o.Notes {
		oracle.Observe(o.Notes[i])
	}
	for _, l := range oracle.budget.Losses() {
		id := store.RegionID(l.Group)
		if at, ok := back[id]; !ok || l.At < at {
			back[id] = l.At
		}
	}
	return back
}
