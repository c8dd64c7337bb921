package harness

import (
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// An ambush is a fault of a single message that has not met it yet.
type ambush struct {
	fault  faults.Fault
	effect *effect
}

// isOfMessage reports the kinds of faults that are about a single message.
func isOfMessage(k faults.Kind) bool { return k == faults.DropMessage || k == faults.Replay }

// lieInWait begins a fault of a single message. Each host that sends counts for itself,
// and the first one that comes to the message is the one: where several come to theirs at
// the same time, each of these may be hit.
func (r *run) lieInWait(f faults.Fault) {
	if f.Kind == faults.Replay && (r.plan.Net.FIFO || f.For <= 0) {
		return // no old message comes on links that keep the order
	}
	pairs := r.pairsOf(f)
	if len(pairs) == 0 {
		return
	}
	r.rules++
	x := rule{ID: r.rules, Message: f.Message, Count: f.Count}
	if f.Kind == faults.Replay {
		x.Again = f.For
	}
	r.ambushes[x.ID] = ambush{f, r.effect(r.mesh.lieInWait(x, pairs))}
}

// met is reached when a rule has met its message.
func (r *run) met(id int) {
	x, ok := r.ambushes[id]
	if !ok {
		return // another host has met it before
	}
	delete(r.ambushes, id)
	r.undo(x.effect)
	now := r.clock()
	a := sim.AppliedFault{Text: x.fault.String(), Told: x.fault.String(), Kind: x.fault.Kind.String(), From: now, To: now, InFlight: r.facts.inFlight()}
	r.facts.began(now, a.Text)
	r.result.Applied = append(r.result.Applied, a)
	r.count(a.Kind, a.InFlight)
}
