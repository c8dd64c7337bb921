package scenarios

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// faultSeeds is how many seeds of the default swarm must show every kind of fault.
const faultSeeds = 1000

// notSwarm are the kinds that the default swarm does not draw: a disk that lies
// breaks what every store builds on, and has a profile of its own.
var notSwarm = map[string]bool{faults.LyingSync.String(): true}

// parts are the troubles that are no fault of a Schedule, with what they are.
var parts = []struct{ name, doc string }{
	{"drop", "A message between hosts is lost."},
	{"duplicate", "A message between hosts arrives twice."},
	{"late", "A message is delayed far beyond the others."},
	{"corrupt", "A bit of a frame flips, or its end is missing. The receiver must notice and lose it."},
	{"capacity", "A link that has too many messages on their way loses what comes on top."},
	{"drift", "Clocks run up to 4 % fast or slow, also the monotonic ones. Counted once a run."},
	{"offset", "Wall clocks begin with different times. Counted once a run."},
	{"jitter", "Timers fire late, never early. Counted once a run."},
	{"client-crash", "A client dies with what it has under way. Half of them come back under the same name."},
	{"torn-write", "A power loss tore a file: some of what was not synced is there, some is not."},
	{"lost-entry", "A power loss took a name that was created, renamed or removed without a sync of its folder."},
}

// A tally says how often a kind of fault happened in a campaign.
type tally struct {
	sim.FaultCount
	runs int // in which it happened
}

// Every kind of fault that the default swarm can draw happens within 1,000 seeds,
// while operations are in flight. SIM_WRITE_FAULTS=1 writes docs/FAULTS.md.
func TestEveryKindOfFaultHitsOperationsInFlight(t *testing.T) {
	s := chaos(t)
	tallies := map[string]*tally{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for worker := range 2 {
		wg.Go(func() {
			for seed := worker; seed < faultSeeds; seed += 2 {
				r := sim.Run(s, sim.NewPlan(s, uint64(seed)))
				if r.Verdict != sim.Pass && r.Verdict != sim.ExpectedLoss {
					t.Errorf("seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
				}
				mu.Lock()
				for kind, c := range r.Stats.Faults {
					if tallies[kind] == nil {
						tallies[kind] = &tally{}
					}
					all := tallies[kind]
					all.Fired, all.InFlight, all.runs = all.Fired+c.Fired, all.InFlight+c.InFlight, all.runs+1
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	of := func(name string) tally {
		if c := tallies[name]; c != nil {
			return *c
		}
		return tally{}
	}
	for _, k := range faults.Kinds() {
		if c := of(k.String()); c.InFlight == 0 && !notSwarm[k.String()] {
			t.Errorf("%v: in %d seeds it happened %d times and hit no operation in flight", k, faultSeeds, c.Fired)
		}
	}
	for _, p := range parts {
		if c := of(p.name); c.InFlight == 0 {
			t.Errorf("%s: in %d seeds it happened %d times and hit no operation in flight", p.name, faultSeeds, c.Fired)
		}
	}
	table := faultTable(kindDocs(t), of)
	const file = "../docs/FAULTS.md"
	if os.Getenv("SIM_WRITE_FAULTS") != "" {
		if err := os.WriteFile(file, table, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(firstColumns(b), firstColumns(table)) {
		t.Error("docs/FAULTS.md does not list the kinds of faults as they are: SIM_WRITE_FAULTS=1 go test ./scenarios -run EveryKind")
	}
}

// kindDocs reads the comments of the kinds from their source, so that there is one
// text for both readers.
func kindDocs(t *testing.T) map[faults.Kind]string {
	file, err := parser.ParseFile(token.NewFileSet(), "../faults/kind.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	docs := map[faults.Kind]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && spec.Doc != nil && int(spec.Names[0].Obj.Data.(int)) < len(faults.Kinds()) {
			text := strings.Join(strings.Fields(spec.Doc.Text()), " ")
			docs[faults.Kind(spec.Names[0].Obj.Data.(int))] = text
		}
		return true
	})
	return docs
}

func faultTable(docs map[faults.Kind]string, of func(string) tally) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `# What may go wrong

Written by `+"`SIM_WRITE_FAULTS=1 go test ./scenarios -run EveryKind`"+`; the counts are of seeds 0 to %d of
store/chaos, the default swarm. *Fired* is how often it happened, *in flight* how often an operation of a
client was open then, *runs* in how many runs it happened at all. The comments are those of package faults:
how a fault is written in a plan is in the documentation of `+"`faults.Fault.String`"+`.

| fault | on | fired | in flight | runs | what it does, and what it must not break |
|---|---|---:|---:|---:|---|
`, faultSeeds-1)
	kinds := faults.Kinds()
	slices.SortStableFunc(kinds, func(x, y faults.Kind) int { return cmp.Compare(x.Group(), y.Group()) })
	for _, k := range kinds {
		c := of(k.String())
		name := k.String()
		if notSwarm[name] {
			name += " (in a profile of its own)"
		}
		fmt.Fprintf(&b, "| %s | %v | %d | %d | %d | %s |\n", name, k.Group(), c.Fired, c.InFlight, c.runs, docs[k])
	}
	b.WriteString(`
Trouble that is no single fault but a property of a run, or an effect of one:

| trouble | fired | in flight | runs | what it does |
|---|---:|---:|---:|---|
`)
	for _, p := range parts {
		c := of(p.name)
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %s |\n", p.name, c.Fired, c.InFlight, c.runs, p.doc)
	}
	return b.Bytes()
}

// firstColumns lists the names in the tables of a document.
func firstColumns(doc []byte) (names []string) {
	for line := range strings.Lines(string(doc)) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			names = append(names, strings.TrimSpace(cells[1]))
		}
	}
	return names
}
