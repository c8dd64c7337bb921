package store

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// A peers sends to one actor of each host, and keeps the PIDs: making one costs more
// than sending to it. They are the sender's own and go nowhere else.
type peers struct {
	env   actors.Env
	actor string
	pids  map[string]*actor.PID
}

func newPeers(env actors.Env, name string) peers {
	return peers{env: env, actor: name, pids: map[string]*actor.PID{}}
}

func (p *peers) send(host string, msg any) {
	pid := p.pids[host]
	if pid == nil {
		pid = p.env.PID(host + "/" + p.actor)
		p.pids[host] = pid
	}
	p.env.Send(pid, msg)
}
