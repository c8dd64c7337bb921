package tickets

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// A Client is what a program uses to have jobs done: it hides that the answer comes
// later. It belongs to one program, on a host with the actor ClientActor.
type Client struct {
	env actors.Env
	pid *actor.PID
}

// NewClient returns the Client of a program's host.
func NewClient(env actors.Env) *Client {
	return &Client{env: env, pid: env.PID(env.Host + "/" + ClientActor)}
}

// Submit asks for a job to be done, again and again for a while if there is no answer,
// and blocks until it is accepted or not. OK comes with a ticket, if the site has
// tickets. Busy and TryAgain mean that the job may be done or not: to submit it again
// under the same name is safe. The other statuses say why it is not.
func (c *Client) Submit(job Job) (ID, Status) {
	reply, err := c.env.Request(c.pid, submitJob{Job: job}, 0)
	if err != nil {
		return 0, TryAgain
	}
	done := reply.(submitDone)
	return done.Ticket, done.Status
}

// A Watch follows one ticket in the background. The browser remembers it until it was
// waited for to its end, or cancelled.
type Watch struct {
	c  *Client
	id uint64
}

// Watch begins to poll a ticket, or a job by its name if there is no ticket. A site
// without tickets knows a job only when it is over, so there a job that cannot be
// found is watched on.
func (c *Client) Watch(ticket ID, job string, site Site) *Watch {
	reply, err := c.env.Request(c.pid, startWatch{Ticket: ticket, Job: job, Hidden: site == CallbackSite}, 0)
	if err != nil {
		return &Watch{c: c}
	}
	return &Watch{c: c, id: reply.(watchBegun).ID}
}

// Wait blocks until the watch is over, or for so long; 0 means for ever. It reports
// false if the time was over first; the watch goes on then. After it has returned true
// the watch is forgotten.
func (w *Watch) Wait(timeout time.Duration) (Watched, bool) {
	reply, err := w.c.env.Request(w.c.pid, awaitWatch{ID: w.id, For: timeout}, 0)
	if err != nil {
		return Watched{Status: TryAgain}, true
	}
	got := reply.(Watched)
	return got, got.Status != Busy
}

// Cancel ends the watch: it polls no more, and Wait says TryAgain. The job goes on.
func (w *Watch) Cancel() { w.c.env.Send(w.c.pid, cancelWatch{ID: w.id}) }
