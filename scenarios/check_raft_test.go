package scenarios

import (
	"testing"

	"github.com/simrun/simrun/actors/group"
)

// The members of the group of the controls: a, b and c on hosts of these names.
var threePeers = []group.Peer{{ID: 1, Host: "a", Boot: 1}, {ID: 2, Host: "b", Boot: 1}, {ID: 3, Host: "c", Boot: 1}}

// founded is how every control begins.
func founded(more ...any) []any {
	return append([]any{
		"a", group.Recovered{ID: 1, Boot: 1}, "b", group.Recovered{ID: 2, Boot: 1}, "c", group.Recovered{ID: 3, Boot: 1},
		"a", group.Founded{ID: 1, Peers: threePeers},
		"b", group.Installed{ID: 2, Snapshot: group.Mark{Index: 1, Term: 1}}, "c", group.Installed{ID: 3, Snapshot: group.Mark{Index: 1, Term: 1}},
	}, more...)
}

// entry is an entry of the log; its hash is that of what it says.
func entry(index, term, hash uint64) group.Mark {
	return group.Mark{Index: index, Term: term, Hash: hash}
}

// changeAt is an entry that changes the members.
func changeAt(index, term uint64) group.Mark {
	return group.Mark{Index: index, Term: term, Hash: 7, Change: true}
}

// saved is a sync of a member in a term, in which it voted for member 1, with entries
// after one of a term.
func saved(id, term, prevTerm uint64, entries ...group.Mark) group.Synced {
	f := group.Synced{ID: id, Term: term, Vote: 1, Entries: entries}
	if len(entries) > 0 {
		f.Prev = group.Mark{Index: entries[0].Index - 1, Term: prevTerm}
	}
	return f
}

func begins(id uint64, e ...group.Mark) group.Proposed { return group.Proposed{ID: id, Entries: e} }

func did(id uint64, e group.Mark) group.Applied { return group.Applied{ID: id, Mark: e} }

// TestRaftCheckTellsBrokenPromises: each rule of checkRaft refuses what breaks it, and
// takes what looks like it. M40, M43, M44 and M45 break the rules on the running
// system.
func TestRaftCheckTellsBrokenPromises(t *testing.T) {
	two, three := entry(2, 2, 20), entry(3, 2, 30)
	// Member 1 leads in term 2 and has entry 2 on a majority.
	led := func(more ...any) []any {
		return founded(append([]any{
			"a", saved(1, 2, 0), "b", saved(2, 2, 0), "b", group.Voted{ID: 2, Term: 2, For: 1}, "a", group.Elected{ID: 1, Term: 2},
			"a", saved(1, 2, 1, two), "b", saved(2, 2, 1, two), "a", did(1, two),
		}, more...)...)
	}
	var controls []control
	add := func(name, why string, facts []any) {
		controls = append(controls, control{name: name, notes: notes(facts...), why: why})
	}
	add("what is right", "", led("b", did(2, two), "c", saved(3, 2, 1, two), "c", did(3, two)))

	add("two leaders of a term", "term 2 has two leaders, 1 and 2", led("b", group.Elected{ID: 2, Term: 2}))
	add("one leader a term", "", led("b", saved(2, 3, 0), "b", group.Elected{ID: 2, Term: 3}))

	add("two votes in a term", "b voted for 1 and for 3 in term 2", led("b", group.Voted{ID: 2, Term: 2, For: 3}))
	add("the same vote again", "", led("b", group.Voted{ID: 2, Term: 2, For: 1}))
	add("a vote that is not durable", "b sent a vote for 3 in term 3 before it was durable", led("b", group.Voted{ID: 2, Term: 3, For: 3}))
	add("a vote that was forgotten", "b came back with a vote for 0 in term 0, it had promised one for 1 in term 2", led("b", group.Recovered{ID: 2, Boot: 2}))
	add("a term that shrinks", "b went back from term 2 to term 1", led("b", saved(2, 1, 0)))

	add("an entry that was lost", "b came back without entry 2 of term 2, which it had synced",
		led("b", group.Recovered{ID: 2, Boot: 2, Term: 2, Vote: 1, Snapshot: group.Mark{Index: 1, Term: 1}}))
	add("an entry that came back", "",
		led("b", group.Recovered{ID: 2, Boot: 2, Term: 2, Vote: 1, Snapshot: group.Mark{Index: 1, Term: 1}, Entries: []group.Mark{two}}, "b", did(2, two)))
	add("an entry that a snapshot covers", "", led("b", group.Recovered{ID: 2, Boot: 2, Term: 2, Vote: 1, Snapshot: two}))
	add("another member on the same host", "", led("b", group.Recovered{ID: 9, Boot: 2, Wiped: true}))

	add("two entries in one place", "c has another entry 2 of term 2 than there was", led("c", saved(3, 2, 1, entry(2, 2, 21))))
	add("another past", "c has entry 3 of term 2 after an entry of term 1, elsewhere it comes after one of term 2",
		led("a", saved(1, 2, 2, three), "c", saved(3, 2, 1, three)))

	add("a leader without what was committed", "c leads in term 3 without the committed entry 2 of term 2",
		led("c", saved(3, 3, 0), "c", group.Elected{ID: 3, Term: 3}, "c", begins(3, entry(2, 3, 40))))
	add("a leader that has it on the way to its disk", "",
		led("c", group.Elected{ID: 3, Term: 3}, "c", begins(3, entry(3, 3, 40)), "c", saved(3, 3, 1, two, entry(3, 3, 40))))
	add("an old leader that learns late that it was one", "", led(
		"b", saved(2, 4, 0), "b", group.Elected{ID: 2, Term: 4}, "a", saved(1, 4, 0), "b", did(2, two), "a", saved(1, 4, 2, entry(3, 4, 34)),
		"b", saved(2, 4, 2, entry(3, 4, 34)), "b", did(2, entry(3, 4, 34)), "c", saved(3, 3, 1, two), "c", group.Elected{ID: 3, Term: 3}, "c", begins(3, entry(3, 3, 35))))
	add("a leader that has it in a snapshot", "",
		led("c", group.Recovered{ID: 3, Boot: 2, Snapshot: three}, "c", saved(3, 3, 0), "c", group.Elected{ID: 3, Term: 3}, "c", begins(3, entry(4, 3, 40))))
	add("a leader of an earlier term, late", "", led("c", group.Elected{ID: 3, Term: 1}, "c", begins(3, entry(2, 1, 40))))

	add("another command", "b applied entry 2 of term 3, another member one of term 2", led("b", did(2, entry(2, 3, 20))))
	add("a gap", "a applied entry 4 after entry 2", led("a", did(1, entry(4, 2, 40))))
	add("a command applied twice", "a applied entry 2 after entry 2", led("a", did(1, two)))
	add("a command applied again after a restart", "",
		led("a", group.Recovered{ID: 1, Boot: 2, Term: 2, Vote: 1, Snapshot: group.Mark{Index: 1, Term: 1}, Entries: []group.Mark{two}}, "a", did(1, two)))
	add("a snapshot of the past", "a went back from entry 2 to a snapshot of entry 1", led("a", group.Installed{ID: 1, Snapshot: group.Mark{Index: 1, Term: 1}}))
	add("a snapshot", "", led("c", group.Installed{ID: 3, Snapshot: two}, "a", saved(1, 2, 2, three), "c", saved(3, 2, 2, three), "c", did(3, three)))

	add("a snapshot and what follows it, synced at once over another log", "", led(
		"c", saved(3, 1, 1, entry(2, 1, 99)), "a", saved(1, 2, 2, three), "c", saved(3, 2, 2, three), "c", group.Installed{ID: 3, Snapshot: two}, "c", did(3, three)))

	add("a commit that one member has", "a applied entry 3 of term 2, which no majority had synced", led("a", saved(1, 2, 2, three), "a", did(1, three)))
	add("an old entry, counted", "b applied entry 3 of term 2 while it led in term 3, of which no majority had an entry", led(
		"a", saved(1, 2, 2, three), "b", saved(2, 2, 2, three), "b", saved(2, 3, 0), "b", group.Elected{ID: 2, Term: 3}, "b", did(2, two), "b", did(2, three)))
	four := entry(4, 3, 40)
	add("an old entry below one of the term", "", led(
		"a", saved(1, 2, 2, three), "b", saved(2, 2, 2, three), "b", saved(2, 3, 0), "b", group.Elected{ID: 2, Term: 3}, "b", did(2, two),
		"b", saved(2, 3, 2, four), "a", saved(1, 3, 2, four), "b", did(2, three)))

	without := group.Changed{ID: 1, Index: 3, Peers: threePeers[:2]}
	add("two changes at once", "a began a change of the members in entry 4 while that in entry 3 was not committed",
		led("a", group.Proposed{ID: 1, Entries: []group.Mark{changeAt(3, 2), changeAt(4, 2)}}))
	add("one change after the other", "", led(
		"a", group.Proposed{ID: 1, Entries: []group.Mark{changeAt(3, 2)}}, "a", saved(1, 2, 2, changeAt(3, 2)), "b", saved(2, 2, 2, changeAt(3, 2)),
		"a", did(1, changeAt(3, 2)), "a", without, "a", group.Proposed{ID: 1, Entries: []group.Mark{changeAt(4, 2)}}))
	add("a majority of the members that are left", "a applied entry 5 of term 2, which no majority had synced", led(
		"a", saved(1, 2, 2, changeAt(3, 2)), "b", saved(2, 2, 2, changeAt(3, 2)), "a", did(1, changeAt(3, 2)), "a", without,
		"a", saved(1, 2, 2, changeAt(4, 2)), "b", saved(2, 2, 2, changeAt(4, 2)), "a", did(1, changeAt(4, 2)), "a", group.Changed{ID: 1, Index: 4, Peers: threePeers[:2]},
		"a", saved(1, 2, 2, entry(5, 2, 50)), "c", saved(3, 2, 2, entry(5, 2, 50)), "a", did(1, entry(5, 2, 50))))
	judge(t, checkRaft, controls)
}
