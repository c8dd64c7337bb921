package models

import "testing"

// The automaton of a ticket, by what each operation makes of each state.
func TestApplyTicket(t *testing.T) {
	none, open := Ticket{}, Ticket{State: TicketInProgress}
	done, failed, lost := Ticket{TicketFinished, "r"}, Ticket{TicketFailed, "why"}, Ticket{TicketFailed, TicketLost}
	for _, tt := range []struct {
		op   TicketOp
		want map[Ticket]Ticket // of none, open, done, failed; itself if it is not there
	}{
		{TicketOp{Verb: TicketCreate}, map[Ticket]Ticket{none: open}},
		{TicketOp{Verb: TicketQuery}, nil},
		{TicketOp{Verb: TicketComplete, Text: "r"}, map[Ticket]Ticket{open: done}},
		{TicketOp{Verb: TicketComplete, Text: "s"}, map[Ticket]Ticket{open: {TicketFinished, "s"}}},
		{TicketOp{Verb: TicketFail, Text: "why"}, map[Ticket]Ticket{open: failed}},
		{TicketOp{Verb: TicketLose}, map[Ticket]Ticket{open: lost}},
		{TicketOp{Verb: TicketExpire}, map[Ticket]Ticket{done: none, failed: none}},
	} {
		for _, from := range []Ticket{none, open, done, failed} {
			want, changes := tt.want[from]
			if !changes {
				want = from
			}
			next, answer := ApplyTicket(from, tt.op)
			if next != want {
				t.Errorf("%v on %v: %v, want %v", tt.op, from, next, want)
			}
			if tt.op.Verb != TicketCreate && answer != next {
				t.Errorf("%v on %v answers %v, want %v", tt.op, from, answer, next)
			}
		}
	}
}

func TestTicketText(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{Ticket{}.String(), "NOT_FOUND"},
		{Ticket{TicketFinished, "a b"}.String(), `FINISHED "a b"`},
		{TicketOp{Verb: TicketCreate, Job: "c0-1"}.String(), "create c0-1"},
		{TicketOp{Verb: TicketComplete, Job: "c0-1", Text: "x"}.String(), `complete c0-1 "x"`},
		{TicketState(9).String(), "state 9"},
		{TicketVerb(9).String(), "verb 9"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s, want %s", tt.got, tt.want)
		}
	}
}
