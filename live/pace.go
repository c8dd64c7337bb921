package live

import "time"

const (
	// paceFree is how many connections a host takes in a second at once: more than all
	// that an honest system opens when a host of it comes back.
	paceFree = 512
	// paceRest is the rest after every paceTurn further ones.
	paceRest = 50 * time.Microsecond
	paceTurn = 4
)

// A pace is that of a host's accepting. In a flood of connections all processors would
// else be busy without end, and the runtime looks at what comes over the others only when
// one is idle, or ten milliseconds have passed.
type pace struct {
	since time.Time // when the present second began
	taken int       // connections since then
}

// rest returns how long to wait after a connection that was taken now.
func (p *pace) rest(now time.Time) time.Duration {
	if now.Sub(p.since) >= time.Second {
		p.since, p.taken = now, 0
	}
	if p.taken++; p.taken <= paceFree || p.taken%paceTurn != 0 {
		return 0
	}
	return paceRest
}
