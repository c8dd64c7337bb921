package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/group"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// askedHosts are the members that every group has. Others are found by their name, when
// one of these says that they lead.
var askedHosts = []string{"m0", "m1", "m2"}

// A groupLoad bounds what the clients of a group scenario do.
type groupLoad struct {
	clients, ops, names int
	pause               time.Duration // the longest between two operations of a client
	late                time.Duration // how late a message may be
	// readers is how many clients in a thousand only read. A leader that cannot commit any
	// more holds up everybody else, and they go to its successor.
	readers faults.Permille
}

// generate draws the operations. Every value is published once.
func (l groupLoad) generate(d *faults.Draw, k sim.Knobs) []sim.Op {
	clients, names := k.Int("clients", l.clients), k.Int("names", l.names)
	publish := d.Between("publish", 300, 800)
	var out []sim.Op
	for c := range clients {
		name := fmt.Sprintf("c%d", c)
		publish := publish
		if l.readers > 0 && d.Sub(name, 0).Permille("reads", int(l.readers)) {
			publish = 0
		}
		for n := 1; n <= k.Int("ops", l.ops)/clients; n++ {
			d := d.Sub(name, n)
			key := fmt.Sprintf("k%d", d.IntN("name", names))
			op := sim.Op{Client: name, N: n, Do: models.Fetch{Name: key}}
			if d.Permille("publish", publish) {
				p := models.Publish{Name: key, Value: fmt.Sprintf("%s.%d", name, n)}
				if d.Permille("conditional", 300) {
					p.After = models.AfterSeen
				}
				op.Do = p
			}
			out = append(out, op)
			if d.Permille("sleep", 300) {
				out = append(out, sim.Op{Client: name, Do: Sleep{For: time.Duration(d.IntN("pause", int(l.pause)))}})
			}
		}
	}
	return out
}

// parseGroupLine reads a line of a plan.
func parseGroupLine(text string) (fmt.Stringer, error) {
	if rest, ok := strings.CutPrefix(text, "sleep "); ok {
		d, err := time.ParseDuration(rest)
		return Sleep{For: d}, err
	}
	if a, ok := parseAwait(text); ok {
		return a, nil
	}
	return models.ParseConfigOp(text)
}

// fetchAll reads every name once everything has healed, and lets all members catch up.
func (l groupLoad) fetchAll(k sim.Knobs, _ []sim.Op) []sim.Op {
	var out []sim.Op
	for i := range k.Int("names", l.names) {
		out = append(out, sim.Op{Client: "final", N: i + 1, Do: models.Fetch{Name: fmt.Sprintf("k%d", i)}})
	}
	// A lost member is removed and added within a few election timeouts, once the last
	// late message has let the others on its link pass.
	wait := l.late + 100*k.Duration("tick", defaultTick)
	return append(out, sim.Op{Client: "final", Do: await{Hosts: groupHosts(k), For: wait}})
}

// configModel is the sequential meaning of the operations (model F).
func configModel() linearizability.Model {
	return linearizability.Spec[models.Edition, models.ConfigOp, models.Edition]{
		Key:      models.ConfigOp.Config,
		Apply:    models.ApplyConfig,
		Match:    func(_ models.ConfigOp, want, got models.Edition) bool { return want == got },
		ReadOnly: func(op models.ConfigOp) bool { _, fetch := op.(models.Fetch); return fetch },
	}.Model()
}

// A groupClient carries out the operations of one client, one at a time.
type groupClient struct {
	env      actors.Env
	rec      *linearizability.Recorder
	at       string // the host to be asked next
	patience time.Duration
	// giveUp is after how long the client goes on without an answer; 0 for never. Each
	// operation it gives up makes the history dearer to judge, so limit bounds them.
	giveUp    time.Duration
	limit     int
	uncertain map[string]int
	seen      map[string]int
	n         uint64
}

// newGroupClient returns the Client function of a Workload. Some clients are more
// patient than others.
func newGroupClient(l groupLoad) func(actors.Env, *linearizability.Recorder) func(sim.Op) error {
	return func(env actors.Env, rec *linearizability.Recorder) func(sim.Op) error {
		c := &groupClient{
			env: env, rec: rec, at: askedHosts[env.Rand.IntN(len(askedHosts))],
			patience: time.Duration(100+env.Rand.IntN(400)) * time.Millisecond,
			limit:    max(1, maxUncertain/l.clients), uncertain: map[string]int{}, seen: map[string]int{},
		}
		if env.Host != "final" && env.Rand.IntN(2) == 0 {
			c.giveUp = time.Duration(500+env.Rand.IntN(3000)) * time.Millisecond
		}
		return c.do
	}
}

func (c *groupClient) do(op sim.Op) error {
	switch do := op.Do.(type) {
	case Sleep:
		c.env.Clock.Sleep(do.For)
	case await:
		c.await(do)
	case models.Fetch:
		c.rec.Call(op.N, do)
		c.carryOut(op.N, group.ConfigRequest{Name: do.Name})
	case models.Publish:
		if do.After == models.AfterSeen {
			do.After = c.seen[do.Name]
		}
		c.rec.Call(op.N, do)
		c.carryOut(op.N, group.ConfigRequest{Name: do.Name, Publish: true, Value: do.Value, After: do.After})
	default:
		return fmt.Errorf("no operation on configurations: %v", op.Do)
	}
	return nil
}

// carryOut sends a request to one member after the other until it is answered.
func (c *groupClient) carryOut(n int, req group.ConfigRequest) {
	c.n++
	req.Client, req.Boot, req.N = c.env.Host, c.env.Boot, c.n
	began := c.env.Clock.Now()
	for {
		reply, err := c.env.Request(c.env.PID(c.at+"/"+groupName), req, c.patience)
		r, _ := reply.(group.ConfigReply)
		if err == nil && r.Done {
			c.seen[req.Name] = r.Answer.Number
			c.rec.Return(n, linearizability.Outcome{Output: r.Answer})
			return
		}
		c.next(r.Leader)
		if c.giveUp > 0 && c.env.Clock.Now()-began >= c.giveUp && c.uncertain[req.Name] < c.limit {
			if req.Publish {
				c.uncertain[req.Name]++
			}
			c.rec.Return(n, linearizability.Outcome{Certainty: linearizability.Unknown})
			return
		}
		c.env.Clock.Sleep(c.patience / 10)
	}
}

// next chooses whom to ask: who is said to lead, or whoever comes next.
func (c *groupClient) next(leader string) {
	if leader != "" && leader != c.at {
		c.at = leader
		return
	}
	c.at = askedHosts[(slices.Index(askedHosts, c.at)+1)%len(askedHosts)]
}
