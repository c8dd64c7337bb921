package tickets

import (
	"time"

	"github.com/simrun/simrun/actors"
)

// CollapseOptions describe two web tiers under the same load: users want pages of a
// web server, which needs a database for all of them, and for some a job of a remote
// service that can do only a few at once. The synchronous tier does the job while the
// user waits; the asynchronous one gives the user a ticket. Zero fields have the
// defaults given with them.
type CollapseOptions struct {
	// Processes is how many pages a web server makes at once, 40. Connections is how
	// many of them can have one to the database, 30. The others are turned away.
	Processes, Connections int
	// Query is how long the database takes, 5 ms.
	Query time.Duration
	// Parallel is how many jobs the remote service does at once, 2; each takes Job, 200
	// ms. Queue is how many wait in the asynchronous tier, 20; more are refused. In
	// the synchronous tier whoever asks waits, with a process and a connection.
	Parallel int
	Job      time.Duration
	Queue    int
	// Patience is how long a user looks at a page that is loading before he asks for it
	// again, 2 s, and before he goes away if it is a view. Interest is for how long he
	// wants a job, 10 s.
	Patience, Interest time.Duration
}

func (o CollapseOptions) withDefaults() CollapseOptions {
	orDefault(&o.Processes, 40)
	orDefault(&o.Connections, 30)
	orDefault(&o.Query, 5*time.Millisecond)
	orDefault(&o.Parallel, 2)
	orDefault(&o.Job, 200*time.Millisecond)
	orDefault(&o.Queue, 20)
	orDefault(&o.Patience, 2*time.Second)
	orDefault(&o.Interest, 10*time.Second)
	return o
}

// The tiers; the hosts of a tier are its name, a hyphen and the name of the actor.
const (
	SyncTier  = "sync"
	AsyncTier = "async"
)

// Names of the actors of a tier.
const (
	TierWeb      = "web"
	TierDatabase = "database"
	TierImages   = "images"
	TierUsers    = "users"
)

// TierPath returns the path of an actor of a tier.
func TierPath(tier, name string) string { return tier + "-" + name + "/" + name }

// CollapseTopology returns the hosts of both tiers and a host c0 that sets the load.
func CollapseTopology(o CollapseOptions) actors.Topology {
	o = o.withDefaults()
	var hosts []actors.Host
	for _, tier := range []string{SyncTier, AsyncTier} {
		web := newAsyncWeb
		queue := o.Queue
		if tier == SyncTier {
			web, queue = newSyncWeb, o.Processes // more cannot ask
		}
		for _, a := range []actors.ActorDef{
			{Name: TierUsers, New: newUsers(tier, o)},
			{Name: TierWeb, New: web(tier, o)},
			{Name: TierDatabase, New: newDatabase(tier, o)},
			{Name: TierImages, New: newImages(tier, o, queue)},
		} {
			hosts = append(hosts, actors.Host{Name: tier + "-" + a.Name, Actors: []actors.ActorDef{a}})
		}
	}
	return actors.Topology{Hosts: append(hosts, actors.Host{Name: "c0"})}
}

// SetLoad tells the users of a tier how many of them come a second: two of three want a
// job, the third a view, for which the database is enough. 0 is nobody.
type SetLoad struct{ PerSecond int }

// What the actors of a tier say to each other.
type (
	// pageRequest asks for a page. Ticket asks how far a job is.
	pageRequest struct {
		User, Attempt int
		Job           bool
		Ticket        int
	}
	// pageReply is the page. Ticket is that of a job that goes on.
	pageReply struct {
		User, Attempt int
		Refused       bool
		Ticket        int
	}
	// openConnection connects a page to the database and reads a result, if Read is not
	// 0, or writes one, if Write is not.
	openConnection struct{ Page, Read, Write int }
	// connectionOpen answers it, when the query is done.
	connectionOpen struct {
		Page    int
		Refused bool
		Found   bool
	}
	closeConnection struct{ Page int }
	// startJob asks the remote service for the job of a page.
	startJob struct{ Page int }
	// jobTaken says that the job waits or runs, or that there is no room for it.
	jobTaken struct {
		Page    int
		Refused bool
	}
	jobFinished struct{ Page int }
)

func init() {
	actors.Message("tickets.set-load", SetLoad{})
	actors.Message("tickets.page-request", pageRequest{})
	actors.Message("tickets.page-reply", pageReply{})
	actors.Message("tickets.open-connection", openConnection{})
	actors.Message("tickets.connection-open", connectionOpen{})
	actors.Message("tickets.close-connection", closeConnection{})
	actors.Message("tickets.start-job", startJob{})
	actors.Message("tickets.job-taken", jobTaken{})
	actors.Message("tickets.job-finished", jobFinished{})
}

// The messages have nothing to share, so a copy of one is the message itself: see
// actors.Copier. A run sends thousands of them.

// CopyMessage implements actors.Copier.
func (m SetLoad) CopyMessage() any { return m }

// CopyMessage implements actors.Copier.
func (m pageRequest) CopyMessage() any { return m }

// CopyMessage implements actors.Copier.
func (m pageReply) CopyMessage() any { return m }

// CopyMessage implements actors.Copier.
func (m openConnection) CopyMessage() any { return m }

// CopyMessage implements actors.Copier.
func (m connectionOpen) CopyMessage() any { return m }

// CopyMessage implements actors.Copier.
func (m closeConnection) CopyMessage() any { return m }

// CopyMessage implements actors.Copier.
func (m startJob) CopyMessage() any { return m }

// CopyMessage implements actors.Copier.
func (m jobTaken) CopyMessage() any { return m }

// CopyMessage implements actors.Copier.
func (m jobFinished) CopyMessage() any { return m }

// Facts of the tiers. A page has a number of its own in its tier.
type (
	// ConnectionHeld is the fact that a page has a connection to the database.
	ConnectionHeld struct {
		Tier string
		Page int
	}
	// ConnectionFreed is the fact that it has it no more.
	ConnectionFreed struct {
		Tier string
		Page int
	}
	// JobRuns is the fact that the remote service has begun with the job of a page.
	JobRuns struct {
		Tier string
		Page int
	}
	// JobEnded is the fact that it is done.
	JobEnded struct {
		Tier string
		Page int
	}
	// TierSecond is how a tier did in the last second: users who came, and who got what
	// they wanted.
	TierSecond struct {
		Tier       string
		Came, Good int
	}
	// TierLoad is what a web server is busy with: processes, and the messages it has
	// handled in the last second.
	TierLoad struct {
		Tier     string
		Busy     int
		Messages int
	}
	// PoolLoad is how many connections are taken, of how many.
	PoolLoad struct {
		Tier        string
		Taken, Size int
	}
)

// Charts of a run, see actors.Gauge.
const (
	chartGood        = "users served a second"
	chartConnections = "database connections in use"
	chartBusy        = "messages handled by the web server a second"
)

// everySecond is the timer of what is measured.
type everySecond struct{}
