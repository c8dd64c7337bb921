package scenarios

import (
	"testing"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// R72: the check of the monitor finds an alarm that is missing, one that is false and
// one that stays on, for copies and for tickets. Facts are two seconds apart; a copy is overdue after 3 s and the
// monitor has 4 s to see it.
func TestMonitorCheck(t *testing.T) {
	knobs := sim.Knobs{}.With("due", "3s")
	const source, home = "primary0/photos", "primary0"
	due, done := tickets.PhotoDue{ID: "p", Peer: "backup0"}, tickets.PhotoDone{ID: "p", Peer: "backup0"}
	copying := tickets.Alarm{Source: source, Item: tickets.CopyItem("p", "backup0")}
	polled := func(n uint64) any { return tickets.Polled{Source: source, N: n} }
	raised := func(n uint64) any { return tickets.AlarmRaised{Alarm: copying, N: n} }
	silent := tickets.AlarmRaised{Alarm: tickets.Alarm{Source: source}}
	cleared := tickets.AlarmCleared{Alarm: copying}
	const m = "monitor"
	wait := func(pairs []any, n int) []any { // lets n facts pass that say nothing
		for range n {
			pairs = append(pairs, m, polled(99))
		}
		return pairs
	}
	change := func(from, to models.TicketState) any { return tickets.Changed{Ticket: 7, From: from, To: to} }
	made, ended := change(models.NoTicket, models.TicketInProgress), change(models.TicketInProgress, models.TicketFinished)
	const one, two = "tracker1", "tracker2"
	ticket := tickets.Alarm{Source: tickets.TrackerActor, Item: "t7"}
	asked := func(n uint64) any { return tickets.Polled{Source: tickets.TrackerActor, N: n} }
	overdue := func(n uint64) any { return tickets.AlarmRaised{Alarm: ticket, N: n} }
	mute := tickets.AlarmRaised{Alarm: tickets.Alarm{Source: tickets.TrackerActor}}
	over := tickets.AlarmCleared{Alarm: ticket}
	judge(t, checkMonitor, []control{
		{name: "in time", knobs: knobs, notes: notes(home, due, m, polled(1), home, done, m, polled(2))},
		{name: "raised and cleared", knobs: knobs, notes: notes(home, due, m, polled(1), m, raised(1), home, done, m, cleared)},
		{name: "done after the question", knobs: knobs, notes: notes(home, due, m, polled(1), home, done, m, raised(1), m, cleared)},
		{name: "the source is silent", knobs: knobs, notes: notes(wait([]any{home, due, m, silent, m, tickets.AlarmCleared{Alarm: silent.Alarm}}, 9)...)},
		{name: "a new one after a restart", knobs: knobs, notes: notes(home, due, home, sim.Down{Boot: 1}, home, due, m, polled(1), m, raised(1), home, done, m, cleared)},
		{name: "done and due again unheard, and then a restart", knobs: knobs, notes: notes(
			home, due, home, done, home, due, home, sim.Down{Boot: 1}, home, due, m, polled(1), m, raised(1), home, done, m, cleared)},
		{name: "done and due again, as the monitor knows", knobs: sim.Knobs{}.With("due", "9s"), notes: notes(
			home, due, home, done, m, polled(1), m, tickets.Heard{Source: source, N: 1}, home, due, home, sim.Down{Boot: 1}, home, due, m, polled(2), m, raised(2)),
			why: "the monitor raised an alarm about p>backup0 of primary0/photos after 8s"},
		{name: "just raised", knobs: knobs, notes: notes(home, due, m, polled(1), m, raised(1), home, done)},
		{name: "missing", knobs: knobs, notes: notes(wait([]any{home, due}, 9)...),
			why: "p>backup0 of primary0/photos was due from 0s on, and there was no alarm by 7.3s"},
		{name: "too early", knobs: knobs, notes: notes(home, due, m, raised(0), home, done, m, cleared),
			why: "the monitor raised an alarm about p>backup0 of primary0/photos after 2s"},
		{name: "not pending", knobs: knobs, notes: notes(home, due, home, done, m, polled(1), m, raised(1), m, cleared),
			why: "the monitor raised an alarm about p>backup0 of primary0/photos, which was not pending"},
		{name: "never cleared", knobs: knobs, notes: notes(wait([]any{home, due, m, polled(1), m, raised(1), home, done}, 4)...),
			why: "all has been done, and an alarm about primary0/photos p>backup0 is still on"},
		{name: "ticket in time", knobs: knobs, notes: notes(one, made, m, asked(1), one, ended)},
		{name: "ticket overdue", knobs: knobs, notes: notes(one, made, two, made, m, asked(1), m, overdue(1), one, ended, two, ended, m, over)},
		{name: "ticket and a member that is far behind", knobs: knobs, notes: notes(one, made, m, asked(1), one, ended, m, overdue(1), m, over, two, made, two, ended)},
		{name: "the tracker is silent", knobs: knobs, notes: notes(wait([]any{one, made, m, mute}, 9)...), why: "all has been done, and an alarm about tracker is still on"},
		{name: "the tracker was silent", knobs: knobs, notes: notes(wait([]any{one, made, m, mute, m, tickets.AlarmCleared{Alarm: mute.Alarm}}, 9)...)},
		{name: "ticket that is committed late", knobs: knobs, notes: notes(one, tickets.Proposed{}, one, made, m, asked(1), m, overdue(1), one, ended, m, over)},
		{name: "ticket missing", knobs: knobs, notes: notes(wait([]any{one, made}, 9)...),
			why: "t7 of tracker was due from 0s on, and there was no alarm by 9.8s"},
		{name: "ticket too early", knobs: knobs, notes: notes(one, tickets.Proposed{Key: "another"}, one, made, m, overdue(0), one, ended, m, over),
			why: "the monitor raised an alarm about t7 of tracker after 2s"},
		{name: "ticket not pending", knobs: knobs, notes: notes(one, made, one, ended, m, asked(1), m, overdue(1), m, over),
			why: "the monitor raised an alarm about t7 of tracker, which was not pending"},
		{name: "ticket never cleared", knobs: knobs, notes: notes(wait([]any{one, made, m, asked(1), m, overdue(1), one, ended}, 4)...),
			why: "all has been done, and an alarm about tracker t7 is still on"},
	})
}
