package store

import (
	"maps"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// A daemon is the actor "store" of a server. It never blocks: its log, an actor
// beside it, does.
//
// A crash costs it everything but the log. It then serves nothing until the
// coordinator has published a configuration that names its new Boot.
type daemon struct {
	env           actors.Env
	timing        Timing
	limits        Limits
	snapshotEvery int
	stores        peers
	clients       peers
	logs          peers // of this host only
	coordinators  coordinators

	ready   bool // the log is recovered
	corrupt bool // and damaged: this host has a copy of nothing
	torn    bool // or its end was torn, which looks the same if it was promised
	settled bool // the timer that ends the doubt about that is set
	state   diskState

	lsn      uint64   // of the last entry given to the log, in this boot
	durable  uint64   // of the last one that is synced
	identity uint64   // of the one with the number of the disk, if it is new
	logged   []logged // entries that are not synced
	entries  int      // since the last snapshot of the log

	config  *Config
	regions []*region
	parked  []any // messages for configurations to come

	fences map[RegionID]uint64 // epochs that a region has to reach before it is open
	fence  fence               // the last one

	lease    lease
	lastBeat time.Duration
	nextTick func() // cancels it
	saw      once
}

// logged says which entry of the log makes which record of a copy durable.
type logged struct {
	lsn uint64
	rep *replica
	seq uint64
}

const parkedMax = 256 // messages kept for a configuration to come

// settle is the timer of a daemon whose log had a torn end.
type settle struct{}

// tick is the timer of a daemon and of the coordinator.
type tick struct{}

// newDaemon returns the Producer of a daemon.
func newDaemon(o Options) actors.Producer {
	return func(env actors.Env) actor.Actor {
		return &daemon{
			env:           env,
			timing:        o.Timing,
			limits:        o.Limits,
			snapshotEvery: o.SnapshotEvery,
			stores:        newPeers(env, StoreActor),
			clients:       newPeers(env, ClientActor),
			logs:          newPeers(env, LogActor),
			coordinators:  newCoordinators(env, o.Coordinators),
			config:        &Config{},
			fences:        map[RegionID]uint64{},
			saw:           once{note: env.Note},
		}
	}
}

// Receive implements actor.Actor.
func (d *daemon) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(recoveredLog); ok {
		d.recover(m)
		return
	}
	if !d.ready {
		return // what others send to an earlier boot, or too early
	}
	switch m := ctx.Message().(type) {
	case tick:
		d.tick()
	case syncedUpto:
		d.onSynced(m)
	case grant:
		d.onGrant(m)
	case fence:
		d.onFence(m)
	case NotLeader:
		d.coordinators.elsewhere(m)
	case settle:
		d.settle()
	default:
		d.route(m)
	}
}

// route hands a message to its region, if it is for the Version that is served.
func (d *daemon) route(msg any) {
	switch m := msg.(type) {
	case Request:
		if g := d.at(m.Region, m.Version, msg); g != nil {
			g.onRequest(&m)
		}
	case chain:
		if g := d.at(m.Region, m.Version, msg); g != nil {
			g.onChain(m)
		}
	case ack:
		if g := d.at(m.Region, m.Version, msg); g != nil {
			g.onAck(m)
		}
	case resume:
		if g := d.at(m.Region, m.Version, msg); g != nil {
			g.onResume(m)
		}
	case pull:
		if g := d.at(m.Region, m.Version, msg); g != nil {
			g.onPull(m)
		}
	case chunk:
		if g := d.at(m.Region, m.Version, msg); g != nil {
			g.onChunk(m)
		}
	}
}

// at returns the region if it is at that version. A message for a later one is
// kept, one for an earlier one is dropped; a client is told.
func (d *daemon) at(id RegionID, version uint64, msg any) *region {
	if int(id) >= len(d.regions) || version > d.regions[id].conf.Version {
		if len(d.parked) < parkedMax {
			d.parked = append(d.parked, msg)
		}
		return nil
	}
	g := d.regions[id]
	if version == g.conf.Version {
		return g
	}
	d.saw.mark(SawStaleEpoch)
	if req, ok := msg.(Request); ok {
		d.clients.send(req.ID.Client, Stale{ID: req.ID, Region: id, Version: g.conf.Version, Refused: version})
	}
	return nil
}

// recover begins service with what the log holds.
func (d *daemon) recover(m recoveredLog) {
	state, err := recoverState(m.Snapshot, m.Records)
	if err != nil {
		d.env.Halt(err)
		return
	}
	d.ready, d.corrupt, d.torn, d.state = true, m.Corrupt, m.Torn, state
	if !d.corrupt && d.state.disk == 0 {
		d.state.disk = d.env.Rand.Uint64() | 1
		d.identity = d.log(diskEntry(d.state.disk), Mark{})
	}
	d.noteRecovered()
	d.tick()
}

// noteRecovered notes what the log held: all of it is durable, and the last sync
// before a crash may not have been noted.
func (d *daemon) noteRecovered() {
	fact := Recovered{Boot: d.env.Boot, Disk: d.state.disk, Corrupt: d.corrupt}
	for _, id := range slices.Sorted(maps.Keys(d.state.replicas)) {
		r := d.state.replicas[id]
		mark := Mark{Region: id, Data: r.data}
		if r.complete {
			mark.Seq = r.last
			d.env.Note(r.applied())
		}
		fact.Copies = append(fact.Copies, mark)
	}
	d.env.Note(fact)
}

// tick repeats what may be lost and keeps the coordinator informed.
func (d *daemon) tick() {
	busy := false
	for _, g := range d.regions {
		g.tick()
		busy = busy || g.busy()
	}
	now := d.env.Clock.Now()
	if d.lease.valid(now) {
		d.noteLease()
	}
	unknown := d.lease.until == 0 // to the coordinator
	if unknown || now-d.lastBeat >= d.timing.Heartbeat-d.timing.Retry/2 {
		d.beat(now, busy)
	}
	pause := d.timing.Heartbeat
	if busy || unknown {
		pause = d.timing.Retry
	}
	d.nextTick = d.env.Clock.After(pause, tick{})
}

// noteLease notes what this daemon would answer for if it were asked now: a lease
// that lasts too long shows even when no client happens to ask.
func (d *daemon) noteLease() {
	fact := Leased{Boot: d.env.Boot, Config: d.config}
	for _, g := range d.regions {
		if g.me < 0 || !g.open() {
			fact.Idle = append(fact.Idle, g.id)
		}
		g.measure(&fact.Queues)
	}
	fact.Queues.Parked, fact.Queues.Unsynced = len(d.parked), len(d.logged)
	d.env.Note(fact)
}

// beat sends a heartbeat, once the number of the disk is durable.
func (d *daemon) beat(now time.Duration, busy bool) {
	if d.durable < d.identity {
		return
	}
	d.lastBeat = now
	h := heartbeat{
		Host: d.env.Host, Boot: d.env.Boot, Disk: d.state.disk,
		Sent: now, Epoch: d.config.Epoch, Busy: busy, Corrupt: d.corrupt, Torn: d.torn,
	}
	for _, g := range d.regions {
		if g.lost {
			h.Lost = append(h.Lost, lostCopy{Region: g.id, Data: g.conf.Chain[g.conf.Index(d.env.Host)].Data})
		}
	}
	d.coordinators.ask(h)
}

// onGrant takes a newer configuration and prolongs the lease, in this order: a
// lease is no good for a configuration that the coordinator has left behind.
func (d *daemon) onGrant(m grant) {
	if m.Boot != d.env.Boot {
		d.saw.mark(SawOlderBootDropped)
		return
	}
	d.coordinators.heard(m.From)
	if m.Config != nil {
		d.adopt(m.Config)
	}
	d.lease.extend(m.Sent, m.Lease)
	if d.torn && !d.settled { // the coordinator knows of it, and will wait as long
		d.settled = true
		d.env.Clock.After(outlasted(d.timing.Doubt), settle{})
	}
}

// settle ends the doubt about the log: whoever knows better has had the time to say
// so. Until then a restart finds the mark of it on the disk.
func (d *daemon) settle() {
	if d.torn && !d.corrupt { // it may have been wiped since
		d.torn = false
		d.logs.send(d.env.Host, settleLog{})
	}
}

// leased reports that no other daemon can have taken this one's place yet.
func (d *daemon) leased() bool {
	if d.lease.valid(d.env.Clock.Now()) {
		return true
	}
	if d.lease.until > 0 {
		d.saw.mark(SawLeaseExpired)
	}
	return false
}

// adopt serves by a newer configuration from now on.
func (d *daemon) adopt(c *Config) {
	if c.Epoch <= d.config.Epoch {
		return
	}
	d.config = c
	d.env.Note(Adopted{Boot: d.env.Boot, Config: c})
	if d.corrupt {
		d.leaveDamage()
		return
	}
	for i := range c.Regions {
		if i == len(d.regions) {
			g := &region{d: d, id: RegionID(i), me: -1, rep: d.state.replicas[RegionID(i)]}
			if g.rep != nil {
				g.synced = g.rep.last
			}
			d.regions = append(d.regions, g)
		}
		d.regions[i].adopt(&c.Regions[i], c.Space(c.Regions[i].Space))
	}
	parked := d.parked
	d.parked = nil
	for _, msg := range parked {
		d.route(msg)
	}
}

// leaveDamage gives the damaged log up once no chain counts on it. If it is the
// only copy of a region, the host stops for somebody to look at it.
func (d *daemon) leaveDamage() {
	for i := range d.config.Regions {
		r := &d.config.Regions[i]
		if r.Index(d.env.Host) < 0 {
			continue
		}
		if len(r.Chain) == 1 {
			d.env.Halt(errOnlyCopy)
		}
		return
	}
	d.ready = false
	d.nextTick()
	d.logs.send(d.env.Host, resetLog{})
}

// onFence closes the named regions until they have a later configuration.
func (d *daemon) onFence(m fence) {
	if m.Coord < d.fence.Coord || m.Epoch < d.fence.Epoch {
		return
	}
	d.fence = m
	d.coordinators.heard(m.From)
	for _, f := range m.Regions {
		d.fences[f.Region] = max(d.fences[f.Region], m.Epoch)
	}
	d.acknowledgeFence()
}

// acknowledgeFence tells the coordinator that the fence holds, and which
// transfers are complete.
func (d *daemon) acknowledgeFence() {
	if d.fence.Epoch <= d.config.Epoch {
		return
	}
	d.coordinators.send(fenceAck{
		Host: d.env.Host, Boot: d.env.Boot, Coord: d.fence.Coord, Epoch: d.fence.Epoch, Handed: d.handedOver(),
	})
}

// log appends an entry to the log; mark says what it makes durable.
func (d *daemon) log(payload []byte, mark Mark) (lsn uint64) {
	d.lsn++
	d.entries++
	d.logs.send(d.env.Host, appendEntry{LSN: d.lsn, Payload: payload, Mark: mark})
	d.logged = append(d.logged, logged{lsn: d.lsn, rep: d.state.replicas[mark.Region], seq: mark.Seq})
	return d.lsn
}

// onSynced tells the regions what is durable, and writes the log anew if it has
// grown long.
func (d *daemon) onSynced(m syncedUpto) {
	d.durable = max(d.durable, m.LSN)
	n := 0
	for n < len(d.logged) && d.logged[n].lsn <= d.durable {
		n++
	}
	covered := d.logged[:n]
	d.logged = d.logged[n:]
	for i := range covered {
		l := &covered[i]
		if l.rep == nil || int(l.rep.id) >= len(d.regions) {
			continue
		}
		last := i+1 == n || covered[i+1].rep != l.rep
		if g := d.regions[l.rep.id]; last && g.rep == l.rep {
			g.becameDurable(l.seq)
		}
	}
	if d.entries >= d.snapshotEvery {
		d.entries = 0
		d.logs.send(d.env.Host, takeSnapshot{State: d.state.encode()})
	}
}

func (d *daemon) tell(host string, msg any) { d.stores.send(host, msg) }

// reply answers a client and says so.
func (d *daemon) reply(r Reply) {
	d.env.Note(Replied{ID: r.ID, Result: r.Result})
	d.clients.send(r.ID.Client, r)
}
