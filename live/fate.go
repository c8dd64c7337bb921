package live

import (
	"bytes"
	"slices"
	"time"
)

// A Fate is what becomes of one message on its way to another host. The zero Fate sends
// it at once and once.
type Fate struct {
	// Drop loses the message, and nothing else of its Fate matters.
	Drop bool
	// Late puts it off.
	Late Wait
	// Again sends it a second time, put off by AgainLate.
	Again     bool
	AgainLate Wait
}

// A Wait puts a message off until Behind later ones to the same host have gone before
// it, or For is over, whichever comes first. Behind 0 is no number of them. A Wait
// without For is none.
type Wait struct {
	Behind int
	For    time.Duration
}

// lateMax bounds the bytes that one link puts off; what would be more goes at once.
const lateMax = queueMax

// lateness is what Options.Fate does to one link. It is guarded by the link's lock.
type lateness struct {
	met   uint64 // messages that a Fate was asked for
	held  []*late
	bytes int // of held
}

// A late message waits while others go.
type late struct {
	frame  []byte
	behind int // messages that go before it; 0 if only its time counts
	timer  *time.Timer
}

// meetFate is called with the link's lock held, when the frame of a message was put at
// the end of the queue, and does to it what Options.Fate says.
func (l *link) meetFate(start int, message string) {
	counters := &l.boot.host.world.counters
	f := l.boot.host.world.opts.Fate(l.boot.host.name, l.to, message, l.late.met)
	l.late.met++
	if f.Drop {
		counters.dropped.Add(1)
		l.buf, l.frames = l.buf[:start], l.frames-1
		return
	}
	frame := l.buf[start:]
	if l.putOff(frame, f.Late) {
		counters.delayed.Add(1)
		l.buf, l.frames = l.buf[:start], l.frames-1
	} else {
		l.passLate()
	}
	if f.Again {
		counters.duplicated.Add(1)
		if !l.putOff(frame, f.AgainLate) {
			l.buf, l.frames = append(l.buf, frame...), l.frames+1
		}
	}
}

// putOff reports whether a frame waits now.
func (l *link) putOff(frame []byte, w Wait) bool {
	if w.For <= 0 || l.late.bytes+len(frame) > lateMax {
		return false
	}
	m := &late{frame: bytes.Clone(frame), behind: w.Behind}
	l.late.held = append(l.late.held, m)
	l.late.bytes += len(frame)
	m.timer = time.AfterFunc(w.For, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if i := slices.Index(l.late.held, m); i >= 0 {
			l.sendLate(i)
			select {
			case l.wake <- struct{}{}:
			default:
			}
		}
	})
	return true
}

// passLate counts one message that has gone before those that wait, and sends those
// that have let enough of them pass.
func (l *link) passLate() {
	for i := 0; i < len(l.late.held); {
		m := l.late.held[i]
		if m.behind == 1 {
			l.sendLate(i)
			continue
		}
		if m.behind > 1 {
			m.behind--
		}
		i++
	}
}

// sendLate queues a message that waits.
func (l *link) sendLate(i int) {
	m := l.late.held[i]
	m.timer.Stop()
	l.late.held = slices.Delete(l.late.held, i, i+1)
	l.late.bytes -= len(m.frame)
	l.buf, l.frames = append(l.buf, m.frame...), l.frames+1
}

// endLate has nothing wait any more: it is queued behind the rest when the link closes.
func (l *link) endLate() {
	for len(l.late.held) > 0 {
		l.sendLate(0)
	}
}
