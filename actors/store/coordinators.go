package store

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// CoordinatorHosts names the hosts of n coordinators.
func CoordinatorHosts(n int) []string {
	out := []string{CoordinatorHost}
	for i := 2; i <= n; i++ {
		out = append(out, fmt.Sprintf("%s%d", CoordinatorHost, i))
	}
	return out
}

// A coordinators sends to the coordinator that is believed to lead. It belongs to
// one actor. A wrong belief costs time and nothing else.
type coordinators struct {
	env    actors.Env
	hosts  []string
	pids   []*actor.PID
	at     int // who is believed to lead
	silent int // questions since one of them answered
}

// coordinatorPatience is how many questions may stay without an answer before the
// next coordinator is asked.
const coordinatorPatience = 3

func newCoordinators(env actors.Env, n int) coordinators {
	c := coordinators{env: env, hosts: CoordinatorHosts(max(n, 1))}
	for _, host := range c.hosts {
		c.pids = append(c.pids, env.PID(host+"/"+CoordinatorActor))
	}
	return c
}

// send sends a message that is not answered, or not at once.
func (c *coordinators) send(msg any) { c.env.Send(c.pids[c.at], msg) }

// ask sends a question.
func (c *coordinators) ask(msg any) { c.env.Send(c.asked(), msg) }

// asked returns the one to ask a question. Who does not answer several in a row may
// be down.
func (c *coordinators) asked() *actor.PID {
	if c.silent++; c.silent > coordinatorPatience {
		c.at, c.silent = (c.at+1)%len(c.hosts), 1
	}
	return c.pids[c.at]
}

// host names the one that was asked last.
func (c *coordinators) host() string { return c.hosts[c.at] }

// heard says that a host answered as the leader.
func (c *coordinators) heard(host string) {
	c.silent = 0
	if c.hosts[c.at] != host {
		c.turnTo(host)
	}
}

// elsewhere says that the one that was asked does not lead.
func (c *coordinators) elsewhere(m NotLeader) {
	if c.hosts[c.at] == m.Host {
		c.silent = 0
		c.turnTo(m.Leader)
	}
}

func (c *coordinators) turnTo(host string) {
	for i := range c.hosts {
		if c.hosts[i] == host {
			c.at = i
		}
	}
}
