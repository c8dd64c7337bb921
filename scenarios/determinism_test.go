package scenarios

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/simrun/simrun/sim"
)

// hashSeeds is how many seeds the determinism tests run: few in a plain `go
// test`, 1,000 with SIM_HASH_SEEDS=1000.
func hashSeeds(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("SIM_HASH_SEEDS"))
	if err != nil {
		n = 40
	}
	if testing.Short() {
		n = 10
	}
	return n
}

// chaos is the scenario with everything in it.
func chaos(t *testing.T) sim.Scenario {
	for _, s := range All() {
		if s.Name == "store/chaos" {
			return s
		}
	}
	t.Fatal("no scenario store/chaos")
	return sim.Scenario{}
}

func hashOf(s sim.Scenario, seed int) uint64 {
	return sim.Run(s, sim.NewPlan(s, uint64(seed))).TraceHash
}

// hashesOf runs the seeds in the given order on a number of goroutines.
func hashesOf(s sim.Scenario, order []int, workers int) []uint64 {
	hashes := make([]uint64, len(order))
	var wg sync.WaitGroup
	next := make(chan int)
	for range workers {
		wg.Go(func() {
			for seed := range next {
				hashes[seed] = hashOf(s, seed)
			}
		})
	}
	for _, seed := range order {
		next <- seed
	}
	close(next)
	wg.Wait()
	return hashes
}

// R120: the same seed gives the same trace, whatever the process does besides.
func TestSameSeedSameTraceWhateverRunsBeside(t *testing.T) {
	s, n := chaos(t), hashSeeds(t)
	order := rand.New(rand.NewPCG(1, 2)).Perm(n)
	inOrder := make([]int, n)
	for i := range inOrder {
		inOrder[i] = i
	}
	want := hashesOf(s, inOrder, 1)
	compare := func(how string, got []uint64) {
		t.Helper()
		for seed := range want {
			if got[seed] != want[seed] {
				t.Errorf("%s: seed %d has hash %x, first it was %x", how, seed, got[seed], want[seed])
			}
		}
	}
	compare("shuffled", hashesOf(s, order, 1))
	compare("four worlds at a time", hashesOf(s, order, 4))
	before := runtime.GOMAXPROCS(1)
	compare("GOMAXPROCS 1", hashesOf(s, inOrder, 2))
	runtime.GOMAXPROCS(before)
}

// R120: another process, with another GOMAXPROCS, garbage collector and map
// seed, gives the same traces.
func TestSameSeedSameTraceInAnotherProcess(t *testing.T) {
	s, n := chaos(t), hashSeeds(t)
	if os.Getenv("SIM_HASH_CHILD") != "" {
		for seed := range n {
			fmt.Printf("hash %d %x\n", seed, hashOf(s, seed))
		}
		return
	}
	for _, env := range []string{"GOMAXPROCS=1", "GOGC=20"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestSameSeedSameTraceInAnotherProcess$")
		cmd.Env = append(os.Environ(), "SIM_HASH_CHILD=1", env, "SIM_HASH_SEEDS="+strconv.Itoa(n))
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", env, err, out)
		}
		seen := 0
		for line := range bytes.Lines(out) {
			var seed int
			var hash uint64
			if c, _ := fmt.Sscanf(string(line), "hash %d %x", &seed, &hash); c == 2 {
				seen++
				if want := hashOf(s, seed); hash != want {
					t.Errorf("%s: seed %d has hash %x there and %x here", env, seed, hash, want)
				}
			}
		}
		if seen != n {
			t.Errorf("%s: %d hashes, want %d", env, seen, n)
		}
	}
}

// R120: builds with and without the race detector agree. The first run with
// SIM_HASH_FILE set writes the hashes there, the later ones compare.
func TestSameSeedSameTraceInAnotherBuild(t *testing.T) {
	path := os.Getenv("SIM_HASH_FILE")
	if path == "" {
		t.Skip("set SIM_HASH_FILE and run it once in each build: .ci/run does")
	}
	s, n := chaos(t), hashSeeds(t)
	var text strings.Builder
	for seed := range n {
		fmt.Fprintf(&text, "%d %x\n", seed, hashOf(s, seed))
	}
	old, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if string(old) != text.String() {
		t.Errorf("the hashes of %d seeds differ from those of the other build in %s", n, path)
	}
}
