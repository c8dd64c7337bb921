package simcli

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"

	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/live/harness"
	"github.com/simrun/simrun/sim"
)

// A sampleObject is the line of a sample with --json.
type sampleObject struct {
	Schema    int                     `json:"schema"`
	Type      string                  `json:"type"`
	Seconds   float64                 `json:"at_s"`
	Rounds    int                     `json:"rounds"`
	Ops       int                     `json:"ops"`
	Kills     int                     `json:"kills"`
	DiskBytes int64                   `json:"disk"`
	Held      harness.Held            `json:"held"`            // by the process of the command
	Hosts     map[string]harness.Held `json:"hosts,omitempty"` // by the processes of hosts
}

func sampleObjectOf(s harness.Sample) sampleObject {
	return sampleObject{
		Schema: schema, Type: "sample", Seconds: s.At.Seconds(), Rounds: s.Rounds, Ops: s.Ops, Kills: s.Kills,
		DiskBytes: s.Disk, Held: s.Held, Hosts: s.Hosts,
	}
}

// A soakSummary is the last line of a soak with --json.
type soakSummary struct {
	Schema      int            `json:"schema"`
	Type        string         `json:"type"`
	Verdict     string         `json:"verdict"`
	Check       string         `json:"check,omitempty"`
	Why         string         `json:"why,omitempty"`
	Build       string         `json:"build"`
	Scenario    string         `json:"scenario"`
	Seed        uint64         `json:"seed"`
	TLS         bool           `json:"tls"`
	Interrupted bool           `json:"interrupted"`
	Rounds      int            `json:"rounds"`
	Ops         int            `json:"ops"`
	Acked       int            `json:"acked"`
	Kills       map[string]int `json:"kills"` // by host
	WallSeconds float64        `json:"wall_s"`
	Before      harness.Held   `json:"before"` // of the process of the command, without the system
	After       harness.Held   `json:"after"`
	Trace       string         `json:"trace,omitempty"` // the round that failed
}

func soakSummaryOf(f soakFlags, s sim.Scenario, r *harness.SoakReport, saved string) soakSummary {
	o := soakSummary{
		Schema: schema, Type: "summary", Verdict: r.Verdict.String(), Check: r.Check, Build: build(), Scenario: s.Name, Seed: f.seed.value,
		TLS: f.tls, Interrupted: r.Interrupted, Rounds: r.Rounds, Ops: r.Ops, Acked: r.Acked, Kills: r.Kills, WallSeconds: r.Took.Seconds(),
		Before: r.Before.Held, After: r.After.Held, Trace: saved,
	}
	if r.Err != nil {
		o.Why = r.Err.Error()
	}
	return o
}

// soakTable says what each process held at most in the first half of the soak and in
// the second.
func soakTable(r *harness.SoakReport) string {
	if len(r.Samples) == 0 {
		return ""
	}
	first, second := mostHeld(r.Samples[:(len(r.Samples)+1)/2]), mostHeld(r.Samples[len(r.Samples)/2:])
	rows := [][]string{{"process", "kills", "heap MiB", "then", "resident MiB", "then", "goroutines", "then", "descriptors", "then"}}
	for _, name := range slices.Sorted(maps.Keys(first)) {
		label, kills := name, strconv.Itoa(r.Kills[name])
		if name == "" {
			label, kills = "simrun", ""
		}
		a, b := first[name], second[name]
		mib := func(n uint64) string { return fmt.Sprintf("%.1f", float64(n)/(1<<20)) }
		rows = append(rows, []string{
			label, kills, mib(a.Heap), mib(b.Heap), mib(a.Resident), mib(b.Resident),
			strconv.Itoa(a.Goroutines), strconv.Itoa(b.Goroutines), strconv.Itoa(a.Descriptors), strconv.Itoa(b.Descriptors),
		})
	}
	return view.Table(rows)
}

// mostHeld is the most of each that a process held, by host; "" is this process.
func mostHeld(samples []harness.Sample) map[string]harness.Held {
	most := map[string]harness.Held{}
	add := func(name string, h harness.Held) {
		m := most[name]
		most[name] = harness.Held{
			Heap: max(m.Heap, h.Heap), Resident: max(m.Resident, h.Resident),
			Goroutines: max(m.Goroutines, h.Goroutines), Descriptors: max(m.Descriptors, h.Descriptors),
		}
	}
	for _, s := range samples {
		add("", s.Held)
		for name, h := range s.Hosts {
			add(name, h)
		}
	}
	return most
}

// saveTrace writes the history of a round, for simrun view.
func saveTrace(name string, r *sim.Result, events []trace.Event) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := writeTrace(f, r, events); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
