package scenarios

import (
	"fmt"
	"slices"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// checkOutcomesOnce holds the index to listing the outcome of a job once, however often
// it was called back, a site with both to saying that a job is finished only when
// its result can be read, and every site to saying what it has stored, and to being done
// with a job when everybody knows its outcome who has to.
func checkOutcomesOnce(o *sim.Observation) error {
	indexed := map[string]bool{}
	hasIndex := slices.ContainsFunc(o.Notes, func(n sim.Note) bool { _, ok := n.Fact.(tickets.IndexBegan); return ok })
	finished := map[tickets.ID]bool{}
	tracked := map[string]bool{} // whether the ticket of a job has ended, if it has one
	polls := pollTable{}
	for i := range o.Notes {
		n := &o.Notes[i]
		var listed []string
		switch f := n.Fact.(type) {
		case tickets.Indexed:
			if indexed[f.Job] {
				return fmt.Errorf("%s at %v: the outcome of %s is listed twice", n.Host, n.At, f.Job)
			}
			indexed[f.Job] = true
		case tickets.IndexBegan:
			listed = f.Jobs
			for _, job := range f.Jobs {
				indexed[job] = true // durable, though nobody had been told
			}
		case JobsListed:
			listed = f.Jobs
			for _, job := range f.Jobs {
				if !indexed[job] {
					return fmt.Errorf("%s is listed, and was never stored", job)
				}
			}
		case tickets.JobSettled:
			ended, ticketed := tracked[f.Job]
			switch {
			case f.Done && hasIndex && !indexed[f.Job]:
				return fmt.Errorf("%s at %v: job %s is done, and its outcome is not stored", n.Host, n.At, f.Job)
			case f.Done && ticketed && !ended:
				return fmt.Errorf("%s at %v: job %s is done, and its ticket is in progress", n.Host, n.At, f.Job)
			}
		case tickets.PollSent:
			polls.add(n, f)
		case tickets.PollAnswered:
			job := polls[pollID{n.Host, f.Boot, f.N}].Job
			if _, ticketed := tracked[job]; hasIndex && !ticketed && f.Ticket.State.Final() && !indexed[job] {
				return fmt.Errorf("%s at %v: was told the outcome of %s, which is not stored", n.Host, n.At, job)
			}
		case tickets.Changed:
			tracked[f.Key] = tracked[f.Key] || f.To.Final()
			if hasIndex && f.To == models.TicketFinished && !finished[f.Ticket] {
				finished[f.Ticket] = true
				if !indexed[f.Key] {
					return fmt.Errorf("%s at %v: %v of %s is finished, and its result is not stored", n.Host, n.At, f.Ticket, f.Key)
				}
			}
		}
		for i, job := range listed {
			if slices.Contains(listed[:i], job) {
				return fmt.Errorf("%s at %v: the outcome of %s is listed twice", n.Host, n.At, job)
			}
		}
	}
	return nil
}

// checkAcceptedAreStored holds a site without tickets to storing the outcome of every
// job that it has accepted, unless its queue has no disk and was restarted.
func checkAcceptedAreStored(o *sim.Observation) error {
	var accepted []string
	forgot := false
	queues := 0
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case tickets.QueueBegan:
			queues++
			forgot = forgot || !f.Durable && queues > 1
		case SubmitEnded:
			if f.Status == tickets.OK {
				accepted = append(accepted, f.Job)
			}
		case JobsListed:
			for _, job := range accepted {
				if !forgot && !slices.Contains(f.Jobs, job) {
					return fmt.Errorf("%s was accepted, the queue is empty, and its outcome is not stored", job)
				}
			}
		}
	}
	return nil
}
