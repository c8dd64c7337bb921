package scenarios

import (
	"testing"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// R26: an operation takes effect at most once, and exactly once if it succeeds.
func TestOnceCheck(t *testing.T) {
	one := chain(1, "daemon1", "daemon2")
	began := Began{Boot: 1}
	add := called(t, 1, `atomic_add things k {count: 2}`)
	judge(t, checkOnce, []control{
		{"tail and head commit the same record",
			notes(coord, published(one), "c0", began, "c0", add, "daemon2", reached(1, 1, 1), "daemon1", committed(1, 1, 1), "c0", returned(1, success)), nil, ""},
		{"a new head commits the records of the old one again",
			notes("daemon1", committed(1, 1, 1), "daemon2", committed(2, 1, 1)), nil, ""},
		{"one request is two records",
			notes("daemon1", committed(1, 1, 1), "daemon2", reached(2, 2, 1)), nil,
			"request 1 of c0 (boot 1) took effect twice: as record 1 of region 0 and as record 2 of region 0"},
		{"one request of a client that records is two records",
			notes("c0", began, "c0", add, "daemon1", committed(1, 1, 1), "daemon2", reached(2, 2, 1)), nil,
			"request 1 of c0 (boot 1) took effect twice: as record 1 of region 0 and as record 2 of region 0"},
		{"an operation takes effect again after its record was lost",
			notes("daemon1", committed(1, 1, 1), "daemon2", committed(2, 1, 2), "daemon2", committed(2, 2, 1)), nil, ""},
		{"nobody knows the outcome, and it took effect later",
			notes("c0", began, "c0", add, "c0", returned(1, unknown), "daemon1", committed(1, 1, 1)), nil, ""},
		{"an operation that failed took effect",
			notes("c0", began, "c0", called(t, 1, `put_if_not_exist things k {count: 2}`), "daemon1", committed(1, 1, 1), "c0", returned(1, cmpFail)), nil,
			"c0#1 put_if_not_exist things k {count: 2} was answered CMPFAIL and took effect: as record 1 of region 0"},
		{"an operation that was refused took effect",
			notes("c0", began, "c0", add, "c0", RefusedAs{N: 1, Status: models.Throttled}, "c0", returned(1, models.Result{Status: models.Throttled}),
				"daemon1", committed(1, 1, 1)), nil,
			"c0#1 atomic_add things k {count: 2} was refused with THROTTLED and took effect: as record 1 of region 0"},
		{"an operation was acknowledged and did nothing",
			notes("c0", began, "c0", add, "daemon1", replied(1, success), "c0", returned(1, success)), nil,
			"c0#1 atomic_add things k {count: 2} was acknowledged and has never taken effect"},
		{"a retry has a number of its own",
			notes("c0", began, "c0", add, "daemon1", committed(1, 1, 2)), nil,
			"record 1 of region 0 is the effect of request 2 of c0 (boot 1), which issued 1 operations"},
		{"an operation took effect in another region",
			notes(coord, published(one), "c0", began, "c0", add,
				"daemon1", store.Committed{Region: 3, Seq: 1, Requests: requestsOf(1)}), nil,
			"c0#1 atomic_add things k {count: 2} took effect in region 3, and its key belongs to region 0"},
	})
}

// The same, from what clients see of numbers and sets alone.
func TestTotalsCheck(t *testing.T) {
	count := func(n int64) models.Result { return seen(models.Attr{Name: "count", Value: models.IntValue(n)}) }
	tags := func(elems ...string) models.Result {
		v := models.Value{Kind: models.SetString}
		for _, e := range elems {
			v.Strs = append(v.Strs, []byte(e))
		}
		return seen(models.Attr{Name: "tags", Value: v})
	}
	add2, add5 := called(t, 1, `atomic_add things k {count: 2}`), called(t, 2, `atomic_add things k {count: 5}`)
	put, get := called(t, 3, `put things k {count: 40}`), called(t, 9, `get things k`)
	tag, untag := called(t, 1, `set_add things k {tags: "a"}`), called(t, 2, `set_remove things k {tags: "a"}`)
	totals := func(o *sim.Observation) error { return checkTotals(o.History) }
	judge(t, totals, []control{
		{"all additions are there", notes("c0", add2, "c0", add5, "c0", returned(1, success), "c0", returned(2, success), "c0", get, "c0", returned(9, count(7))), nil, ""},
		{"an open addition is there", notes("c0", add2, "c0", add5, "c0", returned(1, success), "c0", get, "c0", returned(9, count(7))), nil, ""},
		{"an open addition is not there", notes("c0", add2, "c0", add5, "c0", returned(1, success), "c0", get, "c0", returned(9, count(2))), nil, ""},
		{"an addition came twice", notes("c0", add2, "c0", add5, "c0", returned(1, success), "c0", returned(2, success), "c0", get, "c0", returned(9, count(9))), nil,
			"c0#9 read count 9 of things/k: the additions acknowledged before come to 7, and no choice among the 0 that are open explains the rest, so one took effect twice or was lost"},
		{"an open addition came in part", notes("c0", add2, "c0", add5, "c0", returned(1, success), "c0", get, "c0", returned(9, count(4))), nil,
			"c0#9 read count 4 of things/k: the additions acknowledged before come to 2, and no choice among the 1 that are open explains the rest, so one took effect twice or was lost"},
		{"the number was set", notes("c0", add2, "c0", put, "c0", returned(1, success), "c0", returned(3, success), "c0", get, "c0", returned(9, count(40))), nil, ""},
		{"an addition failed", notes("c0", add2, "c0", returned(1, models.Result{Status: models.Overflow}), "c0", get, "c0", returned(9, count(0))), nil, ""},
		{"an element was removed while it was added", notes("c0", tag, "c0", untag, "c0", returned(1, success), "c0", returned(2, success), "c0", get, "c0", returned(9, tags("a"))), nil, ""},
		{"a removed element is back", notes("c0", tag, "c0", returned(1, success), "c0", untag, "c0", returned(2, success), "c0", get, "c0", returned(9, tags("a"))), nil,
			`c0#9 read tags of things/k with "a", which c0#2 had removed and nothing has added since: an addition took effect twice`},
		{"an added element is gone", notes("c0", untag, "c0", returned(2, success), "c0", tag, "c0", returned(1, success), "c0", get, "c0", returned(9, tags("b"))), nil,
			`c0#9 read tags of things/k without "a", which c0#1 had added and nothing has removed since: a removal took effect twice, or the addition was lost`},
		{"an operation that the set does not take is open", notes("c0", called(t, 4, `set_add things k {tags: 1}`), "c0", tag, "c0", returned(1, success), "c0", get, "c0", returned(9, tags("a"))), nil, ""},
		{"an open removal took it", notes("c0", tag, "c0", returned(1, success), "c0", untag, "c0", get, "c0", returned(9, tags())), nil, ""},
	})
}
