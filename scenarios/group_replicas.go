package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simrun/simrun/actors/group"
	"github.com/simrun/simrun/sim"
)

// checkGroupReplicas holds every member that is up at the end to being one of the group,
// and to having applied everything that was committed when the host "final" began to
// wait for them the second time.
func checkGroupReplicas(o *sim.Observation) error {
	hosts := groupHosts(o.Knobs)
	fold := newGroupOracle(hosts)
	up := map[string]bool{}
	committed, waited := uint64(0), false
	for i := range o.Notes {
		n := &o.Notes[i]
		fold.Observe(*n)
		switch n.Fact.(type) {
		case group.Recovered:
			up[n.Host] = true
		case sim.Down:
			delete(up, n.Host)
		case catchingUp:
			committed = fold.last
		case caughtUp:
			waited = true
		}
	}
	if !waited || fold.Excuse() != "" {
		return nil
	}
	for _, host := range hosts {
		if !up[host] {
			continue
		}
		id := fold.ids[host]
		if !fold.belongs(id) {
			return fmt.Errorf("%s is up and no member of the group: %v", host, fold.peers)
		}
		if fold.applied[id] < committed {
			return fmt.Errorf("%s has applied entry %d of %d", host, fold.applied[id], committed)
		}
	}
	return nil
}

// catchingUp and caughtUp are the facts that the host "final" begins to ask the members
// that have answered once after everything healed, and that they had the time to
// answer again.
type (
	catchingUp struct{}
	caughtUp   struct{}
)

// An await line asks each of some hosts for a read until it answers, and then once more;
// only a member that has applied everything does. Hosts that stay silent for so long
// are taken to be down.
type await struct {
	Hosts []string
	For   time.Duration
}

// String is: await m0,m1,m2 for 7s.
func (a await) String() string {
	return "await " + strings.Join(a.Hosts, ",") + " for " + a.For.String()
}

// parseAwait reads what String prints; ok is false for any other line.
func parseAwait(text string) (a await, ok bool) {
	rest, ok := strings.CutPrefix(text, "await ")
	hosts, wait, cut := strings.Cut(rest, " for ")
	d, err := time.ParseDuration(wait)
	return await{Hosts: strings.Split(hosts, ","), For: d}, ok && cut && err == nil
}

// await carries out the line.
func (c *groupClient) await(a await) {
	left := c.awaitEach(a.Hosts, a.For)
	c.env.Note(catchingUp{})
	c.awaitEach(slices.DeleteFunc(slices.Clone(a.Hosts), func(h string) bool { return slices.Contains(left, h) }), a.For)
	c.env.Note(caughtUp{})
}

// awaitEach returns the hosts that did not answer.
func (c *groupClient) awaitEach(hosts []string, wait time.Duration) (left []string) {
	left = slices.Clone(hosts)
	for end := c.env.Clock.Now() + wait; len(left) > 0 && c.env.Clock.Now() < end; {
		left = slices.DeleteFunc(left, func(host string) bool {
			c.n++
			req := group.ConfigRequest{Client: c.env.Host, Boot: c.env.Boot, N: c.n}
			reply, err := c.env.Request(c.env.PID(host+"/"+groupName), req, c.patience)
			r, _ := reply.(group.ConfigReply)
			return err == nil && r.Done
		})
		if len(left) > 0 {
			c.env.Clock.Sleep(c.patience / 10)
		}
	}
	return left
}
