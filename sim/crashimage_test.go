package sim_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/actorstest"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// unsyncedMax is how many un-synced calls a list of calls ends with, at most.
const unsyncedMax = 6

// someCalls draws calls that all succeed, and the model of what they allow.
func someCalls(r *rand.Rand) ([]actorstest.DiskCall, *actorstest.CrashModel) {
	m := actorstest.NewCrashModel()
	var calls []actorstest.DiskCall
	for len(calls) < 16 && m.Unsynced() < unsyncedMax {
		files := slices.Sorted(maps.Keys(m.Now()))
		c := actorstest.DiskCall{Name: string(rune('f' + r.IntN(3))), Text: "abcdef"[:1+r.IntN(6)]}
		exists := slices.Contains(files, c.Name)
		switch c.Call = []string{"append", "append", "write", "truncate", "rename", "remove", "sync", "sync", "syncdir"}[r.IntN(9)]; c.Call {
		case "truncate":
			if exists {
				c.Size = r.IntN(len(m.Now()[c.Name]) + 1)
			}
		case "rename":
			c.To = string(rune('f' + r.IntN(3)))
		}
		if !exists && c.Call != "append" && c.Call != "write" && c.Call != "syncdir" {
			continue
		}
		calls = append(calls, c)
		m.Do(c)
	}
	return calls, m
}

// afterCalls runs calls on a disk, has a fault hit the host, and returns what the
// next boot finds.
func afterCalls(calls []actorstest.DiskCall, kind faults.Kind, seed uint64) (actorstest.Image, error) {
	var found actorstest.Image
	main := func(env actors.Env) (err error) {
		if env.Boot > 1 {
			found, err = actorstest.ImageOf(env.Disk)
			return err
		}
		for _, c := range calls {
			if err := c.Do(env.Disk); err != nil {
				return fmt.Errorf("%+v: %w", c, err)
			}
		}
		env.Clock.Sleep(time.Hour)
		return nil
	}
	s := sim.Scenario{Name: "test/image", Topology: func(sim.Knobs) actors.Topology {
		return actors.Topology{Hosts: []actors.Host{{Name: "h", Programs: []actors.ProgramDef{{Name: "main", Run: main}}}}}
	}}
	p := sim.NewPlan(s, seed)
	p.Net = faults.Net{}
	p.Faults = faults.Schedule{{At: time.Second, Kind: kind, Hosts: []string{"h"}, For: time.Second, Programs: true}}
	if r := sim.Run(s, p); r.Verdict != sim.Pass {
		return nil, fmt.Errorf("%v %s: %w", r.Verdict, r.Check, errors.Join(r.Err))
	}
	return found, nil
}

// TestEveryCrashImageIsAllowed: whatever was called, a power loss leaves what the
// contract of Disk allows, and a crash of the process what it read.
func TestEveryCrashImageIsAllowed(t *testing.T) {
	images, most := 0, 0
	for list := range uint64(250) {
		calls, model := someCalls(rand.New(rand.NewPCG(list, 1)))
		distinct := map[string]bool{}
		for seed := range uint64(12) {
			image, err := afterCalls(calls, faults.PowerLoss, seed)
			if err != nil {
				t.Fatalf("%+v, seed %d: %v", calls, seed, err)
			}
			if !model.Allows(image) {
				t.Fatalf("%+v, seed %d: a power loss left %q", calls, seed, image)
			}
			distinct[fmt.Sprintf("%q", image)] = true
		}
		images, most = images+len(distinct), max(most, len(distinct))
		if image, err := afterCalls(calls, faults.Crash, list); err != nil || !maps.Equal(image, model.Now()) {
			t.Fatalf("%+v: a crash left %q, %v; want %q", calls, image, err, model.Now())
		}
	}
	t.Logf("%d different images, up to %d of one list of calls", images, most)
	if images < 600 || most < 6 {
		t.Errorf("only %d different images, up to %d of one list of calls", images, most)
	}
}

// TestCrashModelRefusesWhatAPowerLossMustNotDo is the control of the test above.
func TestCrashModelRefusesWhatAPowerLossMustNotDo(t *testing.T) {
	m := actorstest.NewCrashModel()
	for _, c := range []actorstest.DiskCall{
		{Call: "append", Name: "f", Text: "abc"}, {Call: "sync", Name: "f"}, {Call: "syncdir"},
		{Call: "append", Name: "f", Text: "de"}, {Call: "append", Name: "g", Text: "x"},
	} {
		m.Do(c)
	}
	for _, good := range []actorstest.Image{
		{"f": "abc"}, {"f": "abcd"}, {"f": "abcde"}, {"f": "abc\x00\x00"}, {"f": "abcd\x00", "g": ""}, {"f": "abc", "g": "x"},
	} {
		if !m.Allows(good) {
			t.Errorf("refused %q", good)
		}
	}
	for _, bad := range []actorstest.Image{
		{}, {"f": "ab"}, {"f": "abX"}, {"f": "abce"}, {"f": "abcdef"}, {"g": "x"}, {"f": "abc", "h": ""}, {"f": "abc", "g": "xx"},
	} {
		if m.Allows(bad) {
			t.Errorf("allowed %q", bad)
		}
	}
}
