package sim

import (
	"fmt"
	"reflect"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/wire"
)

// A Measurement is one row of [Bench].
type Measurement struct {
	Name  string
	Value float64
	Unit  string
	Note  string // what it stands beside
}

// benchSteps is the length of the workload that simulators are compared with: a
// million deliveries.
const benchSteps = 1_000_000

// Bench measures the kernel, row by row, on one goroutine: hop is a scenario whose
// messages are passed on for ever, and message is one of them. Each row is the
// median of five, because a shared machine changes its speed from second to second.
func Bench(hop Scenario, message any, row func(Measurement)) error {
	mt, ok := actors.MessageOf(message)
	if !ok {
		return fmt.Errorf("%T is no registered message", message)
	}
	plan := Plan{Scenario: hop.Name, Seed: 3, Policy: Timed, Net: faults.Net{DelayMin: time.Millisecond, DelayMax: 10 * time.Millisecond}}
	for faults.Mix(plan.Seed, strictSeed)%16 == 0 {
		plan.Seed++
	}
	hop.Limits.Steps, hop.Limits.Time = benchSteps, 1000*time.Hour
	var failed error
	deliveries := func(wire WireMode) float64 {
		hop.Wire = wire
		began := time.Now()
		r := Run(hop, plan)
		took := time.Since(began)
		if r.Check != "steps" {
			failed = fmt.Errorf("scenario %s: %v %s: %w", hop.Name, r.Verdict, r.Check, r.Err)
		}
		return float64(r.Stats.Messages) / took.Seconds()
	}
	bare := median(func() float64 { return bareLoop(benchSteps) })
	ref := median(func() float64 { return deliveries(WireRef) })
	codec := median(func() float64 { return codecRate(mt, message, benchSteps/5) })
	copied := median(func() float64 { return deliveries(WireCopy) })
	checked := median(func() float64 { return deliveries(WireChecked) })
	if failed != nil {
		return failed
	}
	row(Measurement{"bare loop: the same messages on the event queue alone", bare, "deliveries/s", ""})
	row(Measurement{"hop, by reference", ref, "deliveries/s", fmt.Sprintf("%.2f of the bare loop; goal 5 million", ref/bare)})
	row(Measurement{"codec alone: one message there and back", codec, "copies/s", fmt.Sprintf("%v", reflect.TypeOf(message))})
	row(Measurement{"hop, copied by the codec and hashed", copied, "deliveries/s", fmt.Sprintf("%.2f of the codec alone; goal 0.8", copied/codec)})
	row(Measurement{"hop, by reference and hashed", checked, "deliveries/s", ""})
	idle := hop
	idle.Limits.Steps = 1
	build := median(func() float64 {
		began := time.Now()
		for range 100 {
			Run(idle, plan)
		}
		return float64(time.Since(began).Microseconds()) / 100
	})
	n := len(hop.Topology(nil).Hosts)
	row(Measurement{fmt.Sprintf("building and tearing down %d hosts", n), build, "us", fmt.Sprintf("%.0f us for 10 hosts; goal 250", build*10/float64(n))})
	return nil
}

func median(measure func() float64) float64 {
	var v [5]float64
	for i := range v {
		v[i] = measure()
		for j := i; j > 0 && v[j] < v[j-1]; j-- {
			v[j], v[j-1] = v[j-1], v[j]
		}
	}
	return v[len(v)/2]
}

// bareLoop is the hop workload without actors, network or trace.
func bareLoop(n int) (rate float64) {
	const low, spread = int64(time.Millisecond), uint64(9 * time.Millisecond)
	var q queue
	for i := range uint64(100) {
		ev := q.push(low + int64(faults.Scale(faults.Mix(i, 1), spread)))
		ev.key = i
	}
	began := time.Now()
	for range n {
		at, ev := q.pop()
		key := faults.Mix(ev.key, 1)
		q.push(at + low + int64(faults.Scale(key, spread))).key = key
	}
	return float64(n) / time.Since(began).Seconds()
}

// codecRate is how often a message can be encoded and decoded in a second.
func codecRate(mt *actors.MessageType, msg any, n int) float64 {
	var c wire.Codec
	began := time.Now()
	for range n {
		if _, err := c.Copy(mt, msg); err != nil {
			return 0
		}
	}
	return float64(n) / time.Since(began).Seconds()
}
