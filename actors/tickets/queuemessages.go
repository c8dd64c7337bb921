package tickets

import (
	"time"

	"github.com/simrun/simrun/actors"
)

// QueueActor is the name of the queue's actor on its host.
const QueueActor = "queue"

// A Job is what a browser wants to have done.
type Job struct {
	// Name is chosen by who submits it and stands for this job only: the same name again
	// is the same job.
	Name string
	// Work is how long a worker needs for it.
	Work time.Duration
	// Poison marks a job that no worker can do.
	Poison bool
}

// A Token names one lease of one job. A queue that restarts gives other tokens, so
// one of before is known to be stale.
type Token struct{ Boot, N uint64 }

// A task is a job with where its outcome goes: to a ticket if it has one, and to one
// of the web servers if there are any to call back.
type task struct {
	Job      Job
	Ticket   ID
	Callback []string // hosts of web servers
}

// A delivery hands a task to a worker until its lease runs out.
type delivery struct {
	Task  task
	Token Token
	// Dead says why nobody will do the job, and what its outcome is; "" if somebody is
	// to.
	Dead string
}

// What web servers and workers say to a queue. All but the renewals are sent again
// until they are answered.
type (
	// enqueue is answered once the task is as safe as the queue can have it.
	enqueue struct {
		Back Return
		Task task
	}
	// take asks for up to Free deliveries. It is answered when there is one.
	take struct {
		Back Return
		Free int
	}
	// settle gives a delivery back: done with, or not. Untouched means that the worker
	// had no room and did not try.
	settle struct {
		Back      Return
		Job       string
		Token     Token
		Done      bool
		Untouched bool
	}
	// renewLeases says that a worker still has these.
	renewLeases struct{ Held []holding }
	holding     struct {
		Job   string
		Token Token
	}
	// queueAnswer answers an enqueue or a settle.
	queueAnswer struct {
		Back   Return
		Status Status
	}
	// askLength is answered with the number of jobs, queueLength.
	askLength   struct{}
	queueLength struct{ Jobs int }
	// given answers a take.
	given struct {
		Back       Return
		Deliveries []delivery
	}
)

// CopyMessage implements actors.Copier.
func (m enqueue) CopyMessage() any {
	m.Task.Callback = append([]string(nil), m.Task.Callback...)
	return m
}

func init() {
	actors.Message("tickets.enqueue", enqueue{})
	actors.Message("tickets.take", take{})
	actors.Message("tickets.settle", settle{})
	actors.Message("tickets.renew-leases", renewLeases{})
	actors.Message("tickets.queue-answer", queueAnswer{})
	actors.Message("tickets.given", given{})
	actors.Message("tickets.ask-length", askLength{})
	actors.Message("tickets.queue-length", queueLength{})
}
