package store

import (
	"hash/fnv"
	"maps"
	"slices"
)

// A sessions table is what a region remembers of its clients. It is a function of
// the records that were applied, so it is equal in all copies of a region; it
// travels with snapshots and transfers.
type sessions struct {
	of     map[string]*session
	digest uint64 // of the whole table; does not depend on the order of its making
	most   int    // the most operations that it remembered of one client after a record
}

func newSessions() sessions { return sessions{of: map[string]*session{}} }

// A verdict is what a region knows of a request before it looks at the operation.
type verdict uint8

const (
	fresh      verdict = iota // never seen
	done                      // took effect
	answered                  // the client has had the answer and forgotten it
	superseded                // a later incarnation of the client has been seen
)

// judge looks a request up.
func (t *sessions) judge(id RequestID) verdict {
	s, ok := t.of[id.Client]
	switch {
	case !ok || s.Boot < id.Boot:
		return fresh
	case s.Boot > id.Boot:
		return superseded
	case id.N < s.Lowest:
		return answered
	}
	if _, found := slices.BinarySearch(s.Done, id.N); found {
		return done
	}
	return fresh
}

// remember adds the effect of a record.
func (t *sessions) remember(id RequestID, lowest uint64) {
	s, ok := t.of[id.Client]
	if !ok || s.Boot < id.Boot {
		if ok {
			t.digest ^= s.hash()
		}
		s = &session{Client: id.Client, Boot: id.Boot}
		t.of[id.Client] = s
		t.digest ^= s.hash()
	}
	if i, found := slices.BinarySearch(s.Done, id.N); !found {
		s.Done = slices.Insert(s.Done, i, id.N)
		t.digest ^= s.hashDone(id.N)
	}
	if lowest > s.Lowest {
		t.digest ^= s.hashLowest()
		s.Lowest = lowest
		t.digest ^= s.hashLowest()
		i, _ := slices.BinarySearch(s.Done, lowest)
		for _, n := range s.Done[:i] {
			t.digest ^= s.hashDone(n)
		}
		s.Done = slices.Delete(s.Done, 0, i)
	}
	t.most = max(t.most, len(s.Done))
}

// hash is that of the session in the digest of its table: one that can follow
// each change in little time.
func (s *session) hash() uint64 {
	h := s.hashLowest()
	for _, n := range s.Done {
		h ^= s.hashDone(n)
	}
	return h
}

func (s *session) hashLowest() uint64       { return s.hashNumber('l', s.Lowest) }
func (s *session) hashDone(n uint64) uint64 { return s.hashNumber('d', n) }

func (s *session) hashNumber(kind byte, n uint64) uint64 {
	e := encoder{b: append(make([]byte, 0, 64), kind)}
	e.string(s.Client)
	e.uint(s.Boot)
	e.uint(n)
	h := fnv.New64a()
	h.Write(e.b)
	return h.Sum64()
}

// list copies the table, sorted by client.
func (t *sessions) list() []session {
	out := make([]session, 0, len(t.of))
	for _, client := range slices.Sorted(maps.Keys(t.of)) {
		s := *t.of[client]
		s.Done = slices.Clone(s.Done)
		out = append(out, s)
	}
	return out
}

// load is the inverse of list. The list stays untouched.
func (t *sessions) load(list []session) {
	for _, s := range list {
		s.Done = slices.Clone(s.Done)
		t.of[s.Client] = &s
		t.digest ^= s.hash()
	}
}
