package primes

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/models"
)

func init() { actors.Message("primes.collect", collect{}) }

// The spaces of the replicated response store. An entry is an object of responses; the
// ids of all entries are in the sets of index, so that the janitor finds them. An id
// is in the index before its entry exists.
const (
	responseSpace = "responses"
	indexSpace    = "requests"
	indexBuckets  = 4

	// statusExpired marks an entry that reads as if it were not there.
	statusExpired = "EXPIRED"
)

var (
	responseDef = parseSpace("space responses key id attributes string status, string payload, string reason, int beat")
	indexDef    = parseSpace("space requests key bucket attributes set(string) ids")
)

func parseSpace(text string) models.Space {
	s, err := models.ParseSpace(text)
	if err != nil {
		panic(fmt.Sprintf("primes: %q: %v", text, err))
	}
	return s
}

// ReplicatedStore returns the options of the store that has the responses of a Replicated
// service: Responses, with the spaces that it needs, each of which tolerates the loss of
// one copy.
func (o Options) ReplicatedStore() store.Options {
	options := o.Responses
	options.Clients, options.Programs = 0, nil
	options.Spaces = nil
	for _, s := range []models.Space{responseDef, indexDef} {
		s.Tolerate, s.Partitions = 1, 4
		options.Spaces = append(options.Spaces, s)
	}
	return options
}

// replicatedHosts are those of the replicated store, and the janitor.
func (o Options) replicatedHosts() []actors.Host {
	options := o.ReplicatedStore()
	hosts := slices.DeleteFunc(store.Topology(options).Hosts, func(h actors.Host) bool { return h.Name == "final" })
	return append(hosts, actors.Host{Name: JanitorHost, Actors: []actors.ActorDef{
		{Name: store.ClientActor, New: store.NewClientActor(options.Client)},
		{Name: janitorActor, New: newJanitor(o)},
	}})
}

// gateway are the actors of a host that uses the replicated store.
func (o Options) gateway() []actors.ActorDef {
	return []actors.ActorDef{
		{Name: store.ClientActor, New: store.NewClientActor(o.Responses.Client)},
		{Name: storeActor, New: newGateway},
	}
}

// A gateway speaks the protocol of a response store in memory and has the replicated
// store do the work. It keeps nothing but what is under way: it is on the host of its
// user, so nothing between the two is lost.
type gateway struct {
	env        actors.Env
	client     *store.Client
	open       map[*store.Deferred]func(models.Result)
	collecting bool
	highest    uint64 // N of the last create
	noted      marks
}

// collect has the gateway hand out what has completed.
type collect struct{}

// collectPatience is how long a gateway waits for an operation to complete before it
// looks at its mailbox again.
const collectPatience = 10 * time.Millisecond

func newGateway(env actors.Env) actor.Actor {
	return &gateway{env: env, open: map[*store.Deferred]func(models.Result){}, noted: marks{env: env}}
}

// Receive handles one message; see actor.Actor.
func (g *gateway) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		g.client = store.NewClient(g.env)
	case create:
		// A repetition of one that is under way, or that was answered: it must not be
		// carried out twice.
		if m.N > g.highest {
			g.highest = m.N
			g.create(ctx.Sender(), m.ID)
		}
	case read:
		g.read(ctx.Sender(), m.ID)
	case renew:
		g.renew(m.ID)
	case settle:
		g.settle(ctx.Sender(), m)
	case collect:
		g.collect()
	}
}

// do has then called with the result.
func (g *gateway) do(d *store.Deferred, then func(models.Result)) {
	g.open[d] = then
	if !g.collecting {
		g.collecting = true
		g.env.Send(g.env.PID(g.env.Host+"/"+storeActor), collect{})
	}
}

// collect takes one result, and comes back while more are to come.
func (g *gateway) collect() {
	g.collecting = false
	if d, status := g.client.Loop(collectPatience); status == models.Success {
		then := g.open[d]
		delete(g.open, d)
		then(d.Wait())
	}
	if len(g.open) > 0 && !g.collecting {
		g.collecting = true
		g.env.Send(g.env.PID(g.env.Host+"/"+storeActor), collect{})
	}
}

// create enters the id into the index, and then stores the entry. Of each it is told
// that it was done, or the id is given up.
func (g *gateway) create(to *actor.PID, id string) {
	bucket := bucketOf(id)
	element := models.Attr{Name: "ids", Value: models.StringValue(id)}
	g.do(g.client.AsyncSetAdd(indexSpace, bucket, element), func(r models.Result) {
		if r.Status != models.Success {
			g.env.Send(to, created{ID: id})
			return
		}
		entry := models.Attr{Name: "status", Value: models.StringValue(string(InProgress))}
		g.do(g.client.AsyncPutIfNotExist(responseSpace, id, entry), func(r models.Result) {
			if r.Status == models.Success {
				g.env.Note(Created{ID: id})
			}
			g.env.Send(to, created{ID: id, OK: r.Status == models.Success})
		})
	})
}

// renew makes the next beat of an entry: the janitor sees that somebody is at work.
func (g *gateway) renew(id string) {
	g.env.Note(Renewing{ID: id})
	beat := models.Attr{Name: "beat", Value: models.IntValue(1)}
	g.do(g.client.AsyncAtomicAdd(responseSpace, id, beat), func(r models.Result) {
		if r.Status == models.Success {
			g.env.Note(Renewed{ID: id})
		}
	})
}

// bucketOf is the key of the set that has the id.
func bucketOf(id string) string {
	h := fnv.New32a()
	h.Write([]byte(id))
	return bucketKey(int(h.Sum32() % indexBuckets))
}

func bucketKey(n int) string { return fmt.Sprintf("b%d", n) }

func (g *gateway) read(to *actor.PID, id string) {
	g.do(g.client.AsyncGet(responseSpace, id), func(r models.Result) {
		e := entryOf(id, r)
		switch {
		case r.Status == models.NotFound || r.Status == models.Success && e.Status == statusExpired:
			g.env.Send(to, Refusal{NotFound, "no such request"})
		case r.Status == models.Success:
			g.env.Send(to, e)
		default:
			g.env.Send(to, Refusal{Unavailable, "the response store does not answer"})
		}
	})
}

// entryOf reads an object of the response space.
func entryOf(id string, r models.Result) Response {
	e := Response{ID: id}
	for _, a := range r.Attrs {
		switch a.Name {
		case "status":
			e.Status = Status(a.Value.Str)
		case "payload":
			e.Payload = string(a.Value.Str)
		case "reason":
			e.Reason = string(a.Value.Str)
		}
	}
	return e
}

// inProgress is the condition of every change of an entry: a terminal state stays.
var inProgress = models.Check{Attr: "status", Pred: models.Equals, Value: models.StringValue(string(InProgress))}

// terminal are the attributes of a terminal state.
func terminal(status Status, payload, reason string) []models.Attr {
	return []models.Attr{
		{Name: "status", Value: models.StringValue(string(status))},
		{Name: "payload", Value: models.StringValue(payload)},
		{Name: "reason", Value: models.StringValue(reason)},
	}
}

// settle is silent about an outcome that nobody knows: the server asks again.
func (g *gateway) settle(to *actor.PID, m settle) {
	d := g.client.AsyncCondPut(responseSpace, m.ID, []models.Check{inProgress}, terminal(m.Status, m.Payload, m.Reason)...)
	g.do(d, func(r models.Result) {
		switch r.Status {
		case models.Success:
			g.env.Note(Ended{ID: m.ID, Status: m.Status})
			g.env.Send(to, settled{ID: m.ID, Entry: Response{ID: m.ID, Status: m.Status, Payload: m.Payload, Reason: m.Reason}})
		case models.CmpFail:
			g.noted.mark(SawDuplicate)
			g.tellSettled(to, m.ID)
		case models.NotFound:
			g.env.Send(to, settled{ID: m.ID})
		}
	})
}

// tellSettled reads what an entry has become.
func (g *gateway) tellSettled(to *actor.PID, id string) {
	g.do(g.client.AsyncGet(responseSpace, id), func(r models.Result) {
		switch {
		case r.Status == models.NotFound:
			g.env.Send(to, settled{ID: id})
		case r.Status == models.Success:
			g.env.Send(to, settled{ID: id, Entry: entryOf(id, r)})
		}
	})
}
