package group

import (
	"encoding/binary"

	"go.etcd.io/raft/v3"

	"github.com/simrun/simrun/actors"
)

// Read calls done, in a later step unless this member is the only one: done(true) once this member has applied everything
// that was committed before the call, so that what the machine holds then is a
// linearizable answer; done(false) if there is no leader, or another one, or no
// answer. Any member may be asked; it is the leader that finds out, by hearing from a
// majority that it still leads.
func (m *Member) Read(done func(ok bool)) {
	if len(m.peers) == 1 && m.term != 0 && m.node.BasicStatus().GetCommit() == m.applied.Index {
		done(true) // nobody else can lead
		return
	}
	m.reads.waiting = append(m.reads.waiting, done)
	m.flushSoon()
}

// reads are the reads that are not answered. Those that come together are one
// question to the leader.
type reads struct {
	waiting []func(ok bool) // not yet asked for
	asked   []question
	last    uint64 // number of the last question
	note    func(fact any)
}

// A question is a request for the index that is committed.
type question struct {
	n     uint64
	at    int    // tick
	index uint64 // 0 until it is known
	done  []func(ok bool)
}

// due reports whether there is something to ask.
func (r *reads) due() bool { return len(r.waiting) > 0 }

// askReads asks for the committed index on behalf of those that wait. A leader that
// has not committed anything in its term does not know that index. Raft lets the
// question wait then, but not in a group of one.
func (m *Member) askReads() {
	r := &m.reads
	if !r.due() {
		return
	}
	s := m.node.BasicStatus()
	if s.RaftState == raft.StateLeader && m.term == 0 {
		m.env.Note(actors.Sometimes(SawReadEarly))
	}
	if s.Lead == raft.None || len(m.peers) == 1 && m.term == 0 {
		r.refuse(r.take())
		return
	}
	r.last++
	r.asked = append(r.asked, question{n: r.last, at: m.clock.now, done: r.take()})
	// The boot keeps answers to an earlier incarnation apart.
	m.node.ReadIndex(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, m.env.Boot), r.last))
}

// take empties the list of those that wait.
func (r *reads) take() []func(ok bool) {
	out := r.waiting
	r.waiting = nil
	return out
}

// refuse says that there will be no answer.
func (r *reads) refuse(done []func(ok bool)) {
	for _, d := range done {
		r.note(actors.Sometimes(SawReadLost))
		d(false)
	}
}

// answered takes the answers of the leader.
func (r *reads) answered(boot uint64, states []raft.ReadState) {
	for _, s := range states {
		if len(s.RequestCtx) != 16 || binary.LittleEndian.Uint64(s.RequestCtx) != boot {
			continue
		}
		n := binary.LittleEndian.Uint64(s.RequestCtx[8:])
		for i := range r.asked {
			if r.asked[i].n == n {
				r.asked[i].index = s.Index
			}
		}
	}
}

// serve answers the reads whose index has been applied.
func (r *reads) serve(applied uint64) {
	var ready []question
	left := r.asked[:0:0]
	for _, q := range r.asked {
		if q.index != 0 && q.index <= applied {
			ready = append(ready, q)
		} else {
			left = append(left, q)
		}
	}
	r.asked = left
	for _, q := range ready {
		for _, d := range q.done {
			d(true)
		}
	}
}

// fail refuses all that was asked: who knew the answer may lead no longer.
func (r *reads) fail() {
	asked := r.asked
	r.asked = nil
	for _, q := range asked {
		r.refuse(q.done)
	}
}

// expire refuses what was asked before a tick: a question or its answer got lost.
func (r *reads) expire(before int) {
	n := 0
	for n < len(r.asked) && r.asked[n].at < before {
		n++
	}
	old := r.asked[:n]
	r.asked = r.asked[n:]
	for _, q := range old {
		r.refuse(q.done)
	}
}
