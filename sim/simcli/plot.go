package simcli

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/sim"
)

func (c *command) plot() *cobra.Command {
	seed := seedFlag{value: 1}
	var html string
	cmd := &cobra.Command{
		Use:   "plot SCENARIO",
		Short: "draw what a run measured over time",
		Long:  "Run one seed of a scenario and draw the values that its actors measured, as one HTML file that loads nothing. The bands are the lines of the first client.",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := c.scenario(args[0])
			if err != nil {
				return err
			}
			r := sim.Run(s, sim.NewPlan(s, seed.value))
			charts := chartsOf(r.Notes)
			if len(charts) == 0 {
				return fmt.Errorf("scenario %s measures nothing to draw", s.Name)
			}
			page, err := os.Create(html)
			if err != nil {
				return fmt.Errorf("page %s: %w", html, cause(err))
			}
			defer page.Close()
			about := view.Page{Title: fmt.Sprintf("%s seed %#x", s.Name, seed.value), Verdict: r.Verdict.String(), Plan: r.Plan.String()}
			if r.Err != nil {
				about.Failure = view.Failure{Check: r.Check, Why: r.Err.Error()}
			}
			if err := view.Plot(page, about, bandsOf(r), charts); err != nil {
				return err
			}
			if err := page.Close(); err != nil {
				return fmt.Errorf("page %s: %w", html, cause(err))
			}
			fmt.Fprintf(c.out, "%v  %s seed %#x: charts: %d, in %s\n", r.Verdict, s.Name, seed.value, len(charts), view.Clean(html))
			return exit(r.Verdict)
		},
	}
	cmd.Flags().Var(&seed, "seed", "the seed, decimal or 0x...")
	cmd.Flags().StringVar(&html, "html", "plot.html", "the file to write")
	return cmd
}

// chartsOf collects the gauges of a run: charts and curves in the order in which they
// first appear.
func chartsOf(notes []sim.Note) []view.Chart {
	var charts []view.Chart
	for _, n := range notes {
		g, ok := n.Fact.(actors.Gauge)
		if !ok {
			continue
		}
		i := slices.IndexFunc(charts, func(c view.Chart) bool { return c.Name == g.Chart })
		if i < 0 {
			i = len(charts)
			charts = append(charts, view.Chart{Name: g.Chart})
		}
		c := &charts[i]
		j := slices.IndexFunc(c.Curves, func(c view.Curve) bool { return c.Name == g.Curve })
		if j < 0 {
			j = len(c.Curves)
			c.Curves = append(c.Curves, view.Curve{Name: g.Curve})
		}
		c.Curves[j].Points = append(c.Curves[j].Points, view.Point{At: n.At, Value: g.Value})
	}
	return charts
}

// bandsOf are the operations of the client that the history begins with, and when they
// were under way.
func bandsOf(r *sim.Result) []view.Band {
	at := map[int64]time.Duration{}
	for _, n := range r.Notes {
		at[n.Seq] = n.At
	}
	var bands []view.Band
	for _, op := range r.History.Operations {
		if op.ID.Client == r.History.Operations[0].ID.Client {
			bands = append(bands, view.Band{Name: fmt.Sprint(op.Input), From: at[op.Call], Until: at[op.Return]})
		}
	}
	return bands
}
