package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// A coordinator is the actor that decides which daemons serve which regions. It
// knows them by their heartbeats. A configuration is durable before anybody hears
// of it; everybody who has an older one is told until he has it.
//
// A crash costs it what it knew of the daemons. Each boot therefore waits until no
// lease of an earlier boot can be valid, and then makes a new configuration in
// which every region has a new Version.
type coordinator struct {
	env    actors.Env
	timing Timing
	limits Limits

	ready  bool
	config *Config // published
	saving *Config // becoming durable; nil if none is
	lsn    uint64  // of the last entry given to the log

	views  map[string]*view
	caught map[RegionID]uint64 // transfers whose joiner has caught up
	wanted []AddSpace          // spaces that are not in the configuration yet
	change *change             // under way; nil if none is
	saw    once
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

// newCoordinator is the Producer of the coordinator.
func newCoordinator(timing Timing, limits Limits) actors.Producer {
	return func(env actors.Env) actor.Actor {
		return &coordinator{
			env:    env,
			timing: timing,
			limits: limits,
			config: &Config{},
			views:  map[string]*view{},
			caught: map[RegionID]uint64{},
			saw:    once{note: env.Note},
		}
	}
}

// Receive implements actor.Actor.
func (c *coordinator) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(recoveredLog); ok {
		c.recover(m)
		return
	}
	if !c.ready {
		return
	}
	switch m := ctx.Message().(type) {
	case tick:
		c.tick()
	case syncedUpto:
		c.onSynced(m)
	case heartbeat:
		c.onHeartbeat(m)
	case fenceAck:
		c.onFenceAck(m)
	case caughtUp:
		c.onCaughtUp(m)
	case Poll:
		if c.config.Epoch > 0 && c.config.Epoch >= m.Epoch { // that nothing has changed is an answer too
			c.env.Send(c.env.PID(m.From), Configuration{Config: c.config})
		}
	case AddSpace:
		ctx.Respond(c.addSpace(m))
	case StatusRequest:
		ctx.Respond(c.status())
	}
}

// recover takes the last durable configuration. Nobody is known yet, so every
// daemon counts as up and as holding a lease until both would show.
func (c *coordinator) recover(m recoveredLog) {
	if m.Corrupt {
		c.env.Halt(errOnlyConfig)
		return
	}
	last := m.Snapshot
	if n := len(m.Records); n > 0 {
		last = m.Records[n-1]
	}
	if last != nil {
		if err := json.Unmarshal(last, c.config); err != nil {
			c.env.Halt(fmt.Errorf("configuration in the log: %w", err))
			return
		}
		c.env.Note(Published{Config: c.config}) // perhaps not for the first time
	}
	c.ready = true
	now := c.env.Clock.Now()
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

func (c *coordinator) tick() {
	if c.change != nil && c.saving == nil {
		c.sendFences()
	}
	c.act()
	c.env.Clock.After(c.timing.Heartbeat, tick{})
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
	answer := grant{Boot: m.Boot, Sent: m.Sent}
	if m.Epoch < c.config.Epoch {
		answer.Config = c.config
	}
	if c.change == nil || !c.change.waitsFor(m.Host, m.Boot) {
		answer.Lease = c.timing.Lease
		v.granted = now
	}
	c.env.Send(c.env.PID(m.Host+"/"+StoreActor), answer)
	if news {
		c.act()
	}
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

// save makes a configuration durable; it is published then.
func (c *coordinator) save(n *Config) {
	text, err := json.Marshal(n)
	if err != nil {
		panic(fmt.Sprintf("configuration %d: %v", n.Epoch, err))
	}
	c.saving = n
	c.env.Note(Decided{Config: n})
	c.lsn++
	log := c.env.PID(c.env.Host + "/" + LogActor)
	c.env.Send(log, appendEntry{LSN: c.lsn, Payload: text})
	if c.lsn%uint64(c.limits.Configs) == 0 {
		c.env.Send(log, takeSnapshot{State: text})
	}
}

func (c *coordinator) onSynced(m syncedUpto) {
	if c.saving == nil || m.LSN < c.lsn {
		return
	}
	c.publish(c.saving)
	c.saving = nil
	c.act()
}

// publish gives a durable configuration to the daemons that are up; the others,
// and those who do not get it, are told in answer to their heartbeats.
func (c *coordinator) publish(n *Config) {
	c.config, c.change = n, nil
	c.env.Note(Published{Config: n})
	c.wanted = slices.DeleteFunc(c.wanted, func(s AddSpace) bool { return n.Space(s.Space.Name) != nil })
	for _, host := range slices.Sorted(maps.Keys(c.views)) {
		if v := c.views[host]; c.alive(v) {
			c.env.Send(c.env.PID(host+"/"+StoreActor), grant{Boot: v.Boot, Config: n})
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
