package store

import (
	"maps"
	"slices"
)

// A sessions table is what a region remembers of its clients. It is a function of
// the records that were applied, so it is equal in all copies of a region; it
// travels with snapshots and transfers.
type sessions map[string]*session

// A verdict is what a region knows of a request before it looks at the operation.
type verdict uint8

const (
	fresh      verdict = iota // never seen
	done                      // took effect
	answered                  // the client has had the answer and forgotten it
	superseded                // a later incarnation of the client has been seen
)

// judge looks a request up.
func (t sessions) judge(id RequestID) verdict {
	s, ok := t[id.Client]
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
func (t sessions) remember(id RequestID, lowest uint64) {
	s, ok := t[id.Client]
	if !ok || s.Boot < id.Boot {
		s = &session{Client: id.Client, Boot: id.Boot}
		t[id.Client] = s
	}
	if i, found := slices.BinarySearch(s.Done, id.N); !found {
		s.Done = slices.Insert(s.Done, i, id.N)
	}
	if lowest > s.Lowest {
		s.Lowest = lowest
		i, _ := slices.BinarySearch(s.Done, lowest)
		s.Done = slices.Delete(s.Done, 0, i)
	}
}

// list copies the table, sorted by client.
func (t sessions) list() []session {
	out := make([]session, 0, len(t))
	for _, client := range slices.Sorted(maps.Keys(t)) {
		s := *t[client]
		s.Done = slices.Clone(s.Done)
		out = append(out, s)
	}
	return out
}

// load is the inverse of list. The list stays untouched.
func (t sessions) load(list []session) {
	for _, s := range list {
		s.Done = slices.Clone(s.Done)
		t[s.Client] = &s
	}
}
