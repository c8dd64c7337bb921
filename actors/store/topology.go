package store

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/models"
)

// Options describe a whole system. The zero value of a field has the default.
type Options struct {
	// Coordinators is their number, 2g+1 to tolerate the failure of g: hosts coord,
	// coord2, ... Default 1.
	Coordinators int
	Daemons      int // hosts daemon1, daemon2, ...; default 3
	Clients      int // hosts c0, c1, ...; there is always one named "final"
	// Spaces are created by the program "admin" of the host "admin", one after the
	// other. It ends without them if there are too few daemons.
	Spaces     []models.Space
	Durability Durability
	Client     ClientOptions
	Timing     Timing
	// SnapshotEvery is the number of entries after which a daemon writes its log
	// anew. Default 1,000.
	SnapshotEvery int
	Limits        Limits
	// Patience is how long the admin program tries to create each space. Default
	// 30 s.
	Patience time.Duration
	// Programs are added to the hosts of the clients: the n-th client gets the n-th
	// program, under the name "program".
	Programs []actors.Program
}

// Limits say how much the servers handle at a time. A zero field has its value in
// DefaultLimits. With small ones, a few operations reach the states that otherwise
// take thousands.
type Limits struct {
	// Batch is the most records in a message from a daemon to its successor.
	Batch int
	// Chunk is the most objects in a message of a transfer.
	Chunk int
	// Configs is about how many configurations a coordinator's log may have before it
	// is written anew.
	Configs int
}

// DefaultLimits suit objects of some hundred bytes.
var DefaultLimits = Limits{Batch: 128, Chunk: 64, Configs: 64}

func (l Limits) withDefaults() Limits {
	if l.Batch <= 0 {
		l.Batch = DefaultLimits.Batch
	}
	if l.Chunk <= 0 {
		l.Chunk = DefaultLimits.Chunk
	}
	if l.Configs <= 0 {
		l.Configs = DefaultLimits.Configs
	}
	return l
}

// A Timing has the periods of the protocol. A zero field has its value in
// DefaultTiming.
type Timing struct {
	// Heartbeat is the period of heartbeats and of the coordinator's decisions.
	Heartbeat time.Duration
	// Lease is how long after the send of a heartbeat its answer lets a daemon
	// answer reads. A daemon that is silent for longer than a lease is expelled. It has
	// to outlast a heartbeat and a round trip, or two if there are several coordinators.
	Lease time.Duration
	// Retry is the period of repetitions between daemons while something is under
	// way.
	Retry time.Duration
	// Doubt is how long a daemon whose log had a torn end, and that is alone in a
	// chain, waits for another member to come back before it is believed.
	Doubt time.Duration
}

// DefaultTiming suits hosts that are milliseconds apart.
var DefaultTiming = Timing{
	Heartbeat: 100 * time.Millisecond,
	Lease:     500 * time.Millisecond,
	Retry:     40 * time.Millisecond,
	Doubt:     5 * time.Second,
}

func (t Timing) withDefaults() Timing {
	if t.Heartbeat <= 0 {
		t.Heartbeat = DefaultTiming.Heartbeat
	}
	if t.Lease <= 0 {
		t.Lease = DefaultTiming.Lease
	}
	if t.Retry <= 0 {
		t.Retry = DefaultTiming.Retry
	}
	if t.Doubt <= 0 {
		t.Doubt = DefaultTiming.Doubt
	}
	return t
}

func (o Options) withDefaults() Options {
	if o.Daemons <= 0 {
		o.Daemons = 3
	}
	if o.SnapshotEvery <= 0 {
		o.SnapshotEvery = 1000
	}
	if o.Patience <= 0 {
		o.Patience = 30 * time.Second
	}
	if o.Coordinators <= 0 {
		o.Coordinators = 1
	}
	o.Client.Coordinators = o.Coordinators
	o.Timing = o.Timing.withDefaults()
	o.Limits = o.Limits.withDefaults()
	return o
}

// Topology returns the system: coordinators, daemons, clients and an
// administrator.
func Topology(o Options) actors.Topology {
	o = o.withDefaults()
	var hosts []actors.Host
	for _, name := range CoordinatorHosts(o.Coordinators) {
		hosts = append(hosts, actors.Host{
			Name:   name,
			Actors: []actors.ActorDef{{Name: CoordinatorActor, New: newCoordinator(o)}},
		})
	}
	for i := range o.Daemons {
		hosts = append(hosts, actors.Host{
			Name: fmt.Sprintf("daemon%d", i+1),
			Actors: []actors.ActorDef{
				{Name: StoreActor, New: newDaemon(o)},
				{Name: LogActor, New: newLog},
			},
		})
	}
	hosts = append(hosts, actors.Host{
		Name:     "admin",
		Programs: []actors.ProgramDef{{Name: "admin", Run: o.createSpaces}},
	})
	for i := range o.Clients {
		h := clientHost(fmt.Sprintf("c%d", i), o.Client)
		if i < len(o.Programs) {
			h.Programs = []actors.ProgramDef{{Name: "program", Run: o.Programs[i]}}
		}
		hosts = append(hosts, h)
	}
	return actors.Topology{Hosts: append(hosts, clientHost("final", o.Client))}
}

func clientHost(name string, o ClientOptions) actors.Host {
	return actors.Host{Name: name, Actors: []actors.ActorDef{{Name: ClientActor, New: NewClientActor(o)}}}
}

// createSpaces is the program of the administrator. That a space cannot be
// created is no error of the program: it is the right answer to too few daemons.
func (o Options) createSpaces(env actors.Env) error {
	admin := NewAdmin(env, o.Coordinators)
	for _, s := range o.Spaces {
		if _, err := admin.AddSpace(s, o.Durability, o.Patience); err != nil {
			env.Log.Info("space is not created", "err", err)
		}
	}
	return nil
}
