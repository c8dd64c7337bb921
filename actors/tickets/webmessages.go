package tickets

import "github.com/simrun/simrun/actors"

// WebActor is the name of a web server's actor on its host.
const WebActor = "web"

// What browsers say to web servers, and what comes back. Nothing else ever reaches a
// browser.
type (
	// submit asks for a job to be done.
	submit struct {
		Back Return
		Job  Job
	}
	// submitted has the ticket of the job, if there are tickets and the status is OK.
	submitted struct {
		Back   Return
		Status Status
		Ticket ID
	}
	// poll asks how far a job is, by its ticket or, without one, by its name.
	poll struct {
		Back   Return
		Ticket ID
		Name   string
	}
	// polled has what is known of the job if the status is OK or NotFound.
	polled struct {
		Back   Return
		Status Status
		Ticket Ticket
	}
)

// What workers say to web servers. A callback is sent again, also to another web
// server, until one has answered it OK.
type (
	callback struct {
		Back    Return
		Outcome outcome
	}
	calledBack struct {
		Back   Return
		Status Status
	}
)

// An outcome is what became of a job.
type outcome struct {
	Job    string
	Ticket ID
	Failed bool
	Text   string // the result or the reason
}

// What web servers say to the index. Both may be repeated.
type (
	// store keeps an outcome, unless there is one of that job: the first one stays.
	store struct {
		Back    Return
		Outcome outcome
	}
	// lookUp asks for the outcome of a job.
	lookUp struct {
		Back Return
		Job  string
	}
	// found has the outcome that the index keeps, or the status NotFound.
	found struct {
		Back    Return
		Status  Status
		Outcome outcome
	}
	// list asks for the jobs in the index, in order; it is answered with listed.
	listJobs struct{}
	listed   struct{ Jobs []string }
)

func init() {
	actors.Message("tickets.submit", submit{})
	actors.Message("tickets.submitted", submitted{})
	actors.Message("tickets.poll", poll{})
	actors.Message("tickets.polled", polled{})
	actors.Message("tickets.callback", callback{})
	actors.Message("tickets.called-back", calledBack{})
	actors.Message("tickets.store", store{})
	actors.Message("tickets.look-up", lookUp{})
	actors.Message("tickets.found", found{})
	actors.Message("tickets.list-jobs", listJobs{})
	actors.Message("tickets.listed", listed{})
}
