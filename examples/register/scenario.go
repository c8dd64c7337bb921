// Package register is a small system as a user of simrun would write it: a server
// that keeps registers in a file, a scenario with clients and power losses, and a
// test. One of its two servers has a planted bug, which the test must find.
package register

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// Scenario has two clients write and read two registers of one server, whose host
// loses power.
func Scenario(server actors.Producer) sim.Scenario {
	return sim.Scenario{
		Name: "example/register",
		Doc:  "two clients and one server that loses power",
		Topology: func(sim.Knobs) actors.Topology {
			return actors.Topology{Hosts: []actors.Host{
				{Name: "server", Actors: []actors.ActorDef{{Name: "register", New: server}}},
				{Name: "c0"},
				{Name: "c1"},
			}}
		},
		Profile: faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 10 * time.Millisecond, DiskMax: 5 * time.Millisecond,
			Span: 500 * time.Millisecond, DownMin: 10 * time.Millisecond, DownMax: 100 * time.Millisecond,
			Counts: faults.Counts{faults.PowerLoss: 3, faults.Crash: 2}, Servers: []string{"server"}, Clients: []string{"c"},
		},
		Workload: sim.Workload{
			Generate: generate,
			Parse:    func(text string) (fmt.Stringer, error) { return models.ParseRegisterOp(text) },
			Client:   client,
		},
		Model: linearizability.Spec[string, models.RegisterOp, string]{
			Key:      models.RegisterOp.Register,
			Apply:    models.ApplyRegister,
			ReadOnly: func(op models.RegisterOp) bool { _, write := models.Written(op); return !write },
			Write:    models.Written,
			Read: func(op models.RegisterOp, got string) (string, bool) {
				_, write := models.Written(op)
				return got, !write
			},
		}.Model(),
	}
}

// generate draws 15 operations for each client; every write has a value of its
// own.
func generate(d *faults.Draw, _ sim.Knobs) []sim.Op {
	var ops []sim.Op
	for n := 1; n <= 15; n++ {
		for _, client := range []string{"c0", "c1"} {
			d := d.Sub(client, n)
			key := []string{"x", "y"}[d.IntN("key", 2)]
			op := sim.Op{Client: client, N: n, Do: models.Read{Key: key}}
			if d.Permille("write", 500) {
				op.Do = models.Write{Key: key, Value: fmt.Sprintf("%s-%d", client, n)}
			}
			ops = append(ops, op)
		}
	}
	return ops
}

// client carries out one operation after the other. A write that is not answered
// may have happened or not; a read is simply asked again.
func client(env actors.Env, rec *linearizability.Recorder) func(op sim.Op) error {
	server := env.PID("server/register")
	return func(op sim.Op) error {
		rec.Call(op.N, op.Do)
		switch do := op.Do.(type) {
		case models.Write:
			_, err := env.Request(server, Write{Key: do.Key, Value: do.Value}, 50*time.Millisecond)
			if err != nil {
				rec.Return(op.N, linearizability.Outcome{Certainty: linearizability.Unknown})
				return nil
			}
			rec.Return(op.N, linearizability.Outcome{Output: ""})
		case models.Read:
			for {
				reply, err := env.Request(server, Read{Key: do.Key}, 50*time.Millisecond)
				if err == nil {
					rec.Return(op.N, linearizability.Outcome{Output: reply.(Value).Value})
					return nil
				}
			}
		}
		return nil
	}
}
