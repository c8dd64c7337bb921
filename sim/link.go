package sim

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
)

// A link carries messages one way between two hosts.
type link struct {
	key    uint64
	last   int64   // FIFO: when, or with which priority, the last one arrives
	flying int     // messages in flight
	cut    int     // faults that cut it now
	clogs  int     // faults that clog it now
	held   []event // what they hold back
	resets uint64
	rules  []*messageRule
}

// remote is what proto.actor finds behind a PID of another host: the entrance of
// a link.
type remote struct {
	inc *incarnation
	to  *endpoint
}

var _ actor.Process = (*remote)(nil)

// SendUserMessage puts a message on the link.
func (r *remote) SendUserMessage(_ *actor.PID, message any) {
	w := r.inc.host.w
	if w.step.inc != r.inc {
		w.misposted(r.to, r.inc)
		return
	}
	var sender *actor.PID
	if env, ok := message.(*actor.MessageEnvelope); ok {
		if env.Header != nil {
			panic(failure{"message header", errors.New("message headers do not travel: put it in the message")})
		}
		message, sender = env.Message, env.Sender
	}
	if w.step.inc.dead {
		return
	}
	w.send(r.to, message, sender)
}

// SendSystemMessage refuses: what proto.actor does with them across hosts cannot
// be told from a lost message in the real world.
func (r *remote) SendSystemMessage(_ *actor.PID, message any) {
	panic(failure{"forbidden call", fmt.Errorf("%T to %s: proto.actor's own messages do not cross hosts", message, r.to.name())})
}

// Stop refuses, as SendSystemMessage does.
func (r *remote) Stop(*actor.PID) {
	panic(failure{"forbidden call", fmt.Errorf("Stop of %s: an actor of another host cannot be stopped", r.to.name())})
}

// resolve is the AddressResolver of a host: it finds the entrance of the link for
// a PID that lives elsewhere.
func (inc *incarnation) resolve(pid *actor.PID) (actor.Process, bool) {
	to, ok := inc.host.w.byName[pid.Address]
	if !ok {
		panic(failure{"unknown host", fmt.Errorf("%s/%s: the topology has no host %s", pid.Address, pid.Id, pid.Address)})
	}
	if strings.HasPrefix(pid.Id, "req/") {
		return &remote{inc: inc, to: to.replyEndpoint(pid.Id)}, true
	}
	ep := to.endpoint(pid.Id)
	if p, ok := inc.remotes[ep]; ok {
		return p, true
	}
	p := &remote{inc: inc, to: ep}
	inc.remotes[ep] = p
	return p, true
}

// replyEndpoint is the address of one Request, "req/<boot>.<n>".
func (h *host) replyEndpoint(path string) *endpoint {
	ep := &endpoint{host: h, path: path, id: h.key}
	boot, n, ok := strings.Cut(path[len("req/"):], ".")
	b, err1 := strconv.ParseUint(boot, 10, 64)
	r, err2 := strconv.ParseUint(n, 10, 64)
	if !ok || err1 != nil || err2 != nil {
		r = 0 // finds no request
	}
	ep.boot, ep.req = b, r
	return ep
}

// send draws the fate of a message from its key and puts it on its way.
func (w *world) send(to *endpoint, msg any, sender *actor.PID) {
	src := w.step.inc.host
	key := w.nextKey()
	w.stats.Sent++
	var from *endpoint
	if sender != nil {
		from = src.senderEndpoint(sender)
	}
	var again actors.Copier // makes the second copy
	if w.scenario.Wire != WireRef {
		msg, again = w.pack(msg)
	}
	l := src.link(to.host)
	if w.tracer != nil {
		w.traceSend(to, msg, key)
	}
	if why := w.refuses(l, msg); why != "" {
		w.drop(to, msg, key, why)
		return
	}
	f := w.fate(l, key)
	if w.fates != nil {
		w.fates.record(w, f, to, msg, key)
	}
	if f.corrupt {
		w.garble(to, msg, key)
		w.drop(to, msg, key, "corrupt frame")
		return
	}
	if f.drop {
		w.countFault("drop")
		w.drop(to, msg, key, "lost")
		return
	}
	if f.late {
		w.countFault("late")
	}
	for _, r := range l.rules {
		if r.again > 0 && !f.copied && !w.net.FIFO && r.meets(msg) {
			r.fired()
			f.copied, f.copyDelay = true, f.delay+r.again
		}
	}
	w.fly(l, to, from, msg, key, f.delay)
	if f.copied {
		w.stats.Duplicated++
		w.countFault("duplicate")
		if again != nil {
			msg = again.CopyMessage()
		}
		key = copyKey(key)
		if w.tracer != nil {
			w.traceDuplicate(to, msg, key)
		}
		w.fly(l, to, from, msg, key, f.copyDelay)
	}
}

// refuses says why a link does not take a message; "" if it does.
func (w *world) refuses(l *link, msg any) string {
	if l.cut > 0 {
		return "link cut"
	}
	for _, r := range l.rules {
		if r.again == 0 && r.meets(msg) {
			r.fired()
			return "drop-message"
		}
	}
	if n := w.net.Capacity; n > 0 && !w.healed && l.flying >= n {
		w.countFault("capacity")
		return "link full"
	}
	return ""
}

// copyKey is the key of the second copy of a message.
func copyKey(key uint64) uint64 { return faults.Mix(key, 0x32) }

// fate is what happens to one message.
type fate struct {
	drop, copied     bool
	corrupt          bool // lost, because the receiver notices
	late             bool
	delay, copyDelay time.Duration
}

// fate draws from (seed, link, key). Only integers lie between the key and the
// decision.
func (w *world) fate(l *link, key uint64) (f fate) {
	n := &w.net
	if w.devs != nil {
		f = w.devs[key]
		f.delay += n.DelayMin
		f.copyDelay += n.DelayMin
		return f
	}
	r := faults.Mix(w.netKey^l.key, key)
	spread := uint64(n.DelayMax - n.DelayMin)
	f.delay = n.DelayMin
	if spread > 0 {
		f.delay += time.Duration(faults.Scale(faults.Mix(r, 1), spread+1))
	}
	if w.healed || n.Drop|n.Duplicate|n.Late|n.Corrupt == 0 {
		return f
	}
	if uint32(r)%1000 < uint32(n.Drop) {
		f.drop = true
		return f
	}
	if n.Corrupt > 0 && uint32(faults.Mix(r, 5))%1000 < uint32(n.Corrupt) {
		f.corrupt = true
		return f
	}
	if uint32(r>>32)%1000 < uint32(n.Duplicate) {
		f.copied = true
		// A copy comes soon after, or when what it says is old: its delay is drawn on a
		// scale of octaves. On a link that keeps the order the longest would hold up
		// everything behind them.
		octaves := uint64(7)
		if n.FIFO {
			octaves = 3
		}
		within := spread << faults.Scale(faults.Mix(r, 6), octaves+1)
		f.copyDelay = n.DelayMin + time.Duration(faults.Scale(faults.Mix(r, 2), within+1))
	}
	if n.Late > 0 && uint32(faults.Mix(r, 3))%1000 < uint32(n.Late) {
		f.late = true
		f.delay += time.Duration(faults.Scale(faults.Mix(r, 4), uint64(n.LateMax)+1))
	}
	return f
}

// fatesFrom makes fates of the deviations of a plan; their delays are what is
// added to that of the link.
func fatesFrom(ds []Deviation) map[uint64]fate {
	if len(ds) == 0 {
		return nil
	}
	fates := make(map[uint64]fate, len(ds))
	for _, d := range ds {
		f := fates[d.Key]
		switch {
		case d.Drop:
			f.drop = true
		case d.Copy:
			f.copied, f.copyDelay = true, d.Late
		default:
			f.delay = d.Late
		}
		fates[d.Key] = f
	}
	return fates
}

// fly schedules the arrival.
func (w *world) fly(l *link, to, from *endpoint, msg any, key uint64, delay time.Duration) {
	var ev *event
	if l.clogs > 0 {
		l.held = append(l.held, event{})
		ev = &l.held[len(l.held)-1]
	} else if w.random {
		prio := w.priority(w.now, flightPriority, key)
		if w.net.FIFO {
			if l.flying == 0 {
				l.last = 0
			}
			prio = max(prio, l.last)
			l.last = prio
		}
		ev = w.flight.push(prio)
	} else {
		at := w.now + int64(delay)
		if w.net.FIFO {
			at = max(at, l.last)
			l.last = at
		}
		ev = w.times.push(at)
	}
	if p, ok := msg.(*parcel); ok {
		p.copies++
	}
	l.flying++
	ev.kind, ev.key, ev.to, ev.from, ev.msg, ev.op, ev.src = evDeliver, key, to, from, msg, w.step.op, w.step.inc.host
	ev.gen = l.resets
}

// arrive is the other end of a link.
func (w *world) arrive(ev *event) {
	l := ev.src.link(ev.to.host)
	l.flying--
	if ev.gen != l.resets {
		w.drop(ev.to, ev.msg, ev.key, "connection reset")
		return
	}
	ev.kind = evReceive
	w.dispatch(ev)
}

// receive hands a message to the host that it has reached.
func (w *world) receive(ev *event) {
	h := ev.to.host
	if !h.up {
		w.stats.DeadHost++
		w.drop(ev.to, ev.msg, ev.key, "host down")
		return
	}
	if ev.to.req != 0 || ev.to.boot != 0 {
		w.arriveReply(ev)
		return
	}
	mb := ev.to.mb
	if mb == nil {
		w.stats.DeadLetter++
		w.drop(ev.to, ev.msg, ev.key, "no such actor")
		return
	}
	w.stats.Messages++
	it := item{msg: w.unpack(ev.msg), key: ev.key, op: ev.op}
	w.release(ev.msg)
	if ev.from != nil {
		it.sender = h.pidOf(ev.from)
	}
	mb.deliver(it)
}

// arriveReply hands a reply to the Request that waits for it.
func (w *world) arriveReply(ev *event) {
	h := ev.to.host
	if ev.to.boot != h.boot {
		w.stats.OldBoot++
		w.sometimes["sim.reply-to-older-boot"]++
		w.drop(ev.to, ev.msg, ev.key, "reply to an older boot")
		return
	}
	t, ok := h.inc.requests[ev.to.req]
	if !ok {
		w.stats.DeadLetter++
		w.drop(ev.to, ev.msg, ev.key, "nobody waits for this reply")
		return
	}
	delete(h.inc.requests, ev.to.req)
	w.stats.Messages++
	w.countStep(ev.key, h.key)
	if w.tracer != nil {
		w.traceReply(ev, t)
	}
	t.reply = w.unpack(ev.msg)
	w.release(ev.msg)
	w.wake(t, t.gen)
}

func (w *world) drop(to *endpoint, msg any, key uint64, why string) {
	w.stats.Dropped++
	defer w.release(msg)
	if w.tracer != nil {
		w.trace(trace.Event{Kind: trace.Drop, Host: to.host.def.Name, Path: to.name(), Msg: msgName(msg), Text: why, Key: key})
	}
}
