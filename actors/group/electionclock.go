package group

import "math/rand/v2"

// An electionClock counts the ticks of a member that does not lead: raft draws its
// own deadlines from a source that nobody can seed.
type electionClock struct {
	rand    *rand.Rand
	ticks   int // without a leader until it is given up
	elapsed int
	limit   int // ticks until this member campaigns
	now     int // ticks since the start
	slow    int // ticks that the disk takes for a promise, as of late
}

// wrote says how long the disk took. Nobody can win who campaigns again before the votes
// for the last time are durable.
func (c *electionClock) wrote(ticks int) { c.slow = max(ticks, c.slow-1) }

// reset says that a leader was heard of, or a vote given to somebody who may become
// one.
func (c *electionClock) reset() {
	c.elapsed, c.limit = 0, c.ticks+c.rand.IntN(c.ticks)
}

// tick counts one more. It says whether the leader is given up in this tick, and
// whether it is time to campaign.
func (c *electionClock) tick() (forget, campaign bool) {
	c.elapsed++
	forget, campaign = c.elapsed == c.ticks, c.elapsed >= c.limit+3*c.slow
	if campaign {
		c.reset()
	}
	return forget, campaign
}
