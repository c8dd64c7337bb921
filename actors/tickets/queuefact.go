package tickets

import "github.com/simrun/simrun/actors"

// The facts of a queue. Each is noted when the state of the queue changes.
type (
	// A JobEnqueued is the fact that a job was taken in. A durable queue answers for it
	// once its record is synced: see JobStored.
	JobEnqueued struct{ Job string }
	// A JobStored is the fact that who submitted a job was told that it is safe.
	JobStored struct{ Job string }
	// A JobLeased is the fact that a job was handed to a worker.
	JobLeased struct {
		Job    string
		Token  Token
		Worker string // path
		Dead   bool   // to be buried
	}
	// A JobSettled is the fact that a worker gave a job back and that the queue took it,
	// for done or to be handed out again. Untouched: it was not tried.
	JobSettled struct {
		Job       string
		Token     Token
		Done      bool
		Untouched bool
	}
	// A JobDone is the fact that a worker was told that its job is done: a durable queue
	// does not have it again.
	JobDone struct {
		Job   string
		Token Token
	}
	// A SettleRefused is the fact that a worker settled a job under a token that is not
	// that of the present lease: it lost the job meanwhile, or it asked twice.
	SettleRefused struct {
		Job   string
		Token Token
	}
	// A LeaseExpired is the fact that a worker lost a job for want of a renewal.
	LeaseExpired struct {
		Job   string
		Token Token
	}
	// A QueueBegan is the fact that a queue serves, with the jobs that it has kept.
	QueueBegan struct {
		Boot    uint64
		Durable bool
		Jobs    []string
	}
)

// States that a queue notes.
const (
	// SawQueueFull: a job was refused because there are too many.
	SawQueueFull actors.Sometimes = "tickets.queue-full"
	// SawLeaseExpired: a worker lost a job, and it was handed out again.
	SawLeaseExpired actors.Sometimes = "tickets.lease-expired"
	// SawPoison: a job was given up after too many deliveries.
	SawPoison actors.Sometimes = "tickets.poison"
	// SawQueueRecovered: a queue came back with jobs.
	SawQueueRecovered actors.Sometimes = "tickets.queue-recovered"
)
