package scenarios

import (
	"fmt"
	"strings"
	"testing"

	"github.com/simrun/simrun/actors/group"
	"github.com/simrun/simrun/sim"
)

// observed is an oracle of three members that has seen these facts.
func observed(facts ...any) *groupOracle {
	o := newGroupOracle([]string{"a", "b", "c"})
	for _, n := range notes(facts...) {
		o.Observe(n)
	}
	return o
}

// committing is a group of three that has committed entry 2.
func committing(more ...any) []any {
	return founded(append([]any{"a", did(1, entry(2, 2, 20)), "b", did(2, entry(2, 2, 20))}, more...)...)
}

// replaced are the facts of the host c, which comes back as member 4.
func replaced(caughtUp bool) []any {
	peers := []group.Peer{threePeers[0], threePeers[1], {ID: 4, Host: "c", Boot: 2}}
	facts := []any{
		"c", sim.DiskLost{Boot: 1, Why: "wipe"}, "c", group.Recovered{ID: 4, Boot: 2, Wiped: true},
		"a", did(1, changeAt(3, 2)), "a", group.Changed{ID: 1, Index: 3, Peers: threePeers[:2]},
		"a", did(1, changeAt(4, 2)), "a", group.Changed{ID: 1, Index: 4, Peers: peers},
	}
	if caughtUp {
		facts = append(facts, "c", group.Installed{ID: 4, Snapshot: group.Mark{Index: 4, Term: 2}})
	}
	return facts
}

// TestGroupOracleSparesTheLastMajority: as many disks may be lost at a time as the group
// survives, and a member counts again when its successor has everything.
func TestGroupOracleSparesTheLastMajority(t *testing.T) {
	lost := sim.DiskLost{Boot: 1, Why: "wipe"}
	rot := sim.DiskLost{Boot: 1, Why: "rot"}
	for _, c := range []struct {
		name  string
		facts []any
		hosts string
		want  bool
	}{
		{"before the first commit", founded(), "c", false},
		{"one of three", committing(), "c", true},
		{"two of three at once", committing(), "b c", false},
		{"a second one", committing("c", lost), "b", false},
		{"the same again", committing("c", lost), "c", true},
		{"one that is added and has nothing", committing(replaced(false)...), "b", false},
		{"one that is replaced", committing(replaced(true)...), "b", true},
		{"one that found no damage", committing("c", rot, "c", group.Recovered{ID: 3, Boot: 2}), "b", true},
		{"one with damage that nobody has looked at", committing("c", rot), "c", false},
		{"a new one whose log was damaged, and whole", committing("c", lost, "c", group.Recovered{ID: 4, Boot: 2}, "c", sim.DiskLost{Boot: 2, Why: "rot"}, "c", group.Recovered{ID: 4, Boot: 3}), "b", false},
		{"a client", committing("c", lost), "c0", true},
	} {
		o := observed(c.facts...)
		if got := o.Spares(true, strings.Fields(c.hosts)...); got != c.want {
			t.Errorf("%s: the disk of %s may be lost: %v", c.name, c.hosts, got)
		}
		if !o.Spares(false, "a", "b", "c") {
			t.Errorf("%s: processes may not end", c.name)
		}
		if o.Excuse() != "" && len(o.lost) <= o.tolerate && o.last > 0 {
			t.Errorf("%s: excused: %s", c.name, o.Excuse())
		}
	}
	if o := observed(committing("b", lost, "c", lost)...); !strings.Contains(o.Excuse(), "more than 1 of 3 members lost their disks: b: wipe") {
		t.Errorf("two of three are gone, and it says %q", o.Excuse())
	}
}

// TestGroupReplicasCheck: whoever is up at the end is a member and has everything.
func TestGroupReplicasCheck(t *testing.T) {
	knobs := sim.Knobs{}
	hosts := map[string]string{"a": "m0", "b": "m1", "c": "m2"}
	for _, c := range []struct {
		name  string
		facts []any
		why   string
	}{
		{"all have everything", committing("c", did(3, entry(2, 2, 20)), "final", catchingUp{}, "final", caughtUp{}), ""},
		{"one is behind", committing("final", catchingUp{}, "final", caughtUp{}), "m2 has applied entry 1 of 2"},
		{"one is behind, and nobody waited", committing(), ""},
		{"one is behind and down", committing("c", sim.Down{Boot: 1}, "final", catchingUp{}, "final", caughtUp{}), ""},
		{"one is no member", committing("c", sim.DiskLost{Boot: 1, Why: "wipe"}, "c", group.Recovered{ID: 4, Boot: 2}, "final", catchingUp{}, "final", caughtUp{}), "m2 is up and no member of the group"},
		{"two lost their disks", committing("c", sim.DiskLost{Boot: 1, Why: "wipe"}, "b", sim.DiskLost{Boot: 1, Why: "wipe"}, "final", catchingUp{}, "final", caughtUp{}), ""},
	} {
		o := &sim.Observation{Knobs: knobs, Ops: []sim.Op{{Client: "c0"}}, Notes: notes(c.facts...)}
		for i := range o.Notes {
			if host, ok := hosts[o.Notes[i].Host]; ok {
				o.Notes[i].Host = host
			}
		}
		got := ""
		if err := checkGroupReplicas(o); err != nil {
			got = err.Error()
		}
		if (got == "") != (c.why == "") || !strings.HasPrefix(got, c.why) {
			t.Errorf("%s: says %q, want %q", c.name, got, c.why)
		}
	}
}

// TestGroupLinesAreReadAsTheyArePrinted: every line that a plan may have.
func TestGroupLinesAreReadAsTheyArePrinted(t *testing.T) {
	s := groupChaos()
	p := sim.NewPlan(s, 1)
	for _, op := range append(p.Ops, s.Workload.Final(p.Knobs, p.Ops)...) {
		got, err := parseGroupLine(op.Do.String())
		if err != nil || fmt.Sprint(got) != op.Do.String() {
			t.Errorf("%q is read as %v, %v", op.Do, got, err)
		}
	}
}
