package scenarios

import (
	"fmt"
	"slices"

	"github.com/simrun/simrun/actors/group"
	"github.com/simrun/simrun/sim"
)

// checkRaft holds the members of a group to the promises of raft (Ongaro and
// Ousterhout, 2014, figure 3) and to what makes them hold on a real disk:
//
//   - election safety: at most one member wins a term;
//   - durable vote: a member votes for one candidate a term, and the vote is on its disk
//     when it is sent;
//   - log matching: an entry is what it is and where it is by index and term alone;
//   - leader completeness: who wins a term has every entry that was committed in an
//     earlier one;
//   - state machine safety: nobody applies another entry at an index, or leaves one out,
//     or goes back but for a restart or a snapshot;
//   - durable commit: an entry is applied once a majority of the members has it synced,
//     and a leader that applies one of an earlier term has committed one of its own
//     after it (figure 8);
//   - one change of the members at a time.
func checkRaft(o *sim.Observation) error {
	r := raftRun{
		leaders: map[uint64]uint64{}, votes: map[ballot]uint64{}, members: map[uint64]*raftMember{},
		entries: map[entryID]entryFact{}, first: map[entryID]bool{},
	}
	for i := range o.Notes {
		if err := r.observe(&o.Notes[i]); err != nil {
			return err
		}
	}
	return nil
}

// A ballot is the right of one member to vote once.
type ballot struct{ id, term uint64 }

// An entryID is all that raft knows an entry by.
type entryID struct{ index, term uint64 }

// An entryFact is what an entry is, and the term of the one before it, if it is known.
type entryFact struct {
	hash, prev uint64
	change     bool
}

// A raftMember is what is known of a member's disk and state.
type raftMember struct {
	host       string
	term, vote uint64 // synced
	base       group.Mark
	log        []group.Mark // synced, after base
	applied    uint64
	up         bool // applied is known
}

// termAt returns the term of an entry in the log; ok is false if it is not there, or
// a snapshot has taken it.
func (m *raftMember) termAt(index uint64) (term uint64, ok bool) {
	switch at := index - m.base.Index; {
	case index < m.base.Index || at > uint64(len(m.log)):
		return 0, false
	case at == 0:
		return m.base.Term, true
	default:
		return m.log[at-1].Term, true
	}
}

// has reports that the member has an entry, or a snapshot that covers it.
func (m *raftMember) has(e group.Mark) bool {
	term, ok := m.termAt(e.Index)
	return e.Index < m.base.Index || ok && term == e.Term
}

// lastTerm is the term of the last entry.
func (m *raftMember) lastTerm() uint64 {
	if len(m.log) == 0 {
		return m.base.Term
	}
	return m.log[len(m.log)-1].Term
}

// raftRun follows the members of one group through a run.
type raftRun struct {
	leaders map[uint64]uint64 // by term
	votes   map[ballot]uint64
	members map[uint64]*raftMember
	entries map[entryID]entryFact
	first   map[entryID]bool // changes of the members that were proposed

	base      uint64       // index of the founding
	committed []group.Mark // applied by somebody, after base
	terms     []uint64     // in which that somebody was then: they were committed in it, or before
	peers     []group.Peer // after the last of those
	before    []group.Peer // the members before these
	changed   uint64       // entry that changed them
}

func (r *raftRun) observe(n *sim.Note) error {
	switch f := n.Fact.(type) {
	case group.Recovered:
		m := &raftMember{host: n.Host, term: f.Term, vote: f.Vote, base: f.Snapshot, log: slices.Clone(f.Entries), applied: f.Snapshot.Index, up: true}
		return r.recover(n, f, m)
	case group.Founded:
		m := r.members[f.ID]
		m.base, m.log, m.applied = group.Mark{Index: 1, Term: 1}, nil, 1
		r.base, r.before, r.peers = 1, f.Peers, f.Peers
	case group.Synced:
		return r.sync(n, f)
	case group.Voted:
		return r.voted(n, f)
	case group.Elected:
		return r.elected(n, f)
	case group.Proposed:
		return r.proposed(n, f)
	case group.Installed:
		m := r.members[f.ID]
		if f.Snapshot.Index < m.applied {
			return fmt.Errorf("%s went back from entry %d to a snapshot of entry %d", n.Host, m.applied, f.Snapshot.Index)
		}
		m.applied = f.Snapshot.Index
		if m.base.Index < f.Snapshot.Index {
			m.base, m.log = f.Snapshot, nil
		}
	case group.Applied:
		return r.applied(n, f)
	case group.Changed:
		if f.Index > r.changed {
			r.changed, r.before, r.peers = f.Index, r.peers, f.Peers
		}
	}
	return nil
}

// recover compares what a member found with what it had promised to have.
func (r *raftRun) recover(n *sim.Note, f group.Recovered, m *raftMember) error {
	old := r.members[f.ID]
	r.members[f.ID] = m
	if old == nil {
		return nil
	}
	if f.Term < old.term || f.Term == old.term && old.vote != 0 && f.Vote != old.vote {
		return fmt.Errorf("%s came back with a vote for %x in term %d, it had promised one for %x in term %d", n.Host, f.Vote, f.Term, old.vote, old.term)
	}
	for i := range old.log {
		// It may have been overwritten, and the host down before it could say so.
		if e := old.log[i]; !m.has(e) && m.lastTerm() <= e.Term {
			return fmt.Errorf("%s came back without entry %d of term %d, which it had synced", n.Host, e.Index, e.Term)
		}
	}
	return nil
}

// sync takes what a member has made durable.
func (r *raftRun) sync(n *sim.Note, f group.Synced) error {
	m := r.members[f.ID]
	if f.Term < m.term {
		return fmt.Errorf("%s went back from term %d to term %d", n.Host, m.term, f.Term)
	}
	m.term, m.vote = f.Term, f.Vote
	if len(f.Entries) == 0 {
		return nil
	}
	prev := f.Prev.Term
	keep := f.Entries[0].Index - m.base.Index - 1
	switch {
	case f.Entries[0].Index <= m.base.Index, keep > uint64(len(m.log)), keep > 0 && m.log[keep-1].Term != prev:
		// The snapshot of a recovered log, or of a leader, took what was before.
		m.base, m.log = f.Prev, nil
	default:
		m.log = m.log[:keep]
	}
	for _, e := range f.Entries {
		if err := r.match(n, e, prev); err != nil {
			return err
		}
		m.log, prev = append(m.log, e), e.Term
	}
	return nil
}

// match holds an entry to what others have at the same place.
func (r *raftRun) match(n *sim.Note, e group.Mark, prev uint64) error {
	id := entryID{e.Index, e.Term}
	known, ok := r.entries[id]
	switch {
	case !ok:
		known = entryFact{hash: e.Hash, prev: prev, change: e.Change}
	case known.hash != e.Hash:
		return fmt.Errorf("%s has another entry %d of term %d than there was", n.Host, e.Index, e.Term)
	case known.prev != 0 && prev != 0 && known.prev != prev:
		return fmt.Errorf("%s has entry %d of term %d after an entry of term %d, elsewhere it comes after one of term %d", n.Host, e.Index, e.Term, prev, known.prev)
	case known.prev == 0:
		known.prev = prev
	}
	r.entries[id] = known
	return nil
}

func (r *raftRun) voted(n *sim.Note, f group.Voted) error {
	if old, ok := r.votes[ballot{f.ID, f.Term}]; ok && old != f.For {
		return fmt.Errorf("%s voted for %x and for %x in term %d", n.Host, old, f.For, f.Term)
	}
	r.votes[ballot{f.ID, f.Term}] = f.For
	if m := r.members[f.ID]; m.term < f.Term || m.term == f.Term && m.vote != f.For {
		return fmt.Errorf("%s sent a vote for %x in term %d before it was durable", n.Host, f.For, f.Term)
	}
	return nil
}

func (r *raftRun) elected(n *sim.Note, f group.Elected) error {
	if old, ok := r.leaders[f.Term]; ok && old != f.ID {
		return fmt.Errorf("term %d has two leaders, %x and %x", f.Term, old, f.ID)
	}
	r.leaders[f.Term] = f.ID
	return nil
}

// proposed holds a leader to what was committed in earlier terms: it goes on behind it.
// That it has the same there shows when somebody applies what it sends. Of changes of
// the members, the one before must have been applied.
func (r *raftRun) proposed(n *sim.Note, f group.Proposed) error {
	done := r.base + uint64(len(r.committed))
	m, first := r.members[f.ID], f.Entries[0]
	for i := range r.committed {
		e := r.committed[i]
		// Who was elected long ago may learn of it late.
		if r.terms[i] < first.Term && e.Index >= first.Index {
			return fmt.Errorf("%s leads in term %d without the committed entry %d of term %d", n.Host, first.Term, e.Index, e.Term)
		}
	}
	for i, e := range f.Entries {
		if !e.Change || r.first[entryID{e.Index, e.Term}] {
			continue
		}
		r.first[entryID{e.Index, e.Term}] = true
		for _, before := range slices.Concat(m.log, f.Entries[:i]) {
			if before.Change && before.Index > done && before.Index < e.Index {
				return fmt.Errorf("%s began a change of the members in entry %d while that in entry %d was not committed", n.Host, e.Index, before.Index)
			}
		}
	}
	return nil
}

func (r *raftRun) applied(n *sim.Note, f group.Applied) error {
	m, e := r.members[f.ID], f.Mark
	if e.Index != m.applied+1 {
		return fmt.Errorf("%s applied entry %d after entry %d", n.Host, e.Index, m.applied)
	}
	m.applied = e.Index
	if at := e.Index - r.base - 1; at < uint64(len(r.committed)) {
		if have := r.committed[at]; have != e {
			return fmt.Errorf("%s applied entry %d of term %d, another member one of term %d", n.Host, e.Index, e.Term, have.Term)
		}
		return nil
	} else if at > uint64(len(r.committed)) {
		return fmt.Errorf("%s applied entry %d though nobody has applied the one before", n.Host, e.Index)
	}
	if !r.most(func(p *raftMember) bool { return p.has(e) }) {
		return fmt.Errorf("%s applied entry %d of term %d, which no majority had synced", n.Host, e.Index, e.Term)
	}
	if r.leaders[m.term] == f.ID && e.Term < m.term && !r.most(func(p *raftMember) bool { return p.lastTerm() >= m.term }) {
		return fmt.Errorf("%s applied entry %d of term %d while it led in term %d, of which no majority had an entry", n.Host, e.Index, e.Term, m.term)
	}
	r.committed, r.terms = append(r.committed, e), append(r.terms, m.term)
	return nil
}

// most reports that a majority of the members satisfies a condition, of those now or
// of those before: members count from when their change is applied, and what follows
// the change in the log may have been committed before that.
func (r *raftRun) most(ok func(m *raftMember) bool) bool {
	for _, peers := range [][]group.Peer{r.peers, r.before} {
		n := 0
		for _, p := range peers {
			if m := r.members[p.ID]; m != nil && ok(m) {
				n++
			}
		}
		if n > len(peers)/2 {
			return true
		}
	}
	return false
}
