package primes

import (
	"errors"
	"fmt"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
)

// The names of actors and hosts. Servers are sv1, sv2, ..., progress services pg1, ...,
// clients c0, c1, ... and final.
const (
	BalancerHost = "lb"
	StoreHost    = "rs" // of the shared response store in memory
	QueueHost    = "qu"
	JanitorHost  = "janitor" // of the replicated response store

	balancerActor = "balancer"
	serverActor   = "server"
	storeActor    = "responses"
	queueActor    = "queue"

	// BalancerPath is where clients send what they ask.
	BalancerPath = BalancerHost + "/" + balancerActor
)

// A StoreKind says where the responses are.
type StoreKind string

// The kinds of response stores.
const (
	// Shared is one store in memory, for all servers. Its crash loses the responses.
	Shared StoreKind = "shared"
	// Local is a store in the memory of each server. It needs a balancer with affinity.
	Local StoreKind = "local"
	// Replicated keeps the responses in a space of the replicated store: they survive
	// crashes of the servers and of the store.
	Replicated StoreKind = "replicated"
)

// A QueueKind says where jobs wait.
type QueueKind string

// The kinds of queues.
const (
	// NoQueue has each server keep the jobs that it accepted.
	NoQueue QueueKind = "none"
	// InMemory is a queue whose crash loses the jobs.
	InMemory QueueKind = "memory"
	// Durable is a queue that has every job on disk before it is accepted.
	Durable QueueKind = "durable"
)

// Options describe a whole service. The zero value of a field has the default.
type Options struct {
	Servers  int // default 3
	Clients  int // hosts that clients run on, beside "final"
	Progress int // progress services, to which all polls go; default none
	Store    StoreKind
	Queue    QueueKind
	// Affinity has polls go to the server that took the request.
	Affinity bool
	// Sync has servers answer a submission when it is finished, and not before.
	Sync   bool
	Timing Timing
	Limits Limits
	// Responses describe the replicated store, for a Replicated one.
	Responses store.Options
}

// A Timing has the periods of the service. A zero field has its value in DefaultTiming.
type Timing struct {
	TTL      time.Duration // of an entry, from its terminal state on
	Lease    time.Duration // of an entry in progress, and of a job of the queue
	Renew    time.Duration // period in which leases are renewed
	Sweep    time.Duration // period in which expired entries are removed
	Retry    time.Duration // until a message between servers, store and queue is repeated
	Patience time.Duration // until a submission that is not stored yet is refused
	Health   time.Duration // period in which the balancer asks who is there
	Slice    time.Duration // between two slices of a server
}

// DefaultTiming is that of the service as it was specified: responses live for three
// minutes, and who submits is answered within 200 ms, whatever happens.
var DefaultTiming = Timing{
	TTL: 3 * time.Minute, Lease: 3 * time.Minute, Renew: 30 * time.Second, Sweep: 10 * time.Second,
	Retry: 60 * time.Millisecond, Patience: 150 * time.Millisecond, Health: time.Second,
}

// Limits say how much there may be of everything. A zero field has its value in
// DefaultLimits.
type Limits struct {
	Entries    int   // of a response store in memory
	Jobs       int   // that a server holds
	Parallel   int   // of those, that take turns; the others wait
	Slice      int64 // numbers in a slice
	Slices     int   // of one job before a server gives it up
	Queue      int   // jobs in the queue
	QueueLog   int64 // bytes of its log before it is written anew
	Deliveries int   // of one job of the queue before it is given up
	Rate       int   // requests a second of one client to one server; 0: no bound
	Burst      int   // of those at once
	Clients    int   // that a server remembers the rate of
}

// MaxTTL is the longest time to live of a response.
const MaxTTL = 30 * 24 * time.Hour

// DefaultLimits suit a server with one processor and some hundred megabytes.
var DefaultLimits = Limits{
	Entries: 100_000, Jobs: 1_000, Parallel: 5, Slice: 1 << 18, Slices: 10_000,
	Queue: 100_000, QueueLog: 1 << 20, Deliveries: 5, Burst: 20, Clients: 10_000,
}

// Validate reports the first option that means nothing, or nothing together with another.
func (o Options) Validate() error {
	switch o.Store {
	case "", Shared, Replicated:
	case Local:
		if !o.Affinity || o.Progress > 0 || o.Queue != "" && o.Queue != NoQueue {
			return fmt.Errorf("store %s: needs affinity, and neither a queue nor progress services", o.Store)
		}
	default:
		return fmt.Errorf("store %q: want %s, %s or %s", o.Store, Shared, Local, Replicated)
	}
	switch o.Queue {
	case "", NoQueue, InMemory, Durable:
	default:
		return fmt.Errorf("queue %q: want %s, %s or %s", o.Queue, NoQueue, InMemory, Durable)
	}
	if o.Sync && o.Queue != "" && o.Queue != NoQueue {
		return fmt.Errorf("queue %s: a synchronous server has none", o.Queue)
	}
	if o.Timing.TTL > MaxTTL {
		return fmt.Errorf("a time to live of %v: at most %v", o.Timing.TTL, MaxTTL)
	}
	if o.Timing.TTL < 0 || o.Timing.Lease < 0 || o.Servers < 0 || o.Progress < 0 {
		return errors.New("times and numbers are not negative")
	}
	return nil
}

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	fill(&o.Servers, 3)
	if o.Store == "" {
		o.Store = Shared
	}
	if o.Queue == "" {
		o.Queue = NoQueue
	}
	t, d := &o.Timing, DefaultTiming
	fill(&t.TTL, d.TTL)
	fill(&t.Lease, d.Lease)
	fill(&t.Renew, d.Renew)
	fill(&t.Sweep, d.Sweep)
	fill(&t.Retry, d.Retry)
	fill(&t.Patience, d.Patience)
	fill(&t.Health, d.Health)
	l, m := &o.Limits, DefaultLimits
	fill(&l.Entries, m.Entries)
	fill(&l.Jobs, m.Jobs)
	fill(&l.Parallel, m.Parallel)
	fill(&l.Slice, m.Slice)
	fill(&l.Slices, m.Slices)
	fill(&l.Queue, m.Queue)
	fill(&l.QueueLog, m.QueueLog)
	fill(&l.Deliveries, m.Deliveries)
	fill(&l.Burst, m.Burst)
	fill(&l.Clients, m.Clients)
	return o
}

func fill[T int | int64 | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// storePath is where a host finds the response store.
func (o Options) storePath(host string) string {
	if o.Store == Shared {
		return StoreHost + "/" + storeActor
	}
	return host + "/" + storeActor
}

func (o Options) queuePath() string {
	if o.Queue == NoQueue {
		return ""
	}
	return QueueHost + "/" + queueActor
}

func (o Options) serverHosts() []string { return numbered("sv", o.Servers) }

func (o Options) progressHosts() []string { return numbered("pg", o.Progress) }

func numbered(prefix string, n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("%s%d", prefix, i+1))
	}
	return names
}

// Topology returns the hosts of a service.
func Topology(o Options) actors.Topology {
	o = o.withDefaults()
	var hosts []actors.Host
	switch o.Store {
	case Shared:
		hosts = append(hosts, actors.Host{Name: StoreHost, Actors: []actors.ActorDef{{Name: storeActor, New: newResponses(o)}}})
	case Replicated:
		hosts = append(hosts, o.replicatedHosts()...)
	}
	hosts = append(hosts, actors.Host{Name: BalancerHost, Actors: []actors.ActorDef{{Name: balancerActor, New: newBalancer(o)}}})
	for _, name := range o.serverHosts() {
		hosts = append(hosts, o.storeUser(name, actors.ActorDef{Name: serverActor, New: newServer(o)}))
	}
	for _, name := range o.progressHosts() {
		hosts = append(hosts, o.storeUser(name, actors.ActorDef{Name: serverActor, New: newProgress(o)}))
	}
	if o.Queue != NoQueue {
		hosts = append(hosts, o.storeUser(QueueHost, actors.ActorDef{Name: queueActor, New: newQueue(o)}))
	}
	for i := range o.Clients {
		hosts = append(hosts, actors.Host{Name: fmt.Sprintf("c%d", i)})
	}
	return actors.Topology{Hosts: append(hosts, actors.Host{Name: "final"})}
}

// storeUser is a host with an actor that uses the response store, and with what it
// needs for that.
func (o Options) storeUser(name string, user actors.ActorDef) actors.Host {
	h := actors.Host{Name: name}
	switch o.Store {
	case Local:
		h.Actors = append(h.Actors, actors.ActorDef{Name: storeActor, New: newResponses(o)})
	case Replicated:
		h.Actors = append(h.Actors, o.gateway()...)
	}
	h.Actors = append(h.Actors, user)
	return h
}

// CensusPaths are the actors that answer a Census.
func (o Options) CensusPaths() []string {
	o = o.withDefaults()
	var paths []string
	switch o.Store {
	case Shared:
		paths = append(paths, StoreHost+"/"+storeActor)
	case Replicated:
		paths = append(paths, JanitorHost+"/"+janitorActor)
	case Local:
		for _, h := range o.serverHosts() {
			paths = append(paths, h+"/"+storeActor)
		}
	}
	if o.Queue != NoQueue {
		paths = append(paths, o.queuePath())
	}
	return paths
}
