//go:build linux

package harness_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/live/harness"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// Issue 5: a long load with kills every few seconds loses no acknowledged operation,
// leaves no goroutine and no descriptor behind, and needs no more memory the longer it
// takes: in one process, and with a process for each host, which are killed by SIGKILL.
// LIVE_SOAK is how long, such as 10m.
func TestSoak(t *testing.T) {
	long, err := time.ParseDuration(cmp.Or(os.Getenv("LIVE_SOAK"), "2s"))
	if err != nil {
		t.Fatal("LIVE_SOAK:", err)
	}
	t.Run("one process", func(t *testing.T) { soak(t, harness.Soak{Time: long}) })
	t.Run("processes", func(t *testing.T) {
		soak(t, harness.Soak{Time: long, Process: startHost, Certs: filepath.Join(t.TempDir(), "certs")})
	})
}

func soak(t *testing.T, s harness.Soak) {
	s.Scenario, s.Seed = catalogued(t, "store/chaos"), 1
	s.Every = max(min(s.Time/4, 3*time.Second), 300*time.Millisecond)
	s.Sampled = func(s harness.Sample) { t.Log(line(s)) }
	r, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rounds, %d operations, %d acknowledged, killed %v, %v", r.Rounds, r.Ops, r.Acked, r.Kills, r.Took)
	t.Log("before", line(r.Before))
	t.Log("after ", line(r.After))
	if r.Verdict != sim.Pass {
		t.Fatalf("%v, %s: %v\n%v", r.Verdict, r.Check, r.Err, r.Suspects)
	}
	if len(r.Kills) == 0 || r.Acked < r.Ops/2 { // each kill leaves a window of three clients uncertain
		t.Errorf("nothing was tried: %d of %d acknowledged, killed %v", r.Acked, r.Ops, r.Kills)
	}
	for host := range r.Kills {
		if !slices.Contains([]string{"daemon1", "daemon2", "daemon3", "coord", "coord2", "coord3"}, host) {
			t.Errorf("%s was killed, which is no server", host)
		}
	}
	if s.Process != nil && len(r.Samples[0].Hosts) < 4 { // of ten, one is killed at a time
		t.Errorf("the first sample has %d hosts", len(r.Samples[0].Hosts))
	}
}

// line is a sample in one line, with the hosts one after the other.
func line(s harness.Sample) string {
	held := func(h harness.Held) string {
		return fmt.Sprintf("%d/%d MiB %d goroutines %d descriptors", h.Heap>>20, h.Resident>>20, h.Goroutines, h.Descriptors)
	}
	text := fmt.Sprintf("%6v  round %d, %d kills, disks %d MiB, %s", s.At.Round(time.Second), s.Rounds, s.Kills, s.Disk>>20, held(s.Held))
	for _, name := range slices.Sorted(maps.Keys(s.Hosts)) {
		text += "; " + name + " " + held(s.Hosts[name])
	}
	return text
}

// What is interrupted has the verdict of the rounds that were judged, and none without
// any.
func TestInterruptedSoakHasTheVerdictOfItsRounds(t *testing.T) {
	s := catalogued(t, "store/chaos")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := harness.Soak{Scenario: s, Time: time.Hour, Seed: 1, Sampled: func(harness.Sample) { cancel() }}.Run(ctx)
	if err != nil || r.Verdict != sim.Pass || !r.Interrupted || r.Rounds == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	again, stop := context.WithCancel(t.Context())
	defer stop()
	rounds := *s.Workload.Rounds
	rounds.Ops = func(n int) []sim.Op { stop(); return s.Workload.Rounds.Ops(n) }
	interrupted := s
	interrupted.Workload.Rounds = &rounds
	r, err = harness.Soak{Scenario: interrupted, Time: time.Hour, Seed: 1}.Run(again)
	if err != nil || r.Verdict != sim.Inconclusive || r.Check != "interrupted" || !r.Interrupted {
		t.Errorf("%+v, %v", r, err)
	}
}

// A round in which one acknowledged write was not made is a violation, with the history
// that shows it.
func TestSoakFindsALostWrite(t *testing.T) {
	s := catalogued(t, "store/chaos")
	client := s.Workload.Client
	s.Workload.Client = func(env actors.Env, rec *linearizability.Recorder) func(sim.Op) error {
		do := client(env, rec)
		return func(op sim.Op) error {
			if put, ok := op.Do.(models.Op); ok && put.Verb == models.Put && op.N == 1 && op.Client == "c0" {
				rec.Call(op.N, op.Do)
				rec.Return(op.N, linearizability.Outcome{Output: models.Result{Status: models.Success}})
				return nil
			}
			return do(op)
		}
	}
	r, err := harness.Soak{Scenario: s, Time: time.Hour, Every: time.Hour, Seed: 1}.Run(t.Context())
	if err != nil || r.Verdict != sim.Violation || len(r.Suspects) == 0 || len(r.Notes) == 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
