package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/group"
)

// A coordinator is a member of the group that decides which daemons serve which
// regions. What the group replicates is the configuration, and each command is the
// next one whole. The member that leads decides; it knows the daemons by their
// heartbeats. A configuration is committed before anybody hears of it; everybody
// who has an older one is told until he has it.
//
// A leader that is lost takes with it what it knew of the daemons. The next one
// therefore waits until no lease of an earlier one can be valid, and then makes a
// new configuration in which every region has a new Version. A lease is granted
// only by a leader that has made certain, after the heartbeat came, that no other
// had been elected: so the leases of earlier leaders count from before the election.
type coordinator struct {
	env    actors.Env
	group  *group.Member
	timing Timing
	config *Config // committed

	// What follows is the leader's.
	term   uint64  // 0: another one leads
	saving *Config // becoming committed; nil if none is
	views  map[string]*view
	caught map[RegionID]uint64 // transfers whose joiner has caught up
	wanted []AddSpace          // spaces that are not in the configuration yet
	change *change             // under way; nil if none is
	due    time.Duration       // when the next tick should come
	rest   func()              // cancels it
}

// A view is what the coordinator knows of a daemon.
type view struct {
	Daemon
	heard   time.Duration // when the last heartbeat came
	granted time.Duration // when the last lease was given, at the latest
	epoch   uint64        // of the configuration that it has
	busy    bool
	corrupt bool
	lost    []lostCopy
	torn    bool
	since   time.Duration // when this boot was first heard of
}

// newCoordinator returns the Producer of a coordinator.
func newCoordinator(o Options) actors.Producer {
	return group.New(group.Config{
		Name:          CoordinatorActor,
		Members:       CoordinatorHosts(o.Coordinators),
		Tick:          o.Timing.Heartbeat,
		Election:      electionTicks,
		SnapshotBytes: int64(o.Limits.Configs) * configBytes,
	}, func(env actors.Env, m *group.Member) group.Machine {
		return &coordinator{env: env, group: m, timing: o.Timing, config: &Config{}}
	})
}

const (
	// electionTicks is how many heartbeats of a leader may be missing.
	electionTicks = 4
	// configBytes is about how much the log of a coordinator grows with a configuration.
	configBytes = 1 << 10
)

// Apply implements group.Machine.
func (c *coordinator) Apply(_ uint64, command []byte) {
	n := c.decode(command)
	if n.Epoch <= c.config.Epoch {
		return
	}
	if c.term == 0 {
		c.config = n
		return
	}
	c.saving = nil
	c.publish(n)
	c.act()
}

// Snapshot implements group.Machine.
func (c *coordinator) Snapshot() []byte { return encodeConfig(c.config) }

// Restore implements group.Machine.
func (c *coordinator) Restore(state []byte) error {
	c.config = &Config{}
	if err := json.Unmarshal(state, c.config); err != nil {
		return fmt.Errorf("configuration in a snapshot: %w", err)
	}
	return nil
}

func (c *coordinator) decode(text []byte) *Config {
	n := &Config{}
	if err := json.Unmarshal(text, n); err != nil {
		c.env.Halt(fmt.Errorf("configuration in the log: %w", err))
	}
	return n
}

func encodeConfig(c *Config) []byte {
	text, err := json.Marshal(c)
	if err != nil {
		panic(fmt.Sprintf("configuration %d: %v", c.Epoch, err))
	}
	return text
}

// Lead implements group.Machine. Nobody is known yet, so every daemon counts as up
// and as holding a lease until both would show.
func (c *coordinator) Lead(term uint64) {
	c.term = term
	c.views, c.caught = map[string]*view{}, map[RegionID]uint64{}
	if c.config.Epoch > 0 {
		c.env.Note(Published{Config: c.config}) // perhaps not for the first time
		if c.config.By != c.env.Host {
			c.env.Note(SawTakeover)
		}
	}
	now := c.env.Clock.Now()
	c.due = now
	for _, d := range c.config.Daemons {
		c.views[d.Host] = &view{Daemon: d, heard: now, granted: now}
	}
	if len(c.config.Regions) > 0 {
		var all []RegionID
		for i := range c.config.Regions {
			all = append(all, RegionID(i))
		}
		c.begin(all)
	}
	c.tick()
}

// Follow implements group.Machine.
func (c *coordinator) Follow() {
	c.rest()
	c.term, c.saving, c.change, c.wanted = 0, nil, nil, nil
	c.views, c.caught = nil, nil
}

// Receive implements group.Machine.
func (c *coordinator) Receive(ctx actor.Context) {
	if c.term == 0 {
		c.turnAway(ctx)
		return
	}
	switch m := ctx.Message().(type) {
	case tick:
		c.tick()
	case heartbeat:
		c.onHeartbeat(m)
	case fenceAck:
		c.onFenceAck(m)
	case caughtUp:
		c.onCaughtUp(m)
	case Poll:
		if c.config.Epoch > 0 && c.config.Epoch >= m.Epoch { // that nothing has changed is an answer too
			c.env.Send(c.env.PID(m.From), Configuration{From: c.env.Host, Config: c.config})
		}
	case AddSpace:
		ctx.Respond(c.addSpace(m))
	case StatusRequest:
		asker := ctx.Sender()
		c.proven(func() { c.env.Send(asker, c.status()) })
	}
}

// turnAway names the leader to who asks, if it is known.
func (c *coordinator) turnAway(ctx actor.Context) {
	no := NotLeader{Host: c.env.Host, Leader: c.group.Leader()}
	if no.Leader == "" || no.Leader == no.Host {
		return
	}
	switch m := ctx.Message().(type) {
	case heartbeat:
		c.env.Send(c.env.PID(m.Host+"/"+StoreActor), no)
	case Poll:
		c.env.Send(c.env.PID(m.From), no)
	case AddSpace, StatusRequest:
		ctx.Respond(no)
	}
}

// proven calls then once it is certain that no other coordinator had been elected
// when it was called; never, if one had.
func (c *coordinator) proven(then func()) {
	term := c.term
	c.group.Read(func(ok bool) {
		if ok && c.term == term {
			then()
		}
	})
}

// tick repeats what may be lost and looks for what can be done. A daemon is not silent
// while nobody listens, as when the disk is slow.
func (c *coordinator) tick() {
	now := c.env.Clock.Now()
	for _, v := range c.views { // in any order
		v.heard = min(v.heard+max(now-c.due, 0), now)
	}
	if c.change != nil && c.saving == nil {
		c.sendFences()
	}
	c.act()
	c.due = now + c.timing.Heartbeat
	c.rest = c.env.Clock.After(c.timing.Heartbeat, tick{})
}

// silence is how long a daemon may be silent before it counts as down.
func (c *coordinator) silence() time.Duration {
	return outlasted(c.timing.Lease) + 2*c.timing.Heartbeat
}

func (c *coordinator) alive(v *view) bool {
	return c.env.Clock.Now()-v.heard <= c.silence()
}

func (c *coordinator) sightings() sightings {
	out := make(sightings, 0, len(c.views))
	for _, host := range slices.Sorted(maps.Keys(c.views)) {
		v := c.views[host]
		out = append(out, sighting{Daemon: v.Daemon, Alive: c.alive(v), Corrupt: v.corrupt, Lost: v.lost, Unsure: v.torn && c.env.Clock.Now()-v.since < c.timing.Doubt})
	}
	return out
}

// onHeartbeat answers with the configuration, if the daemon's is older, and with
// a lease, unless the daemon has still to acknowledge a fence.
func (c *coordinator) onHeartbeat(m heartbeat) {
	now := c.env.Clock.Now()
	v := c.views[m.Host]
	if v == nil {
		v = &view{}
		c.views[m.Host] = v
	}
	if m.Boot < v.Boot {
		return
	}
	news := !c.alive(v) || v.Boot != m.Boot || v.Disk != m.Disk || v.corrupt != m.Corrupt || !slices.Equal(v.lost, m.Lost)
	if v.Boot != m.Boot {
		v.since = now
	}
	v.Daemon, v.torn = Daemon{Host: m.Host, Boot: m.Boot, Disk: m.Disk}, m.Torn
	v.heard, v.epoch, v.busy, v.corrupt, v.lost = now, m.Epoch, m.Busy, m.Corrupt, m.Lost
	c.proven(func() { c.answer(m) })
	if news {
		c.act()
	}
}

// answer answers a heartbeat.
func (c *coordinator) answer(m heartbeat) {
	a := grant{From: c.env.Host, Boot: m.Boot, Sent: m.Sent}
	if m.Epoch < c.config.Epoch {
		a.Config = c.config
	}
	v := c.views[m.Host]
	if v.Boot == m.Boot && (c.change == nil || !c.change.waitsFor(m.Host, m.Boot)) {
		a.Lease = c.timing.Lease
		v.granted = c.env.Clock.Now()
	}
	c.env.Send(c.env.PID(m.Host+"/"+StoreActor), a)
}

// onCaughtUp notes that a joiner is ready, if it speaks of the transfer that is
// under way now.
func (c *coordinator) onCaughtUp(m caughtUp) {
	if int(m.Region) >= len(c.config.Regions) {
		return
	}
	j := c.config.Regions[m.Region].Joining
	if j.Transfer != m.Transfer || j.Host != m.Host || j.Boot != m.Boot {
		return
	}
	if c.caught[m.Region] != m.Transfer {
		c.caught[m.Region] = m.Transfer
		c.act()
	}
}

// act begins or ends what can be begun or ended now.
func (c *coordinator) act() {
	if c.saving != nil {
		return
	}
	if c.change == nil {
		seen := c.sightings()
		if regions := outdated(c.config, seen, c.caught); len(regions) > 0 {
			c.begin(regions)
		} else if n := next(c.config, seen, readiness{spaces: c.wanted}); n != nil {
			c.save(n)
		}
	}
	if c.change != nil && c.complete() {
		c.finish()
	}
}

// save has a configuration committed; it is published then.
func (c *coordinator) save(n *Config) {
	n.By = c.env.Host
	if !c.group.Propose(encodeConfig(n)) {
		return // another one leads already, and Follow will say so
	}
	c.saving = n
	c.env.Note(Decided{Config: n})
}

// publish gives a committed configuration to the daemons that are up; the others,
// and those who do not get it, are told in answer to their heartbeats.
func (c *coordinator) publish(n *Config) {
	c.config, c.change = n, nil
	c.env.Note(Published{Config: n})
	c.wanted = slices.DeleteFunc(c.wanted, func(s AddSpace) bool { return n.Space(s.Space.Name) != nil })
	for _, host := range slices.Sorted(maps.Keys(c.views)) {
		if v := c.views[host]; c.alive(v) {
			c.env.Send(c.env.PID(host+"/"+StoreActor), grant{From: c.env.Host, Boot: v.Boot, Config: n})
		}
	}
}

// addSpace admits a space, or says what has become of it.
func (c *coordinator) addSpace(m AddSpace) SpaceStatus {
	s := SpaceStatus{Registered: available(c.sightings()), Needed: m.Space.Tolerate + 1}
	if old := c.config.Space(m.Space.Name); old != nil {
		if old.Def.String() != m.Space.String() || old.Durability != m.Durability {
			s.Refused = "another space has the name"
			return s
		}
		s.Created = true
		for i := range old.Def.Partitions {
			if n := len(c.config.Regions[int(old.First)+i].Chain); i == 0 || n < s.Copies {
				s.Copies = n
			}
		}
		return s
	}
	if err := m.Space.Validate(); err != nil {
		s.Refused = err.Error()
		return s
	}
	if s.Registered < s.Needed {
		s.Refused = fmt.Sprintf("to tolerate %d failures it needs %d daemons, and there are %d", m.Space.Tolerate, s.Needed, s.Registered)
		return s
	}
	if !slices.ContainsFunc(c.wanted, func(w AddSpace) bool { return w.Space.Name == m.Space.Name }) {
		c.wanted = append(c.wanted, m)
		c.act()
	}
	return s
}

// status says whether everything is as it should be.
func (c *coordinator) status() Status {
	s := Status{Config: c.config, Why: c.unrest()}
	s.Stable = s.Why == ""
	return s
}

// unrest names the first thing that is not as it should be, or "".
func (c *coordinator) unrest() string {
	if c.change != nil || c.saving != nil {
		return fmt.Sprintf("epoch %d is being made", c.config.Epoch+1)
	}
	up := 0
	for _, host := range slices.Sorted(maps.Keys(c.views)) {
		v := c.views[host]
		switch {
		case !c.alive(v) && !c.config.counts(host):
			continue // it may never come back, and nobody waits for it
		case !c.alive(v):
			return host + " is down"
		case v.epoch != c.config.Epoch:
			return fmt.Sprintf("%s has epoch %d, not %d", host, v.epoch, c.config.Epoch)
		case v.busy:
			return host + " is busy"
		}
		up++
	}
	for i := range c.config.Regions {
		r := &c.config.Regions[i]
		if want := min(up, c.config.Space(r.Space).Def.Tolerate+1); len(r.Chain) < want {
			return fmt.Sprintf("region %d has %d copies of %d", r.ID, len(r.Chain), want)
		}
	}
	return ""
}
