package store

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/simrun/simrun/models"
)

// TestDaemonAndModelMeanTheSame carries random operations out twice: as a daemon
// does and as the model that judges it says. The two share no code, so a mistake
// in one is a difference. R39, R40.
func TestDaemonAndModelMeanTheSame(t *testing.T) {
	space, err := models.ParseSpace("space s key id attributes string name, int count, float share, set(string) tags, set(int) ids, set(float) marks")
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	statuses := map[models.Status]int{}
	var object models.Object
	for i := range 200_000 {
		op := randomOp(rnd, space)
		want, result := models.Apply(space, object, op)

		got, status := []models.Attr(object), refuse(&space, &op)
		switch {
		case status != models.Success:
		case op.Verb == models.Get && object == nil:
			status = models.NotFound
		case op.Verb != models.Get:
			var next []models.Attr
			if next, status = decide(&space, object, object != nil, &op); status == models.Success {
				got = next
			}
		}
		statuses[status]++
		if status != result.Status || !want.Equal(got) {
			t.Fatalf("step %d: %v on %v:\ndaemon %v, %v\nmodel  %v, %v", i, op, object, status, models.Object(got), result.Status, want)
		}
		object = want
		if i%50 == 0 {
			object = nil
		}
	}
	for _, s := range []models.Status{models.Success, models.NotFound, models.CmpFail, models.Overflow,
		models.WrongType, models.UnknownAttr, models.DupeAttr, models.DontUseKey} {
		if statuses[s] < 100 {
			t.Errorf("%v came up %d times", s, statuses[s])
		}
	}
}

// randomOp draws an operation that fits the space more often than not.
func randomOp(rnd *rand.Rand, space models.Space) models.Op {
	op := models.Op{Verb: models.Verb(rnd.IntN(int(models.AtomicAdd) + 1)), Space: space.Name, Key: "k"}
	if op.Verb == models.Get || op.Verb == models.Del {
		return op
	}
	for range 1 + rnd.IntN(2) {
		name, kind := randomName(rnd, space)
		elem, set := kind.Element()
		switch op.Verb {
		case models.SetAdd, models.SetRemove:
			if set || rnd.IntN(4) > 0 {
				kind = elem
			}
		case models.AtomicAdd:
			if kind != models.Int && kind != models.Float && rnd.IntN(4) > 0 {
				name, kind = "count", models.Int
			}
		}
		op.Attrs = append(op.Attrs, models.Attr{Name: name, Value: randomValue(rnd, kind)})
	}
	op.Attrs = byName(op.Attrs)
	if op.Verb == models.CondPut {
		for range rnd.IntN(3) {
			name, kind := randomName(rnd, space)
			pred := models.Predicate(rnd.IntN(int(models.Contains) + 1))
			if elem, set := kind.Element(); set && pred == models.Contains {
				kind = elem
			}
			op.Checks = append(op.Checks, models.Check{Attr: name, Pred: pred, Value: randomValue(rnd, kind)})
		}
	}
	return op
}

func randomName(rnd *rand.Rand, space models.Space) (string, models.Kind) {
	switch rnd.IntN(40) {
	case 0:
		return space.Key, models.String
	case 1:
		return "nosuch", models.Int
	}
	a := space.Attributes[rnd.IntN(len(space.Attributes))]
	return a.Name, a.Kind
}

// randomValue draws from few values, so that they meet, and some that are at the
// edge; now and then it has another kind.
func randomValue(rnd *rand.Rand, kind models.Kind) models.Value {
	if rnd.IntN(40) == 0 {
		kind = models.Kind(rnd.IntN(int(models.SetFloat) + 1))
	}
	switch kind {
	case models.Int:
		return models.IntValue([]int64{0, 1, -1, 3, math.MaxInt64, math.MinInt64}[rnd.IntN(6)])
	case models.Float:
		return models.FloatValue([]float64{0, math.Copysign(0, -1), 1.5, -1.5, math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN()}[rnd.IntN(8)])
	case models.String:
		return models.StringValue([]string{"", "a", "b", "\x00"}[rnd.IntN(4)])
	}
	elem, _ := kind.Element()
	var elems []models.Value
	for range rnd.IntN(4) {
		for {
			if v := randomValue(rnd, elem); v.Kind == elem {
				elems = append(elems, v)
				break
			}
		}
	}
	return models.SetValue(kind, elems...)
}
