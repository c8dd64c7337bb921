package simcli

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/sim"
)

// Bench is the command that measures the kernel with the scenario hop, whose
// messages are like message, and complete runs with the scenario checked.
func Bench(hop sim.Scenario, message any, checked sim.Scenario) *cobra.Command {
	var limit time.Duration
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "measure the simulator on this machine",
		Long:  "Measure the simulator on this machine. Compare figures of one run only: a shared machine changes its speed.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit <= 0 {
				return fmt.Errorf("--time %v: a time is positive", limit)
			}
			defer collectLess()()
			rows := [][]string{{"WHAT", "VALUE", "UNIT", ""}}
			add := func(m sim.Measurement) {
				rows = append(rows, []string{m.Name, figure(m.Value), m.Unit, m.Note})
			}
			if err := sim.Bench(hop, message, add); err != nil {
				return brokenError{err}
			}
			if err := benchRuns(cmd.Context(), checked, limit, add); err != nil {
				return err
			}
			_, err := io.WriteString(cmd.OutOrStdout(), view.Table(rows))
			return err
		},
	}
	cmd.Flags().DurationVar(&limit, "time", 10*time.Second, "wall time for complete runs")
	cmd.AddCommand(benchLive())
	return cmd
}

// benchRuns runs and judges fresh seeds on all cores.
func benchRuns(ctx context.Context, s sim.Scenario, limit time.Duration, row func(sim.Measurement)) error {
	defer collectLess()()
	var next, messages, virtual, checking atomic.Int64
	var failed atomic.Pointer[sim.Result]
	var wg sync.WaitGroup
	cpu, _ := usage()
	began := time.Now()
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for time.Since(began) < limit && ctx.Err() == nil && failed.Load() == nil {
				r := sim.Run(s, sim.NewPlan(s, uint64(next.Add(1))))
				if r.Verdict > sim.Inconclusive {
					failed.Store(r)
				}
				messages.Add(r.Stats.Messages)
				virtual.Add(int64(r.Stats.Virtual))
				checking.Add(int64(r.Stats.CheckTime))
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	if r := failed.Load(); r != nil {
		return brokenError{fmt.Errorf("scenario %s, seed %#x: %v %s: %w", s.Name, r.Plan.Seed, r.Verdict, r.Check, r.Err)}
	}
	after, _ := usage()
	used := (after - cpu).Seconds()
	runs := float64(next.Load())
	row(sim.Measurement{Name: "complete checked runs of " + s.Name, Value: runs / took.Seconds(), Unit: "runs/s", Note: fmt.Sprintf("on %d cores; goal 200", runtime.GOMAXPROCS(0))})
	row(sim.Measurement{Name: "simulated time in real time", Value: float64(virtual.Load()) / float64(took), Unit: ": 1", Note: "goal 1,000"})
	row(sim.Measurement{Name: "messages of these runs", Value: float64(messages.Load()) / used, Unit: "a CPU-second"})
	row(sim.Measurement{Name: "share of checking", Value: 100 * float64(checking.Load()) / 1e9 / used, Unit: "%"})
	return nil
}

// figure prints three digits, and thousands with commas.
func figure(v float64) string {
	if v < 1000 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-2)
	text := strconv.FormatInt(int64(math.Round(v/unit)*unit), 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
