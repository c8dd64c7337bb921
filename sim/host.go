package sim

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
)

// A host is one simulated machine. Its endpoints, links and disks outlive its
// incarnations.
type host struct {
	w     *world
	def   actors.Host
	index int
	key   uint64        // hash of the name
	drift int64         // permille that Now runs fast
	wall  time.Duration // that Wall is ahead
	slow  int           // factor of a step's service time; 0: none

	slowDisk int          // factor of its disk's time; 0: none
	trouble  *diskTrouble // what else is wrong with its disk; nil: nothing

	destroyed bool
	pauses    int     // faults that pause it now
	held      []event // what they hold back: events, and what was ready
	stalled   []readyItem

	up        bool
	boot      uint64
	inc       *incarnation
	endpoints map[string]*endpoint
	disks     map[string]*disk
	links     []*link                 // by index of the other host
	falls     [faults.Stop + 1]uint64 // faults that took it down, by kind
	restart   uint64                  // counts the downs, so that a planned restart of an earlier one does nothing
	resume    bool                    // the next start starts the programs too
	ops       []Op                    // of the plan, for the client that lives here
	next      int                     // the first of them that was not begun
	halts     int
	haltErr   error
}

// An incarnation is what runs on a host between a start and a crash.
type incarnation struct {
	host     *host
	boot     uint64
	key      uint64
	started  int64 // virtual time of the start
	dead     bool
	stopping bool
	system   *actor.ActorSystem
	guard    actors.Guard
	parked   []*task
	programs []*program
	systems  uint64 // system messages so far, to key them
	remotes  map[*endpoint]*remote
	senders  map[*endpoint]*actor.PID
	requests map[uint64]*task // waiting for a reply, by number
	reqs     uint64
}

func (w *world) addHost(def actors.Host) *host {
	h := &host{w: w, def: def, index: len(w.hosts), key: hashString(def.Name), endpoints: map[string]*endpoint{}, disks: map[string]*disk{}}
	if d := uint64(w.net.Drift); d > 0 {
		h.drift = int64(faults.Scale(faults.Mix(w.plan.Seed, h.key^0x6472696674), 2*d+1)) - int64(d)
	}
	if o := uint64(w.net.Offset); o > 0 {
		h.wall = time.Duration(faults.Scale(faults.Mix(w.plan.Seed, h.key^0x6f6666736574), 2*o+1)) - w.net.Offset
	}
	w.hosts = append(w.hosts, h)
	w.byName[def.Name] = h
	return h
}

// hashString is FNV-1a.
func hashString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

func (h *host) endpoint(path string) *endpoint {
	ep, ok := h.endpoints[path]
	if !ok {
		ep = &endpoint{host: h, path: path, id: hashString(h.def.Name + "/" + path)}
		h.endpoints[path] = ep
	}
	return ep
}

func (h *host) link(to *host) *link {
	l := h.links[to.index]
	if l == nil {
		l = &link{key: faults.Mix(h.key, to.key)}
		h.links[to.index] = l
	}
	return l
}

// senderEndpoint finds who a PID of this host is.
func (h *host) senderEndpoint(pid *actor.PID) *endpoint {
	if mb := h.w.step.mb; mb != nil && mb.pid == pid {
		return mb.ep
	}
	at := h
	if pid.Address != h.def.Name {
		other, ok := h.w.byName[pid.Address]
		if !ok {
			return nil
		}
		at = other // a forwarded request: the answer goes to whoever asked
	}
	if len(pid.Id) > 4 && pid.Id[:4] == "req/" {
		return at.replyEndpoint(pid.Id)
	}
	return at.endpoint(pid.Id)
}

// pidOf is the PID under which actors of this host see the sender of a message.
func (h *host) pidOf(from *endpoint) *actor.PID {
	if from.req != 0 {
		return actor.NewPID(from.host.def.Name, from.path)
	}
	pid, ok := h.inc.senders[from]
	if !ok {
		pid = actor.NewPID(from.host.def.Name, from.path)
		h.inc.senders[from] = pid
	}
	return pid
}

// start boots the host: the actors in the order of the topology, then the
// programs if asked for.
func (h *host) start(programs bool) {
	w := h.w
	h.boot++
	h.up = true
	inc := &incarnation{host: h, boot: h.boot, key: faults.Mix(h.key, h.boot), started: w.now,
		remotes: map[*endpoint]*remote{}, senders: map[*endpoint]*actor.PID{}, requests: map[uint64]*task{}}
	h.inc = inc
	inc.system = newSystem(h.def.Name, inc.resolve, inc.deadLetter)
	inc.guard = actors.Guard{Refuse: refuse, Spawn: inc.spawnProps}
	for _, a := range h.def.Actors {
		w.step = step{inc: inc, ep: h.endpoint(a.Name), key: faults.Mix(inc.key, hashString(a.Name))}
		inc.spawn(inc.system.Root, a.Name, a.Name, a.New)
		w.step = step{}
		if w.ended || inc.dead {
			return
		}
	}
	if programs {
		for _, p := range h.def.Programs {
			inc.startProgram(p.Name, p.Run)
		}
		h.startWorkload()
	}
}

func refuse(call string) {
	panic(failure{"forbidden call", fmt.Errorf("%s cannot be simulated: use the Env", call)})
}

// spawner is what proto.actor's contexts have in common for starting actors.
type spawner interface {
	SpawnNamed(props *actor.Props, name string) (*actor.PID, error)
}

// spawn starts an actor: name is for the parent, path is the whole of it within
// the host.
func (inc *incarnation) spawn(parent spawner, name, path string, p actors.Producer) *actor.PID {
	mb := inc.newMailbox(path)
	env := mb.env()
	props := actor.PropsFromProducer(func() actor.Actor { return inc.guard.Actor(p(env)) },
		actor.WithMailbox(func() actor.Mailbox { return mb }))
	pid, err := parent.SpawnNamed(props, name)
	if err != nil {
		panic(failure{"spawn", fmt.Errorf("%s: %w", mb.ep.name(), err)})
	}
	mb.bind(pid)
	return pid
}

// spawnProps starts a child from props of the user.
func (inc *incarnation) spawnProps(ctx actor.Context, props *actor.Props, name string) (*actor.PID, error) {
	if err := actors.CheckProps(props); err != nil {
		panic(failure{"forbidden call", err})
	}
	mb := inc.newMailbox(ctx.Self().Id + "/" + name)
	pid, err := ctx.SpawnNamed(inc.guard.Props(props, actor.WithMailbox(func() actor.Mailbox { return mb })), name)
	if err == nil {
		mb.bind(pid)
	}
	return pid, err
}

func (inc *incarnation) newMailbox(path string) *mailbox {
	w := inc.host.w
	ep := inc.host.endpoint(path)
	mb := &mailbox{w: w, inc: inc, ep: ep}
	mb.task = task{inc: inc, ep: ep}
	return mb
}

// bind makes the mailbox the one that messages to its path reach.
func (m *mailbox) bind(pid *actor.PID) {
	m.pid = pid
	m.ep.mb = m
}

// deadLetter counts what was sent to an actor of this host that is not there,
// and answers a Watch of it.
func (inc *incarnation) deadLetter(dl *actor.DeadLetterEvent) {
	if inc.dead {
		return
	}
	w := inc.host.w
	if watch, ok := dl.Message.(*actor.Watch); ok {
		if ref, ok := inc.system.ProcessRegistry.Get(watch.Watcher); ok {
			ref.SendSystemMessage(watch.Watcher, &actor.Terminated{Who: dl.PID, Why: actor.TerminatedReason_NotFound})
		}
		return
	}
	if dl.PID != nil && strings.HasPrefix(dl.PID.Id, "req/") {
		// A Request to another host has no process here; after a Forward it is
		// answered from here all the same.
		ep := inc.host.replyEndpoint(dl.PID.Id)
		if _, waits := inc.requests[ep.req]; waits && ep.boot == inc.host.boot {
			(&localReply{inc: inc, n: ep.req}).SendUserMessage(dl.PID, dl.Message)
			return
		}
	}
	w.stats.DeadLetter++
	if w.tracer != nil && dl.PID != nil {
		w.trace(trace.Event{Kind: trace.Drop, Host: inc.host.def.Name, Path: dl.PID.Address + "/" + dl.PID.Id, Msg: msgName(dl.Message), Text: "no such actor"})
	}
}

// down ends what runs on the host, as the end of a process does. What else the
// disks lose is the caller's to do.
func (h *host) down() {
	h.up = false
	h.restart++
	inc := h.inc
	h.w.observe(h, Down{Boot: h.boot})
	h.endPauses()
	h.eachDisk(func(d *disk) { d.crash(inc.key) })
	for _, ep := range h.endpoints {
		ep.mb = nil // order does not matter
	}
	inc.kill()
	for _, p := range inc.programs {
		p.end(nil)
	}
}

// endPauses drops what a pause held back: the process that it was for is gone.
func (h *host) endPauses() {
	h.pauses, h.stalled = 0, nil
	held := h.held
	h.held = nil
	for i := range held {
		if ev := &held[i]; ev.kind == evReceive {
			h.w.stats.DeadHost++
			h.w.drop(ev.to, ev.msg, ev.key, "host down")
		}
	}
}

// reqPath is the address of a reply.
func (inc *incarnation) reqPath(n uint64) string {
	return "req/" + strconv.FormatUint(inc.boot, 10) + "." + strconv.FormatUint(n, 10)
}
