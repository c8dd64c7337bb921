package scenarios

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// A numberedTicket is the ticket of one number, which is never given again: once it was
// there, a creation of it that is answered late was the same one.
type numberedTicket struct {
	models.Ticket
	was bool
}

// ticketModel is the sequential meaning of operations on tickets. Each ticket is judged
// alone; the operations name it by its number.
var ticketModel = linearizability.Spec[numberedTicket, models.TicketOp, models.Ticket]{
	Key: func(op models.TicketOp) string { return op.Job },
	Apply: func(t numberedTicket, op models.TicketOp) (numberedTicket, models.Ticket) {
		if op.Verb == models.TicketCreate && t.was {
			return t, models.Ticket{}
		}
		next, answer := models.ApplyTicket(t.Ticket, op)
		return numberedTicket{next, t.was || next.State != models.NoTicket}, answer
	},
	Match:    func(_ models.TicketOp, want, got models.Ticket) bool { return want == got },
	ReadOnly: func(op models.TicketOp) bool { return op.Verb == models.TicketQuery },
}.Model()

// historySteps bounds the search of one run; a ticket has few operations.
const historySteps = 1_000_000

// checkTicketHistory judges what browsers, workers and web servers were told about each
// ticket. What the tracker does by itself, and what nobody waited for, may happen at
// any time after the ticket was asked for: those are the operations of its log that
// nobody else accounts for.
func checkTicketHistory(o *sim.Observation) error {
	r := ticketModel.Check(ticketHistory(o), historySteps)
	switch r.Verdict {
	case linearizability.Illegal:
		return errors.New(r.Why)
	case linearizability.Undecided:
		return fmt.Errorf("ticket %s: %s", r.Key, r.Why)
	}
	return nil
}

// A ticketRecord builds the history of all tickets.
type ticketRecord struct {
	ops      []linearizability.Operation
	asked    map[string]int64         // when a job was first submitted
	told     map[tickets.ID]int64     // the call of the first submission that it was told for
	outcomes map[pollID]int           // in ops
	spoken   map[models.TicketOp]bool // ends that somebody is known to have told
	polls    pollTable
}

func ticketHistory(o *sim.Observation) linearizability.History {
	r := ticketRecord{
		asked: map[string]int64{}, told: map[tickets.ID]int64{}, outcomes: map[pollID]int{},
		spoken: map[models.TicketOp]bool{}, polls: pollTable{},
	}
	calls := map[string]int64{} // of the submission under way, by job
	for i := range o.Notes {
		n := &o.Notes[i]
		switch f := n.Fact.(type) {
		case linearizability.Called:
			if op, ok := f.Input.(models.TicketOp); ok && op.Verb == models.TicketCreate {
				calls[op.Job] = n.Seq
				if _, known := r.asked[op.Job]; !known {
					r.asked[op.Job] = n.Seq
				}
			}
		case TicketTold:
			if f.Ticket != 0 {
				if _, known := r.told[f.Ticket]; !known {
					r.told[f.Ticket] = calls[f.Job]
				}
				r.add(models.TicketOp{Verb: models.TicketCreate}, f.Ticket, calls[f.Job], n.Seq, models.Ticket{})
			}
		case tickets.PollSent:
			r.polls.add(n, f)
		case tickets.PollAnswered:
			sent := r.polls[pollID{n.Host, f.Boot, f.N}]
			if f.Ticket.ID != 0 {
				r.add(models.TicketOp{Verb: models.TicketQuery}, f.Ticket.ID, sent.seq, n.Seq, f.Ticket.Value())
			}
		case tickets.OutcomeSent:
			r.sent(n, f)
		case tickets.OutcomeAnswered:
			// A try may have been carried out and its answer lost: what the last one finds may
			// be what the first one has left, after its time.
			if i, ok := r.outcomes[pollID{n.Path, f.Boot, f.N}]; ok && f.Status != tickets.NotFound {
				op := &r.ops[i]
				op.Certainty, op.Return, op.Output = linearizability.Done, n.Seq, f.Ticket.Value()
			}
		}
	}
	r.unheard(o)
	slices.SortStableFunc(r.ops, func(x, y linearizability.Operation) int { return cmp.Compare(x.Call, y.Call) })
	return linearizability.History{Operations: r.ops}
}

// add records an operation on a ticket; end is linearizability.Open for one that nobody
// was told the outcome of.
func (r *ticketRecord) add(op models.TicketOp, id tickets.ID, call, end int64, answer models.Ticket) {
	op.Job = id.String()
	o := linearizability.Operation{
		ID: linearizability.OpID{Client: op.Job, N: len(r.ops)}, Input: op, Call: call, Return: end, Output: answer,
	}
	if end == linearizability.Open {
		o.Certainty, o.Output = linearizability.Unknown, nil
	}
	r.ops = append(r.ops, o)
}

// sent records that somebody began to tell the tracker how a job has ended.
func (r *ticketRecord) sent(n *sim.Note, f tickets.OutcomeSent) {
	op := models.TicketOp{Verb: models.TicketComplete, Text: f.Text}
	if f.Failed {
		op.Verb = models.TicketFail
	}
	r.outcomes[pollID{n.Path, f.Boot, f.N}] = len(r.ops)
	r.add(op, f.Ticket, n.Seq, linearizability.Open, models.Ticket{})
	op.Job = f.Ticket.String()
	r.spoken[op] = true
}

// unheard adds what the log of the tracker has and nobody was told of.
func (r *ticketRecord) unheard(o *sim.Observation) {
	done := map[appliedChange]bool{}
	for _, n := range o.Notes {
		f, ok := n.Fact.(tickets.Changed)
		at := appliedChange{f.Index, f.Ticket, f.To}
		if !ok || done[at] {
			continue
		}
		done[at] = true
		asked := r.asked[f.Key]
		op := models.TicketOp{Text: f.Text, Job: f.Ticket.String()}
		switch {
		case f.From == models.NoTicket:
			op = models.TicketOp{Verb: models.TicketCreate}
			if told, known := r.told[f.Ticket]; known && told <= asked {
				continue
			}
		case f.To == models.NoTicket:
			op = models.TicketOp{Verb: models.TicketExpire}
		case f.Text == models.TicketLost && f.To == models.TicketFailed:
			op = models.TicketOp{Verb: models.TicketLose}
		case f.To == models.TicketFailed:
			op.Verb = models.TicketFail
		default:
			op.Verb = models.TicketComplete
		}
		if !r.spoken[op] {
			r.add(op, f.Ticket, asked, linearizability.Open, models.Ticket{})
		}
	}
}
