package scenarios

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/group"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// groupName is the actor of each member.
const groupName = "config"

// groupChaos is a replicated state machine on which everything goes wrong.
func groupChaos() sim.Scenario {
	return groupScenario(sim.Scenario{
		Name: "group/chaos",
		Doc:  "numbered configurations on a raft group of 3 or 5, with everything that can go wrong within the fault budget",
		Knobs: func(d *faults.Draw) sim.Knobs {
			return sim.Knobs{}.
				With("members", []int{3, 3, 5}[d.IntN("members", 3)]).
				With("clients", d.Between("clients", 2, 4)).
				With("names", d.Between("names", 1, 3)).
				With("tick", []string{"20ms", "50ms"}[d.IntN("tick", 2)]).
				With("snapshot", []int{1 << 10, 4 << 10, 16 << 10, 1 << 20}[d.IntN("snapshot", 4)]).
				With("keep", []int{1, 4, 16, 128}[d.IntN("keep", 4)]).
				With("message", []int{1, 1 << 10, 64 << 10}[d.IntN("message", 3)]).
				With("in-flight", []int{1, 2, 64}[d.IntN("in-flight", 3)])
		},
		Profile: faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 30 * time.Millisecond,
			DropMax: 200, DuplicateMax: 300, LateMax: groupLate,
			DiskMax: 20 * time.Millisecond, DriftMax: 40, FIFO: 300, Random: 200,
			OffsetMax: 288 * time.Second, JitterMax: 1000, CorruptMax: 10, CapacityMin: 4,
			Span: 4 * time.Second, DownMin: 5 * time.Millisecond, DownMax: 3 * time.Second,
			Counts: faults.Counts{
				faults.Crash: 4, faults.PowerLoss: 4, faults.Wipe: 2, faults.Destroy: 1, faults.Stop: 1,
				faults.Pause: 3, faults.Slow: 2,
				faults.Partition: 2, faults.Cut: 2, faults.Isolate: 3, faults.Ring: 1, faults.Clog: 2, faults.Swizzle: 1,
				faults.Reset: 3, faults.DropMessage: 4, faults.Replay: 6,
				faults.SlowDisk: 2, faults.SyncError: 1, faults.WriteError: 1, faults.ReadError: 1, faults.Rot: 3,
				faults.Misread: 1, faults.DiskFull: 1, faults.ReadOnly: 1,
				faults.ClockStep: 2, faults.Heal: 1,
			},
			Messages:     []string{"group.packet", "group.join", "group.config-request", "group.config-reply"},
			PowerLossAll: 200, ClientCrashes: 1, Points: groupPoints,
		},
		Sometimes: []string{
			group.SawDedupe, group.SawFollowerRead,
			group.SawTornTail, group.SawCorrupt, group.SawReplaced, group.SawSnapshotSent, group.SawSnapshotAgain,
			group.SawDeposed, group.SawReadLost, group.SawReadEarly, group.SawOldBoot, group.SawFull,
		},
	}, groupLoad{clients: 3, ops: 120, names: 2, pause: 100 * time.Millisecond, late: groupLate})
}

const (
	// defaultTick is the time between two heartbeats.
	defaultTick = 50 * time.Millisecond
	// groupLate is how late a message may be: longer than most elections take, so that
	// it comes from another term.
	groupLate = 2 * time.Second
)

// groupPoints are the places at which a crash of a member is most interesting: around
// what it promises.
var groupPoints = []string{
	"wal.before-sync", "wal.before-sync", "wal.before-sync", "wal.after-sync", "wal.after-sync",
	"wal.before-append", "wal.before-rename", "wal.before-remove", "wal.recovering",
	"group.saved", "group.saved", "group.saving", "group.saving",
}

// groupScenarios look for bugs of replicated state machines.
func groupScenarios() []sim.Scenario {
	return []sim.Scenario{groupCalm(), groupChaos(), groupPartition()}
}

// groupScenario completes a scenario of a group. Its knobs, with what they are if the
// scenario draws no others: members 3, tick 50ms, snapshot 1048576 bytes, keep 128
// entries, message 65536 bytes, in-flight 64; clients, names and ops are those of the load.
func groupScenario(s sim.Scenario, load groupLoad) sim.Scenario {
	s.Topology = func(k sim.Knobs) actors.Topology { return groupTopology(k, load) }
	s.Oracle = func(k sim.Knobs) sim.Oracle { return newGroupOracle(groupHosts(k)) }
	s.Workload = sim.Workload{
		Generate: load.generate, Final: load.fetchAll, Parse: parseGroupLine, Client: newGroupClient(load),
	}
	s.Model = configModel()
	s.Checks = append([]sim.Check{{Name: "raft", Func: checkRaft}, {Name: "replicas", Func: checkGroupReplicas}}, s.Checks...)
	s.Profile.Servers, s.Profile.Clients = []string{"m"}, []string{"c"}
	return s
}

func groupHosts(k sim.Knobs) []string {
	var out []string
	for i := range k.Int("members", 3) {
		out = append(out, fmt.Sprintf("m%d", i))
	}
	return out
}

func groupTopology(k sim.Knobs, load groupLoad) actors.Topology {
	cfg := group.Config{
		Name: groupName, Members: groupHosts(k), Tick: k.Duration("tick", defaultTick),
		SnapshotBytes: int64(k.Int("snapshot", 1<<20)), Keep: k.Int("keep", 128), InFlight: k.Int("in-flight", 64),
		MessageBytes: uint64(k.Int("message", 64<<10)),
	}
	var t actors.Topology
	for _, host := range cfg.Members {
		t.Hosts = append(t.Hosts, actors.Host{Name: host, Actors: []actors.ActorDef{{Name: groupName, New: group.New(cfg, group.NewConfigs)}}})
	}
	for i := range k.Int("clients", load.clients) {
		t.Hosts = append(t.Hosts, actors.Host{Name: fmt.Sprintf("c%d", i)})
	}
	return actors.Topology{Hosts: append(t.Hosts, actors.Host{Name: "final"})}
}
