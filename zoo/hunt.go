package zoo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/sim"
)

// A hunt runs seeds until one kills. This is what a build with a patch does, and one
// without it to see that a seed passes.
type hunt struct {
	scenario sim.Scenario
	checks   []string
	first    seed
	count    int
	jobs     int
	emit     func(report) error

	mu      sync.Mutex
	next    int             // the index of the next seed to hand out
	end     int             // no seed from this index on is needed
	results map[int]*report // of runs that follow one that has not ended
	told    int             // seeds that were reported on, or counted as passed
	last    time.Time       // when emit was last called
	err     error
}

// tellEvery is how often a hunt says how far it is.
const tellEvery = 200 * time.Millisecond

// run reports, in the order of the seeds and not of their ends, on every run that
// failed up to the first kill, and on the last one. So what a hunt finds does not
// depend on how many jobs it has. With one job it reports on every seed, so that the
// seed that ends the process is known.
func (h *hunt) run(ctx context.Context) error {
	h.scenario = only(h.scenario, h.checks)
	h.end, h.results, h.last = h.count, map[int]*report{}, time.Now()
	// A world that is alone in the process counts goroutines: all of ours are there
	// before the first run.
	ready := make(chan struct{})
	var workers sync.WaitGroup
	for range h.jobs {
		workers.Go(func() {
			<-ready
			for ctx.Err() == nil {
				i, ok := h.take()
				if !ok {
					return
				}
				h.put(i, h.try(h.first+seed(i)))
			}
		})
	}
	close(ready)
	workers.Wait()
	return errors.Join(ctx.Err(), h.err)
}

// take hands out the index of a seed.
func (h *hunt) take() (int, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.next >= h.end || h.err != nil {
		return 0, false
	}
	h.next++
	return h.next - 1, true
}

// try runs a seed, and a kill twice.
func (h *hunt) try(x seed) report {
	r := sim.Run(h.scenario, sim.NewPlan(h.scenario, uint64(x)))
	out := reportOf(r, h.checks)
	if !out.Kill {
		return out
	}
	if again := sim.Run(h.scenario, r.Plan); again.TraceHash != r.TraceHash || again.Verdict != r.Verdict {
		out.Kill, out.Verdict, out.Check = false, sim.Harness.String(), "nondeterminism"
	}
	return out
}

// put keeps a report until all before it have been told, and tells what can be told.
func (h *hunt) put(i int, r report) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.Kill {
		h.end = min(h.end, i+1)
	}
	h.results[i] = &r
	for h.told < h.end && h.results[h.told] != nil && h.err == nil {
		r := h.results[h.told]
		delete(h.results, h.told)
		h.told++
		r.Tried = h.told
		switch {
		case !r.passed() || h.told == h.end || h.jobs == 1:
		case time.Since(h.last) >= tellEvery:
		default:
			continue
		}
		h.last = time.Now()
		h.err = h.emit(*r)
	}
}

const checksUsage = "those that are on and kill; default: all are on, none kills"

// huntCommand is the hidden command that a build is driven with.
func huntCommand() *cobra.Command {
	var name string
	var h hunt
	var first string
	cmd := &cobra.Command{
		Use: "hunt", Short: "run seeds until one kills, and print a JSON object for each that failed",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if h.scenario, err = scenario(name); err != nil {
				return err
			}
			if err := h.first.UnmarshalText([]byte(first)); err != nil {
				return err
			}
			if h.count < 1 || h.jobs < 1 {
				return fmt.Errorf("--count %d --jobs %d: both are positive", h.count, h.jobs)
			}
			h.emit = printTo(cmd.OutOrStdout())
			return h.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&name, "scenario", "", "the scenario")
	cmd.Flags().StringSliceVar(&h.checks, "checks", nil, checksUsage)
	cmd.Flags().StringVar(&first, "seed", "0", "the first seed")
	cmd.Flags().IntVar(&h.count, "count", 1, "how many seeds")
	cmd.Flags().IntVar(&h.jobs, "jobs", 1, "runs at a time")
	return cmd
}

// printTo prints reports, one a line.
func printTo(w io.Writer) func(report) error {
	enc := json.NewEncoder(w)
	return func(r report) error { return enc.Encode(r) }
}
