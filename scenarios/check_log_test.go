package scenarios

import (
	"testing"

	"github.com/simrun/simrun/actors/tickets"
)

// R56: the check of the log path says nothing about copies, about messages that
// nobody answered for, and about those that a client gave up; it finds what was
// lost, invented, answered for too early and flagged wrongly.
func TestLogCheck(t *testing.T) {
	id := func(n uint64) tickets.LogID { return tickets.LogID{Host: "c0", Boot: 1, N: n} }
	message := func(n uint64, text string) tickets.LogMessage { return tickets.LogMessage{ID: id(n), Text: text} }
	said := func(n uint64, text string) any { return tickets.LogSaid{Message: message(n, text)} }
	owed := func(n uint64) any { return tickets.LogOwed{ID: id(n)} }
	answered := func(n uint64) any { return LogAnswered{ID: id(n), Fate: tickets.LogWasTaken} }
	read := func(m ...tickets.Collected) any { return LogRead{Messages: m} }
	first := func(n uint64, text string) tickets.Collected {
		return tickets.Collected{Message: message(n, text)}
	}
	again := func(n uint64, text string) tickets.Collected {
		return tickets.Collected{Message: message(n, text), Again: true}
	}
	judge(t, checkLog, []control{
		{name: "delivered twice, and one that nobody owed", notes: notes(
			"c0", said(1, "a"), "d", owed(1), "c0", answered(1), "c0", said(2, "b"),
			"final", read(first(1, "a"), first(2, "b"), again(1, "a")))},
		{name: "owed by nobody and lost", notes: notes("c0", said(1, "a"), "final", read())},
		{name: "taken after the end", notes: notes("c0", said(1, "a"), "final", LogDraining{}, "d", owed(1), "final", read())},
		{name: "lost", notes: notes("c0", said(1, "a"), "d", owed(1), "final", read()),
			why: "1 messages that a dispatcher answered for never arrived, the first is c0/1/1"},
		{name: "answered for too early", notes: notes("c0", said(1, "a"), "c0", answered(1), "d", owed(1), "final", read(first(1, "a"))),
			why: "message c0/1/1 was answered for and is not on the disk of a dispatcher"},
		{name: "read and still there", notes: notes("c0", said(1, "a"), "c0", said(2, "b"), "c1", LogSeen{From: 1, Messages: []tickets.Collected{first(2, "b")}}, "final", read(first(1, "a"), first(2, "b")))},
		{name: "read and gone", notes: notes("c0", said(1, "a"), "c1", LogSeen{Messages: []tickets.Collected{first(1, "a")}}, "final", read()),
			why: "message c0/1/1 was read as number 0 of the log, and is not there any more"},
		{name: "read and elsewhere", notes: notes("c0", said(1, "a"), "c0", said(2, "b"), "c1", LogSeen{Messages: []tickets.Collected{first(2, "b")}}, "final", read(first(1, "a"), first(2, "b"))),
			why: "message c0/1/2 was read as number 0 of the log, and is not there any more"},
		{name: "invented", notes: notes("final", read(first(1, "a"))),
			why: "message c0/1/1 was delivered and nobody said it"},
		{name: "changed", notes: notes("c0", said(1, "a"), "final", read(first(1, "b"))),
			why: `message c0/1/1 was delivered as "b" and said as "a"`},
		{name: "copy without a flag", notes: notes("c0", said(1, "a"), "final", read(first(1, "a"), first(1, "a"))),
			why: "message c0/1/1 was delivered twice, and the copy is not flagged"},
		{name: "flag on the only one", notes: notes("c0", said(1, "a"), "final", read(again(1, "a"))),
			why: "message c0/1/1 is flagged as a copy and is the first one"},
	})
}
