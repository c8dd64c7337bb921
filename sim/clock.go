package sim

import (
	"errors"
	"time"

	"github.com/simrun/simrun/faults"
)

// wallEpoch is what Wall says at the start of a run.
var wallEpoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// worldDuration is how long d on this host's clock takes in virtual time, rounded
// up, so that a timer never fires early by its own clock.
func (h *host) worldDuration(d time.Duration) int64 {
	if h.drift == 0 {
		return int64(d)
	}
	rate := 1000 + h.drift
	whole, rest := int64(d)/rate, int64(d)%rate
	return whole*1000 + (rest*1000+rate-1)/rate
}

// localDuration is how much this host's clock advances in d of virtual time.
func (h *host) localDuration(d int64) time.Duration {
	if h.drift == 0 {
		return time.Duration(d)
	}
	rate := 1000 + h.drift
	return time.Duration(d/1000*rate + d%1000*rate/1000)
}

// Now is Clock.Now.
func (p *party) Now() time.Duration {
	return p.inc.host.localDuration(p.w.now - p.inc.started)
}

// Wall is Clock.Wall.
func (p *party) Wall() time.Time {
	return wallEpoch.Add(p.inc.host.localDuration(p.w.now) + p.inc.host.wall)
}

// After is Clock.After.
func (p *party) After(d time.Duration, msg any) (cancel func()) {
	if !p.alive() {
		return func() {}
	}
	if p.mb == nil {
		panic(failure{"forbidden call", errors.New("a Program has no mailbox for Clock.After: use Sleep")})
	}
	w := p.w
	t := &timer{mb: p.mb, op: w.step.op, msg: msg}
	key := w.nextKey()
	due := p.inc.host.worldDuration(max(d, 0))
	if j := uint64(w.net.Jitter); j > 0 {
		due += int64(faults.Scale(faults.Mix(w.netKey^0x6a6974, key), uint64(due)/1000*j+1))
	}
	ev := w.times.push(w.now + due)
	ev.kind, ev.tm, ev.key = evTimer, t, key
	w.cause(ev.key)
	return func() { t.cancelled = true }
}

// Sleep is Clock.Sleep.
func (p *party) Sleep(d time.Duration) {
	if !p.alive() {
		p.w.unwinding()
	}
	p.pause(p.inc.host.worldDuration(max(d, 0)))
}

// pause parks the running step for a stretch of virtual time.
func (p *party) pause(d int64) {
	w := p.w
	t := w.step.task
	if t == nil {
		panic(failure{"blocked outside a step", errors.New("an actor must not block while it is made: wait for Started")})
	}
	ev := w.times.push(w.now + d)
	ev.kind, ev.task, ev.gen, ev.key = evWake, t, t.gen, w.nextKey()
	w.park()
}
