package zoo

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/sim"
)

// replayCommand is the hidden command that has a build run a plan.
func replayCommand() *cobra.Command {
	var checks []string
	cmd := &cobra.Command{
		Use: "replay PLAN", Short: "run a plan and print a JSON object",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			s, p, err := parsePlan(args[0], string(text))
			if err != nil {
				return err
			}
			return printTo(cmd.OutOrStdout())(reportOf(sim.Run(only(s, checks), p), checks))
		},
	}
	cmd.Flags().StringSliceVar(&checks, "checks", nil, checksUsage)
	return cmd
}

// shrinkCommand is the hidden command that has a build shrink what a seed comes to.
func shrinkCommand() *cobra.Command {
	var name, first string
	var checks []string
	cmd := &cobra.Command{
		Use: "shrink", Short: "shrink what a seed comes to and print a JSON object",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := scenario(name)
			if err != nil {
				return err
			}
			var x seed
			if err := x.UnmarshalText([]byte(first)); err != nil {
				return err
			}
			s = only(s, checks)
			r := sim.Shrink(cmd.Context(), s, sim.Run(s, sim.NewPlan(s, uint64(x))))
			out := reportOf(r, checks)
			out.Plan = r.Plan.String()
			return printTo(cmd.OutOrStdout())(out)
		},
	}
	cmd.Flags().StringVar(&name, "scenario", "", "the scenario of the seed")
	cmd.Flags().StringVar(&first, "seed", "0", "the seed")
	cmd.Flags().StringSliceVar(&checks, "checks", nil, checksUsage)
	return cmd
}
