package linearizability_test

import (
	"fmt"
	"math/rand"
	"strconv"
	"testing"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
)

// A load is a history of clients that each do one operation after the other on a
// correct system. Of the waited-for operations about half change something.
type load struct {
	ops, keys, clients int
	unwaited           int // open operations, called evenly over the history
}

// draw makes the history of a load: each operation takes effect between its call and its
// return. Open ones take effect half of the time.
func draw[S, I, O any](l load, apply func(S, I) (S, O), input func(r *rand.Rand, key, n int, open bool) I) linearizability.History {
	r := rand.New(rand.NewSource(7))
	type call struct {
		op     int
		effect bool
		out    O
		key    int
	}
	var ops []linearizability.Operation
	states := make([]S, l.keys)
	running := make([]*call, l.clients)
	at := int64(0)
	issue := func(client string, open bool) *call {
		key := r.Intn(l.keys)
		ops = append(ops, linearizability.Operation{
			ID:    linearizability.OpID{Client: client, N: len(ops)},
			Input: input(r, key, len(ops), open), Certainty: linearizability.Unknown, Call: at, Return: linearizability.Open,
		})
		return &call{op: len(ops) - 1, key: key}
	}
	opens := 0
	for issued := 0; issued < l.ops; at++ {
		if l.unwaited > 0 && issued*l.unwaited/l.ops >= opens {
			opens++
			c := issue("gone"+strconv.Itoa(opens), true)
			if r.Intn(2) == 0 {
				states[c.key], _ = apply(states[c.key], ops[c.op].Input.(I))
			}
			continue
		}
		n := r.Intn(l.clients)
		switch c := running[n]; {
		case c == nil:
			running[n] = issue("c"+strconv.Itoa(n), false)
			issued++
		case !c.effect:
			states[c.key], c.out = apply(states[c.key], ops[c.op].Input.(I))
			c.effect = true
		default:
			op := &ops[c.op]
			op.Certainty, op.Output, op.Return = linearizability.Done, c.out, at
			running[n] = nil
		}
	}
	return linearizability.History{Operations: ops}
}

func registerInput(r *rand.Rand, key, n int, open bool) models.RegisterOp {
	name := "k" + strconv.Itoa(key)
	if open || r.Intn(2) == 0 {
		return models.Write{Key: name, Value: "v" + strconv.Itoa(n)}
	}
	return models.Read{Key: name}
}

func objectInput(r *rand.Rand, key, n int, open bool) models.Op {
	op := models.Op{Space: "s", Key: "k" + strconv.Itoa(key)}
	number := []models.Attr{{Name: "n", Value: models.IntValue(int64(n))}}
	tag := []models.Attr{{Name: "tags", Value: models.StringValue("t" + strconv.Itoa(r.Intn(8)))}}
	switch pick := r.Intn(10); {
	case pick < 4 && !open:
		op.Verb = models.Get
	case pick < 6:
		op.Verb, op.Attrs = models.Put, number
	case pick < 8:
		op.Verb, op.Attrs = models.SetAdd, tag
	case pick < 9:
		op.Verb, op.Attrs = models.AtomicAdd, number
	default:
		op.Verb, op.Attrs = models.CondPut, number
		op.Checks = []models.Check{{Attr: "n", Pred: models.LessThan, Value: models.IntValue(int64(n))}}
	}
	return op
}

// spoiled makes the last read of a register return the first value that was written
// to it, which is old by then.
func spoiled(h linearizability.History) linearizability.History {
	for i := len(h.Operations) - 1; i >= 0; i-- {
		read, isRead := h.Operations[i].Input.(models.Read)
		if !isRead || h.Operations[i].Certainty != linearizability.Done {
			continue
		}
		for _, op := range h.Operations {
			if w, isWrite := op.Input.(models.Write); isWrite && w.Key == read.Key && op.Certainty == linearizability.Done {
				h.Operations[i].Output = answer(w.Value)
				return h
			}
		}
	}
	panic("no read to spoil")
}

// The checker rows of the figures: how long a verdict takes and how much memory.
func BenchmarkRegisters(b *testing.B) {
	for _, l := range []load{
		{ops: 1_000_000, keys: 1, clients: 50},
		{ops: 1_000_000, keys: 1, clients: 50, unwaited: 100_000},
		{ops: 1_000_000, keys: 1000, clients: 50},
		{ops: 10_000, keys: 1, clients: 10},
		{ops: 5_000, keys: 1, clients: 10, unwaited: 1000},
	} {
		apply := register().spec.Apply
		for _, want := range []linearizability.Verdict{linearizability.OK, linearizability.Illegal} {
			h := draw(l, apply, registerInput)
			if want == linearizability.Illegal {
				h = spoiled(h)
			}
			b.Run(fmt.Sprintf("ops=%d/keys=%d/clients=%d/unwaited=%d/%v", l.ops, l.keys, l.clients, l.unwaited, want), func(b *testing.B) {
				check(b, register().spec.Model(), h, want)
			})
		}
	}
}

func BenchmarkObjects(b *testing.B) {
	for _, l := range []load{
		{ops: 200, keys: 20, clients: 4, unwaited: 10}, // a run of store/bench
		{ops: 10_000, keys: 1, clients: 4},
		{ops: 100_000, keys: 1000, clients: 50},
	} {
		h := draw(l, object().spec.Apply, objectInput)
		b.Run(fmt.Sprintf("ops=%d/keys=%d/clients=%d/unwaited=%d", l.ops, l.keys, l.clients, l.unwaited), func(b *testing.B) {
			check(b, object().spec.Model(), h, linearizability.OK)
		})
	}
}

func check(b *testing.B, m linearizability.Model, h linearizability.History, want linearizability.Verdict) {
	b.ReportAllocs()
	steps, n := 0, 0
	for b.Loop() {
		report := m.Check(h, 0)
		if report.Verdict != want {
			b.Fatal(report)
		}
		steps = report.Steps
		n++
	}
	b.ReportMetric(float64(steps), "steps/op")
	b.ReportMetric(float64(len(h.Operations))*float64(n)/b.Elapsed().Seconds(), "ops/s")
}
