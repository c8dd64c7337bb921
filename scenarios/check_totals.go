package scenarios

import (
	"fmt"
	"slices"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
)

// checkTotals looks for operations that took effect twice, or that were lost, in the
// numbers and sets of objects: it compares each read of a number that is only ever
// added to with the sums that are possible, and each read of an element that is only
// ever added to its set and removed from it with the last of these operations. This
// says less than the search for an order of all operations, but never gives up.
func checkTotals(h linearizability.History) error {
	var names []object
	parts := map[object][]*linearizability.Operation{}
	for i := range h.Operations {
		op := &h.Operations[i]
		do, ok := op.Input.(models.Op)
		if !ok || isRegister(spaceOf(do)) {
			continue
		}
		at := object{do.Space, do.Key}
		if parts[at] == nil {
			names = append(names, at)
		}
		parts[at] = append(parts[at], op)
	}
	for _, at := range names {
		if err := objectTotals(at, parts[at]); err != nil {
			return err
		}
	}
	return nil
}

// A delta is what one operation does, or may do, to one number or one element.
type delta struct {
	op      *linearizability.Operation
	certain bool
	add     int64 // to the number
	remove  bool  // the element; else it is added
}

// An item is a number, or an element of a set, of one object.
type item struct{ attr, elem string }

// maxAddend keeps sums far from an overflow, which has no effect.
const maxAddend = 1 << 40

// objectTotals judges the items of one object that nothing but deltas changes.
func objectTotals(at object, ops []*linearizability.Operation) error {
	var items []item
	deltas := map[item][]delta{}
	values := map[item]models.Value{}
	set := map[string]bool{} // attributes that are set as a whole
	var reads []*linearizability.Operation
	for _, op := range ops {
		do := op.Input.(models.Op)
		result, done := op.Output.(models.Result)
		switch {
		case do.Verb == models.Get:
			if done && result.Status == models.Success {
				reads = append(reads, op)
			}
			continue
		case op.Certainty == linearizability.Refused, done && result.Status != models.Success:
			continue // without effect
		case !done && spaceOf(do).Refuse(do) != models.Success:
			continue // nor has this
		case do.Verb == models.Del:
			return nil
		}
		for _, a := range do.Attrs {
			it := item{attr: a.Name}
			d := delta{op: op, certain: done, remove: do.Verb == models.SetRemove}
			switch do.Verb {
			case models.AtomicAdd:
				d.add = a.Value.Int
				if a.Value.Kind != models.Int || d.add > maxAddend || d.add < -maxAddend {
					set[a.Name] = true
				}
			case models.SetAdd, models.SetRemove:
				it.elem = a.Value.String()
				values[it] = a.Value
			default:
				set[a.Name] = true
				continue
			}
			if deltas[it] == nil {
				items = append(items, it)
			}
			deltas[it] = append(deltas[it], d)
		}
	}
	for _, it := range items {
		if set[it.attr] {
			continue
		}
		for _, read := range reads {
			var err error
			if it.elem != "" {
				err = elementTotal(at, it, values[it], deltas[it], read)
			} else {
				err = numberTotal(at, it, deltas[it], read)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// seenBy is what a read saw of an attribute.
func seenBy(read *linearizability.Operation, attr string) (models.Value, bool) {
	for _, a := range read.Output.(models.Result).Attrs {
		if a.Name == attr {
			return a.Value, true
		}
	}
	return models.Value{}, false
}

// manyOptions is how many additions whose part in a read is open are tried in all
// ways; with more of them only the bounds of the sum are known.
const manyOptions = 10

// numberTotal compares a number with the sums that are possible.
func numberTotal(at object, it item, deltas []delta, read *linearizability.Operation) error {
	seen, ok := seenBy(read, it.attr)
	if !ok {
		return nil
	}
	sum, low, high := int64(0), int64(0), int64(0)
	var options []int64
	for _, d := range deltas {
		switch {
		case d.certain && d.op.Return < read.Call:
			sum += d.add
		case d.op.Call <= read.Return:
			options = append(options, d.add)
			low, high = low+min(d.add, 0), high+max(d.add, 0)
		}
	}
	rest := seen.Int - sum
	possible := low <= rest && rest <= high
	if possible && len(options) <= manyOptions {
		possible = slices.Contains(subsetSums(options), rest)
	}
	if possible {
		return nil
	}
	return fmt.Errorf("%v read %s %d of %s/%s: the additions acknowledged before come to %d, and no choice among the %d that are open explains the rest, so one took effect twice or was lost",
		read.ID, it.attr, seen.Int, at.space, at.key, sum, len(options))
}

// subsetSums are the sums of all choices among the addends.
func subsetSums(addends []int64) []int64 {
	sums := []int64{0}
	for _, n := range addends {
		for _, s := range sums[:len(sums):len(sums)] {
			sums = append(sums, s+n)
		}
	}
	return sums
}

// elementTotal compares whether a set had an element with the last operations on it
// that were over before: only one that may have come after them can have undone
// them.
func elementTotal(at object, it item, elem models.Value, deltas []delta, read *linearizability.Operation) error {
	set, ok := seenBy(read, it.attr)
	if !ok {
		return nil
	}
	has := set.Has(elem)
	for _, last := range deltas {
		if last.remove != has || !last.certain || last.op.Return >= read.Call {
			continue
		}
		undone := slices.ContainsFunc(deltas, func(d delta) bool {
			return d.remove != last.remove && d.op.Call <= read.Return && (!d.certain || d.op.Return >= last.op.Call)
		})
		switch {
		case undone:
		case has:
			return fmt.Errorf("%v read %s of %s/%s with %s, which %v had removed and nothing has added since: an addition took effect twice",
				read.ID, it.attr, at.space, at.key, it.elem, last.op.ID)
		default:
			return fmt.Errorf("%v read %s of %s/%s without %s, which %v had added and nothing has removed since: a removal took effect twice, or the addition was lost",
				read.ID, it.attr, at.space, at.key, it.elem, last.op.ID)
		}
	}
	return nil
}
