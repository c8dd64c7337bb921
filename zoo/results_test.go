package zoo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func killedBlock(n, tried int, x seed) *block {
	return &block{N: n, Killed: true, Seed: x, Check: "durable", Why: "it is lost", Tried: tried, Seconds: float64(tried) / 100}
}

func TestResultsOutliveACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.jsonl")
	r, err := openResults(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		if err := r.add(record{Mutant: "M01", Key: "k", Block: killedBlock(n, 1+n, 1<<63+seed(n))}); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ends := strings.SplitAfter(string(whole), "\n")
	// A crash may leave any part of a line that was being written.
	for cut := range whole {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := openResults(path)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		want := strings.Count(string(whole[:cut]), "\n")
		if len(got.records) != want {
			t.Fatalf("cut at %d: %d records, want %d", cut, len(got.records), want)
		}
		if err := got.add(record{Mutant: "M02", Key: "k", Block: killedBlock(9, 1, 1)}); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(string(text), strings.Join(ends[:want], "")) || strings.Count(string(text), "\n") != want+1 {
			t.Fatalf("cut at %d: %v: file is\n%s", cut, err, text)
		}
	}
}

func TestDamagedResultsAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.jsonl")
	if err := os.WriteFile(path, []byte("{}\nnonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openResults(path); err == nil || !strings.HasPrefix(err.Error(), path+":2: ") {
		t.Errorf("got %v", err)
	}
}

func TestStaleResultsAreNotMixed(t *testing.T) {
	r := &results{path: filepath.Join(t.TempDir(), "results.jsonl")}
	for _, rec := range []record{
		{Mutant: "M01", Key: "old", Block: killedBlock(0, 7, 70)},
		{Mutant: "M01", Key: "old", Shrunk: &shrunk{Seed: 70}},
		{Mutant: "M01", Key: "new", Block: &block{N: 0, Tried: 200}},
		{Mutant: "M01", Key: "new", Block: killedBlock(1, 3, 30)},
	} {
		if err := r.add(rec); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.blocks("new"); len(got) != 2 || got[0].Killed || r.shrunk("new") != nil {
		t.Errorf("new results are mixed with old ones")
	}
	if got := r.lastKill("M01"); got.Seed != 30 {
		t.Errorf("last killed by %v", got.Seed)
	}
	if r.survived("M01") || r.survived("M02") {
		t.Error("one that was killed, or never looked for, counts as survivor")
	}
	if err := r.add(record{Mutant: "M02", Key: "new", Block: &block{Tried: 200}}); err != nil || !r.survived("M02") {
		t.Errorf("%v: one that was looked for in vain does not count as survivor", err)
	}
	if err := r.compact(func(rec record) bool { return rec.Key == "new" }); err != nil {
		t.Fatal(err)
	}
	again, err := openResults(r.path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r.records, again.records); diff != "" || len(again.records) != 3 {
		t.Errorf("%d records after compact (-in memory +on disk):\n%s", len(again.records), diff)
	}
}
