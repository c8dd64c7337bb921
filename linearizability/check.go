package linearizability

import (
	"fmt"
	"slices"
)

// A model is a Spec without its types. write, read and hash may be nil.
type model struct {
	key      func(in any) string
	init     func() any
	apply    func(state, in any) (next, out any)
	match    func(in, want, got any) bool
	readOnly func(in any) bool
	equal    func(a, b any) bool
	hash     func(state any) uint64
	write    func(in any) (string, bool)
	read     func(in, out any) (string, bool)
}

// A keyed is the part of a history that concerns one key, without the refused
// operations and the reads nobody waited for.
type keyed struct {
	key string
	ops []*Operation
}

// Check judges key by key, in the order of the keys, so that equal histories give
// equal reports. What the fast ways can decide comes first; the rest is searched
// within the steps that are left, divided evenly among the keys to come. A
// violation on one key is final, also if others stay undecided.
func (m *model) Check(h History, steps int) Report {
	if steps <= 0 {
		steps = DefaultSteps
	}
	hard := []keyed{}
	zone := newZones(m)
	for _, k := range m.split(h) {
		decided, report := zone.check(k, h)
		if !decided {
			hard = append(hard, k)
		} else if report.Verdict == Illegal {
			return report
		}
	}
	used := 0
	undecided := ""
	for i, k := range hard {
		s := search{model: m, limit: (steps - used) / (len(hard) - i)}
		verdict := s.decide(k.ops)
		used += s.used
		switch verdict {
		case Illegal:
			report := m.explain(k)
			report.Steps = used
			return report
		case Undecided:
			if undecided == "" {
				undecided = k.key
			}
		}
	}
	if undecided != "" {
		return Report{Verdict: Undecided, Check: CheckLinearizable, Key: undecided, Steps: used,
			Why: fmt.Sprintf("%q was not decided within %d model steps", undecided, steps)}
	}
	return Report{Verdict: OK, Steps: used}
}

// split groups the operations by key, sorted, and drops what constrains nothing.
func (m *model) split(h History) []keyed {
	index := make(map[string]int)
	var keys []keyed
	var sizes []int
	place := make([]int32, len(h.Operations))
	for i := range h.Operations {
		op := &h.Operations[i]
		place[i] = -1
		if op.Certainty == Refused || op.Certainty == Unknown && m.readOnly(op.Input) {
			continue
		}
		name := m.key(op.Input)
		k, known := index[name]
		if !known {
			k = len(keys)
			index[name] = k
			keys = append(keys, keyed{key: name})
			sizes = append(sizes, 0)
		}
		place[i] = int32(k)
		sizes[k]++
	}
	total := 0
	for _, n := range sizes {
		total += n
	}
	all := make([]*Operation, total)
	for k := range keys {
		keys[k].ops, all = all[:0:sizes[k]], all[sizes[k]:]
	}
	for i, k := range place {
		if k >= 0 {
			keys[k].ops = append(keys[k].ops, &h.Operations[i])
		}
	}
	slices.SortFunc(keys, func(a, b keyed) int {
		if a.key < b.key {
			return -1
		}
		return 1
	})
	return keys
}
