package sim

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
)

// A verse is an operation of the scenario that plans are tested with: any text
// that begins with a number.
type verse struct {
	count int
	text  string
}

func (v verse) String() string { return strings.TrimSuffix(fmt.Sprintf("%d %s", v.count, v.text), " ") }

func parseVerse(text string) (fmt.Stringer, error) {
	first, rest, _ := strings.Cut(text, " ")
	n, err := strconv.Atoi(first)
	if err != nil {
		return nil, &faults.SyntaxError{Column: 1, Msg: fmt.Sprintf("expected a number, got %q", first)}
	}
	if rest == "rhyme?" {
		return nil, fmt.Errorf("nothing rhymes")
	}
	return verse{n, rest}, nil
}

// poets is a scenario that is never run.
var poets = Scenario{
	Name: "plans/poets",
	Knobs: func(d *faults.Draw) Knobs {
		return Knobs{}.With("servers", d.Between("servers", 1, 4)).With("pause", d.Between("pause", 1, 9)*int(time.Millisecond))
	},
	Topology: func(k Knobs) actors.Topology {
		t := actors.Topology{Hosts: []actors.Host{{Name: "c0"}, {Name: "c1"}}}
		n := k.Int("servers", 1)
		if n > 99 {
			panic(KnobError{Knob{"servers", k.String("servers", "")}, "at most 99"})
		}
		for i := range make([]bool, n) {
			t.Hosts = append(t.Hosts, actors.Host{Name: fmt.Sprintf("server%d", i+1)})
		}
		return t
	},
	Profile: faults.Profile{
		DelayMin: time.Millisecond, DelayMax: 50 * time.Millisecond,
		DropMax: 300, DuplicateMax: 500, LateMax: 5 * time.Second, DiskMax: 30 * time.Millisecond, DriftMax: 40, FIFO: 500, Random: 250,
		Span: 2 * time.Second, DownMin: time.Millisecond, DownMax: 3 * time.Second,
		Counts:       faults.Counts{faults.Crash: 4, faults.PowerLoss: 4, faults.Wipe: 1, faults.Stop: 2, faults.Partition: 3, faults.Cut: 2, faults.Isolate: 2},
		PowerLossAll: 200, Points: []string{"server.before-reply"},
		Servers: []string{"server"}, Clients: []string{"c"}, ClientCrashes: 1,
	},
	Workload: Workload{
		Generate: func(d *faults.Draw, k Knobs) []Op {
			var ops []Op
			for i := range d.IntN("operations", 20) {
				d := d.Sub("operation", i)
				op := Op{Client: fmt.Sprintf("c%d", d.IntN("client", 2)), Do: verse{d.IntN("count", 99), `{first: "#  John"}`}}
				if !d.Permille("unnamed", 200) {
					op.N = i + 1
				}
				ops = append(ops, op)
			}
			return ops
		},
		Parse: parseVerse,
		Client: func(actors.Env, *linearizability.Recorder) func(Op) error {
			return func(Op) error { return nil }
		},
	},
}

const poem = `
# A plan as a person writes it.
plan     1
scenario plans/poets   # the name

seed     0x51c2
knobs    servers 3  pause 7   # in ns
net      delay 1ms..20ms  drop 0.05  duplicate 0.01
c0#1     7 {first: "# John"}
c0       2
  c1#4	 3  two  spaces
fault    12ms  power-loss server1 for 40ms
fault    at wal.before-sync#3 of server2  power-loss all
late     0x1f 40ms  # c0#7 put, attempt 1
copy     0x1f 41ms
drop     0x20  # c0#8 #1
`

func TestPlansReadAsWritten(t *testing.T) {
	got, err := ReadPlan(strings.NewReader(poem), poets)
	if err != nil {
		t.Fatal(err)
	}
	want := Plan{
		Scenario: "plans/poets",
		Seed:     0x51c2,
		Policy:   Timed,
		Knobs:    Knobs{{"servers", "3"}, {"pause", "7"}},
		Net:      faults.Net{DelayMin: time.Millisecond, DelayMax: 20 * time.Millisecond, Drop: 50, Duplicate: 10},
		Ops: []Op{
			{Client: "c0", N: 1, Do: verse{7, `{first: "# John"}`}},
			{Client: "c0", Do: verse{2, ""}},
			{Client: "c1", N: 4, Do: verse{3, " two  spaces"}},
		},
		Faults: faults.Schedule{
			{At: 12 * time.Millisecond, Kind: faults.PowerLoss, Hosts: []string{"server1"}, For: 40 * time.Millisecond},
			{Point: "wal.before-sync", Nth: 3, Host: "server2", Kind: faults.PowerLoss, Hosts: []string{"all"}},
		},
		Deviations: []Deviation{
			{Key: 0x1f, Late: 40 * time.Millisecond, Name: "c0#7 put, attempt 1"},
			{Key: 0x1f, Late: 41 * time.Millisecond, Copy: true},
			{Key: 0x20, Drop: true, Name: "c0#8 #1"},
		},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(verse{})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestPlansAreWrittenOneDecisionALine(t *testing.T) {
	plan, err := ReadPlan(strings.NewReader(poem), poets)
	if err != nil {
		t.Fatal(err)
	}
	const want = `plan     1
scenario plans/poets
seed     0x51c2
policy   timed
knobs    servers 3  pause 7
net      delay 1ms..20ms drop 0.05 duplicate 0.01
c0#1     7 {first: "# John"}
c0       2
c1#4     3  two  spaces
fault    12ms power-loss server1 for 40ms
fault    at wal.before-sync#3 of server2 power-loss all
late     0x1f 40ms  # c0#7 put, attempt 1
copy     0x1f 41ms
drop     0x20  # c0#8 #1
`
	if diff := cmp.Diff(want, plan.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestWrongPlansAreRefusedAtTheFirstWrongWord(t *testing.T) {
	const head = "plan 1\nscenario plans/poets\nseed 1\n"
	for _, test := range []struct{ text, want string }{
		{"", `plan:1:1: expected a line "plan", got the end of the file`},
		{"\n#\nseed 1\n", `plan:3:1: expected a line "plan", got "seed"`},
		{"plan 2\n", `plan:1:6: expected version 1 of plans, got "2"`},
		{"plan 1\nseed 1\n", `plan:2:1: expected a line "scenario", got "seed"`},
		{"plan 1\nscenario store/calm\n", `plan:2:10: this is a plan of scenario "store/calm", not of plans/poets`},
		{"plan 1\nscenario plans/poets calm\n", `plan:2:22: expected the end of the line, got "calm"`},
		{"plan 1\nscenario plans/poets\n", `plan:3:1: expected a line "seed", got the end of the file`},
		{"plan 1\nscenario plans/poets\nseed -1\n", `plan:3:6: expected a seed such as 0x51c2, got "-1"`},
		{head + "seed 2\n", `plan:4:1: a second line "seed"; the first is line 3`},
		{head + "policy fast\n", `plan:4:8: expected timed or random, got "fast"`},
		{head + "knobs servers\n", `plan:4:14: expected the value of knob servers, got the end of the line`},
		{head + "knobs servers 1 servers 2\n", `plan:4:17: knob "servers" is set twice`},
		{head + "knobs pause 1  servers many\n", `plan:4:24: knob servers: expected an integer, got "many"`},
		{head + "knobs servers 100\n", `plan:4:15: knob servers: expected at most 99, got "100"`},
		{head + "knobs servers -1\n", `plan:4:7: scenario plans/poets cannot use these knobs: runtime error: makeslice: len out of range`},
		{head + "net  delay 1ms  loss 0.1\n", `plan:4:17: expected delay, drop, duplicate, late, fifo, disk, drift, offset, jitter, corrupt or capacity, got "loss"`},
		{head + "c0#1\n", `plan:4:5: expected an operation, got the end of the line`},
		{head + "c0#0 1\n", `plan:4:1: expected a client and a number from 1 such as c0#1, got "c0#0"`},
		{head + "seed#1 1\n", `plan:4:1: expected a client and a number from 1 such as c0#1, got "seed#1"`},
		{head + "c0#1 1\nc0#1 2\n", `plan:5:1: a second operation "c0#1"; the first is line 4`},
		{head + "c0#1   put x\n", `plan:4:8: expected a number, got "put"`},
		{head + "c0#1   4 rhyme?\n", `plan:4:8: nothing rhymes`},
		{head + "c7#1 1\n", `plan:4:1: the topology has no host "c7"`},
		{head + "fault 12ms crush c0\n", `plan:4:12: expected a kind of fault such as crash or partition (docs/FAULTS.md has all), got "crush"`},
		{head + "fault 12ms crash server9\n", `plan:4:7: the topology has no host "server9"`},
		{head + "late 0x1g 1ms\n", `plan:4:6: expected the key of a message such as 0x5b1f, got "0x1g"`},
		{head + "late 0x1 -1ms\n", `plan:4:10: expected a duration such as 40ms, got "-1ms"`},
		{head + "late 0x1 1ms c0\n", `plan:4:14: expected the end of the line, got "c0"`},
		{head + "late 0x1 1ms\ndrop 0x1\n", `plan:5:6: message 0x1 has a fate already, in line 4`},
		{head + "c0#1 " + strings.Repeat("1", maxPlanLine), `plan:4:1: a line has at most 4 MiB`},
		{head + strings.Repeat(strings.Repeat(" ", 1023)+"\n", maxPlanBytes/1024), `plan: a plan has at most 64 MiB`},
	} {
		if _, err := ReadPlan(strings.NewReader(test.text), poets); err == nil || err.Error() != test.want {
			t.Errorf("%.200q:\n got %v\nwant %s", test.text, err, test.want)
		}
	}
}

func TestPlansSayWhichScenarioTheyAreOf(t *testing.T) {
	if name, err := PlanScenario(strings.NewReader(poem)); err != nil || name != "plans/poets" {
		t.Errorf("got %q, %v", name, err)
	}
	if name, err := PlanScenario(strings.NewReader("package sim\n")); err == nil {
		t.Errorf("got %q of something that is no plan", name)
	}
}

func TestPlansThatNoTextCanSayAreNotWritten(t *testing.T) {
	for what, edit := range map[string]func(p *Plan){
		"a scenario of two words":  func(p *Plan) { p.Scenario = "a b" },
		"a policy of its own":      func(p *Plan) { p.Policy = "fair" },
		"a knob of three words":    func(p *Plan) { p.Knobs = Knobs{{"a", "b c"}} },
		"a knob set twice":         func(p *Plan) { p.Knobs = Knobs{{"a", "1"}, {"a", "2"}} },
		"a knob that is a comment": func(p *Plan) { p.Knobs = Knobs{{"a", "#1"}} },
		"delays the wrong way":     func(p *Plan) { p.Net.DelayMin = time.Hour },
		"a client like a keyword":  func(p *Plan) { p.Ops[0].Client = "fault" },
		"an operation twice":       func(p *Plan) { p.Ops[1] = p.Ops[0] },
		"an operation of 2 lines":  func(p *Plan) { p.Ops[0].Do = verse{1, "\nseed 3"} },
		"no operation":             func(p *Plan) { p.Ops[0].Do = nil },
		"a fault of nobody":        func(p *Plan) { p.Faults[0].Hosts = nil },
		"a fate of two kinds":      func(p *Plan) { p.Deviations[0].Drop = true },
		"two fates of a message":   func(p *Plan) { p.Deviations[1] = p.Deviations[0] },
		"a name of two lines":      func(p *Plan) { p.Deviations[1].Name = "a\nb" },
	} {
		plan, err := ReadPlan(strings.NewReader(poem), poets)
		if err != nil {
			t.Fatal(err)
		}
		edit(&plan)
		var b strings.Builder
		if n, err := plan.WriteTo(&b); err == nil || n != 0 || b.Len() != 0 {
			t.Errorf("%s: wrote %q, error %v", what, b.String(), err)
		}
	}
}

func drawnPlan(seed uint64) Plan {
	p := NewPlan(poets, seed)
	d := faults.NewDraw(seed).Sub("deviations", 0)
	for i := range d.IntN("count", 5) {
		d := d.Sub("deviation", i)
		dev := Deviation{Key: d.Uint64("key"), Name: []string{"", "c0#7 put, attempt 1"}[d.IntN("name", 2)]}
		switch d.IntN("kind", 3) {
		case 0:
			dev.Drop = true
		case 1:
			dev.Copy = true
			fallthrough
		case 2:
			dev.Late = time.Duration(d.IntN("late", int(time.Minute)))
		}
		p.Deviations = append(p.Deviations, dev)
	}
	return p
}

func TestPlansSurviveTheirText(t *testing.T) {
	properties := gopter.NewProperties(gopter.DefaultTestParametersWithSeed(1))
	properties.Property("ReadPlan(WriteTo(p)) == p", prop.ForAll(
		func(seed uint64) (string, error) {
			plan := drawnPlan(seed)
			var b strings.Builder
			if _, err := plan.WriteTo(&b); err != nil {
				return "", err
			}
			back, err := ReadPlan(strings.NewReader(b.String()), poets)
			return cmp.Diff(plan, back, cmp.AllowUnexported(verse{})), err
		},
		gen.UInt64(),
	))
	properties.TestingRun(t)
}

func TestEqualSeedsGiveEqualPlans(t *testing.T) {
	for seed := range uint64(100) {
		if a, b := NewPlan(poets, seed).String(), NewPlan(poets, seed).String(); a != b {
			t.Fatalf("seed %d gave\n%s\nand\n%s", seed, a, b)
		}
	}
}

func FuzzReadPlan(f *testing.F) {
	f.Add(poem)
	f.Add(NewPlan(poets, 1).String())
	f.Add(NewPlan(poets, 6).String())
	f.Fuzz(func(t *testing.T, text string) {
		plan, err := ReadPlan(strings.NewReader(text), poets)
		if err != nil {
			return
		}
		if err := plan.Validate(); err != nil {
			t.Fatal(err)
		}
	})
}
