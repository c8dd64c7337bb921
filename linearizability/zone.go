package linearizability

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// zones decides plain registers: keys whose operations are writes of different
// values and reads. It is the test of Gibbons and Korach (Testing shared memories,
// 1997), with open writes and equal stamps.
//
// A cluster is a write and the reads of its value. Cluster A must come before B if
// some operation of A ended before one of B began: A.first < B.last. A register
// history has an order iff no read ended before its write began and no two
// clusters must come before each other. Longer cycles need no search: in a cycle
// without such a pair first(i) < last(i+1) <= first(i+2), all the way round to
// first(i) < first(i).
//
// A write that is open and was never read may go last, where nobody sees it: its
// cluster is dropped. An open write that was read ends with its first reader, which
// is what A.first says anyway.
type zones struct {
	model    *model
	clusters []cluster
	forward  []int32
	byValue  map[string]int32 // clusters above 0, once there are more than fewClusters
	ghost    *Operation       // the first read of what nobody had asked to write
}

// A cluster is a write and the reads of its value. Cluster 0 is the initial value,
// written before everything.
type cluster struct {
	value   string
	write   *Operation // nil for the initial value
	first   *Operation // the one that ended first
	last    *Operation // the one that was called last
	initial bool
}

// start is the latest call and finish the earliest end in the cluster.
func (c *cluster) start() int64 {
	if c.last == nil {
		return math.MinInt64
	}
	return c.last.Call
}

func (c *cluster) finish() int64 {
	if c.initial {
		return math.MinInt64
	}
	return c.first.end()
}

// add puts a read into the cluster.
func (c *cluster) add(r *Operation) {
	if c.first == nil || r.end() < c.first.end() {
		c.first = r
	}
	if c.last == nil || r.Call > c.last.Call {
		c.last = r
	}
}

// fewClusters is how many values are searched one by one before a map pays.
const fewClusters = 12

func newZones(m *model) *zones {
	return &zones{model: m}
}

// check judges a key; decided is false if the key is no plain register.
func (z *zones) check(k keyed, h History) (decided bool, report Report) {
	if z.model.write == nil || !z.addWrites(k) || !z.addReads(k) {
		return false, Report{}
	}
	if z.ghost != nil {
		return true, z.explainGhost(k, h)
	}
	if x, y, conflict := z.conflict(); conflict {
		return true, z.explain(k, x, y)
	}
	return true, Report{Verdict: OK}
}

// addWrites starts the clusters. It is false if the key is no plain register: a
// value was written twice, a write got an answer that the model does not give, or
// there is an open operation that is no write.
func (z *zones) addWrites(k keyed) bool {
	// About half of the operations are writes.
	z.clusters = append(slices.Grow(z.clusters[:0], 1+len(k.ops)/2), cluster{initial: true})
	init := z.model.init()
	for _, op := range k.ops {
		value, isWrite := z.model.write(op.Input)
		switch {
		case !isWrite && op.Certainty == Done:
			continue
		case !isWrite:
			return false
		case op.Certainty == Done:
			if _, want := z.model.apply(init, op.Input); !z.model.match(op.Input, want, op.Output) {
				return false
			}
		}
		if !z.addWrite(op, value, len(k.ops)) {
			return false
		}
	}
	return true
}

// addReads puts the reads into the clusters of their values. It is false if the key
// is no plain register: there is an operation that is neither read nor write, or
// the initial value was written.
func (z *zones) addReads(k keyed) bool {
	z.ghost = nil
	first := true
	for _, op := range k.ops {
		if op.Certainty != Done {
			continue
		}
		if _, isWrite := z.model.write(op.Input); isWrite {
			continue
		}
		value, isRead := z.model.read(op.Input, op.Output)
		if !isRead {
			return false
		}
		if first && !z.setInitial(op) {
			return false
		}
		first = false
		if c := z.find(value); c != nil && (c.initial || !op.before(c.write)) {
			c.add(op)
		} else if z.ghost == nil {
			z.ghost = op
		}
	}
	return true
}

// setInitial learns the initial value from what a read would return at first.
func (z *zones) setInitial(read *Operation) bool {
	_, out := z.model.apply(z.model.init(), read.Input)
	value, isRead := z.model.read(read.Input, out)
	if !isRead || z.written(value) != nil {
		return false
	}
	z.clusters[0].value = value
	return true
}

// addWrite starts the cluster of a write; it is false if the value has one.
func (z *zones) addWrite(op *Operation, value string, most int) bool {
	if z.written(value) != nil {
		return false
	}
	n := len(z.clusters)
	z.clusters = append(z.clusters, cluster{value: value, write: op, first: op, last: op})
	switch {
	case n == fewClusters:
		z.byValue = make(map[string]int32, most/2)
		for i := 1; i <= n; i++ {
			z.byValue[z.clusters[i].value] = int32(i)
		}
	case n > fewClusters:
		z.byValue[value] = int32(n)
	}
	return true
}

// written is the cluster of a value that was written, or nil.
func (z *zones) written(value string) *cluster {
	if len(z.clusters) > fewClusters {
		if i, ok := z.byValue[value]; ok {
			return &z.clusters[i]
		}
		return nil
	}
	for i := 1; i < len(z.clusters); i++ {
		if z.clusters[i].value == value {
			return &z.clusters[i]
		}
	}
	return nil
}

// find is the cluster of a value that was read, or nil.
func (z *zones) find(value string) *cluster {
	if value == z.clusters[0].value {
		return &z.clusters[0]
	}
	return z.written(value)
}

// explainGhost tells where the value of the ghost read may come from.
func (z *zones) explainGhost(k keyed, h History) Report {
	report := Report{Verdict: Illegal, Check: CheckGhost, Key: k.key}
	value, _ := z.model.read(z.ghost.Input, z.ghost.Output)
	if c := z.written(value); c != nil {
		report.Why = fmt.Sprintf("%v read from %q what %v wrote only after that read had ended", z.ghost.ID, k.key, c.write.ID)
		report.Operations = inOrder(c.write, z.ghost)
	} else if w := z.refused(k, value, h); w != nil {
		report.Why = fmt.Sprintf("%v read from %q what only %v wrote, and that was refused", z.ghost.ID, k.key, w.ID)
		report.Operations = inOrder(w, z.ghost)
	} else {
		report.Why = fmt.Sprintf("%v read from %q what nobody wrote", z.ghost.ID, k.key)
		report.Operations = inOrder(z.ghost)
	}
	return report
}

// refused is the refused write of a value to the key, if there is one.
func (z *zones) refused(k keyed, value string, h History) *Operation {
	for i := range h.Operations {
		op := &h.Operations[i]
		if op.Certainty != Refused || z.model.key(op.Input) != k.key {
			continue
		}
		if v, isWrite := z.model.write(op.Input); isWrite && v == value {
			return op
		}
	}
	return nil
}

// conflict returns two clusters that must come before each other. One that is
// shown by a final read is preferred: what it misses is lost for good.
//
// Two clusters conflict iff the open intervals (first end, last call) of two
// forward ones overlap, or a backward one lies inside a forward one's.
func (z *zones) conflict() (x, y *cluster, found bool) {
	take := func(a, b *cluster) (final bool) {
		if !found || isFinal(a) || isFinal(b) {
			x, y, found = a, b, true
		}
		return isFinal(a) || isFinal(b)
	}
	z.forward = z.forward[:0]
	for i := range z.clusters {
		if c := &z.clusters[i]; c.finish() < c.start() {
			z.forward = append(z.forward, int32(i))
		}
	}
	slices.SortFunc(z.forward, func(a, b int32) int {
		return cmp.Compare(z.clusters[a].finish(), z.clusters[b].finish())
	})
	for i := 1; i < len(z.forward); i++ {
		a, b := &z.clusters[z.forward[i-1]], &z.clusters[z.forward[i]]
		if b.finish() < a.start() && take(a, b) {
			return x, y, true
		}
	}
	if found {
		return x, y, true
	}
	// The forward intervals are disjoint now, so only the last one that opens
	// before a backward cluster can contain it.
	for i := range z.clusters {
		b := &z.clusters[i]
		if b.finish() < b.start() || b.finish() == Open {
			continue
		}
		n, _ := slices.BinarySearchFunc(z.forward, b.start(), func(f int32, start int64) int {
			return cmp.Compare(z.clusters[f].finish(), start)
		})
		if n == 0 {
			continue
		}
		if a := &z.clusters[z.forward[n-1]]; b.finish() < a.start() && take(a, b) {
			return x, y, true
		}
	}
	return x, y, found
}

func isFinal(c *cluster) bool { return c.last != nil && c.last.ID.Client == FinalClient }

// explain tells the conflict of two clusters as the story of one read: it returned
// an old value, although a newer one was known to be there.
func (z *zones) explain(k keyed, x, y *cluster) Report {
	older, newer := x, y
	if newer.olderThan(older) {
		older, newer = newer, older
	}
	// What was called last in the older cluster is a read: a write would have begun
	// after an operation of its own cluster had ended, which is a ghost.
	read, write := older.last, newer.write
	returned := "nothing"
	ops := []*Operation{write, newer.last, read}
	if !older.initial {
		returned = fmt.Sprintf("the value of %v", older.write.ID)
		ops = append(ops, older.write, older.first)
	}
	// The newer value is newer because the older one had been there when it was
	// written, or else when it was read.
	overwrites := older.finish() < write.Call
	if overwrites {
		ops = slices.DeleteFunc(ops, func(op *Operation) bool { return op == newer.last })
		ops = append(ops, write)
	}
	report := Report{Verdict: Illegal, Key: k.key}
	seen := newer.seenBefore(read)
	switch acked := write.before(read); {
	case acked && read.ID.Client == FinalClient:
		report.Check = CheckDurable
		report.Why = fmt.Sprintf("the write %v to %q was acknowledged and is lost: %v returned %s", write.ID, k.key, read.ID, returned)
	case acked && overwrites:
		report.Check = CheckStale
		report.Why = fmt.Sprintf("%v read from %q %s, although the write %v had been acknowledged before", read.ID, k.key, returned, write.ID)
	case seen != nil:
		ops = append(ops, seen)
		report.Check = CheckVanished
		report.Why = fmt.Sprintf("the write %v to %q had been seen by %v and vanished: %v, which began later, returned %s", write.ID, k.key, seen.ID, read.ID, returned)
	default:
		report.Check = CheckLinearizable
		report.Why = fmt.Sprintf("no order of the writes %v and %v to %q explains both %v and %v", older.write.ID, write.ID, k.key, newer.last.ID, read.ID)
	}
	report.Operations = inOrder(ops...)
	return report
}

// olderThan says which of two conflicting clusters is better called the older one:
// the one whose write had ended when the other's began, or else the one with the
// latest read, which makes that read the surprise.
func (c *cluster) olderThan(d *cluster) bool {
	switch {
	case c.initial || d.initial:
		return c.initial
	case c.write.before(d.write) || d.write.before(c.write):
		return c.write.before(d.write)
	default:
		return c.start() > d.start()
	}
}

// seenBefore is a read of the value that had ended when another read began, or nil.
func (c *cluster) seenBefore(read *Operation) *Operation {
	for _, op := range []*Operation{c.last, c.first} {
		if op != c.write && op.before(read) {
			return op
		}
	}
	return nil
}

// inOrder lists operations once each, in the order of their calls.
func inOrder(ops ...*Operation) []Operation {
	slices.SortFunc(ops, func(a, b *Operation) int {
		return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.ID.Client, b.ID.Client), cmp.Compare(a.ID.N, b.ID.N))
	})
	var list []Operation
	for i, op := range ops {
		if i == 0 || op != ops[i-1] {
			list = append(list, *op)
		}
	}
	return list
}
