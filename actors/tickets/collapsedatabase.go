package tickets

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// A database has a bounded pool of connections. Who finds none is turned away. It has
// time for all queries of its connections.
type database struct {
	env     actors.Env
	tier    string
	size    int
	query   time.Duration
	taken   map[int]bool // by page
	results map[int]bool // jobs that are done, by ticket
}

// queryDone is the timer of a query.
type queryDone struct{ Page, Read int }

func newDatabase(tier string, o CollapseOptions) actors.Producer {
	return func(env actors.Env) actor.Actor {
		return &database{env: env, tier: tier, size: o.Connections, query: o.Query, taken: map[int]bool{}, results: map[int]bool{}}
	}
}

// Receive implements actor.Actor.
func (d *database) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		d.env.Clock.After(time.Second, everySecond{})
	case everySecond:
		d.env.Note(PoolLoad{Tier: d.tier, Taken: len(d.taken), Size: d.size})
		d.env.Note(actors.Gauge{Chart: chartConnections, Curve: d.tier, Value: int64(len(d.taken))})
		d.env.Clock.After(time.Second, everySecond{})
	case openConnection:
		d.open(m)
	case queryDone:
		d.tell(connectionOpen{Page: m.Page, Found: d.results[m.Read]})
	case closeConnection:
		delete(d.taken, m.Page)
	}
}

func (d *database) open(m openConnection) {
	if len(d.taken) >= d.size {
		d.tell(connectionOpen{Page: m.Page, Refused: true})
		return
	}
	d.taken[m.Page] = true
	if m.Write != 0 {
		d.results[m.Write] = true
	}
	d.env.Clock.After(d.query, queryDone{Page: m.Page, Read: m.Read})
}

func (d *database) tell(msg any) { d.env.Send(d.env.PID(TierPath(d.tier, TierWeb)), msg) }
