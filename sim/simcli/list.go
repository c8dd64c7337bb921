package simcli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/sim"
)

// schema is the version of every JSON object that is printed. It grows when a
// field changes its meaning or goes, not when one is added.
const schema = 1

func (c *command) list() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the scenarios",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return c.listJSON()
			}
			rows := [][]string{{"SCENARIO", "WHAT IT TRIES"}}
			for _, s := range c.scenarios {
				rows = append(rows, []string{s.Name, s.Doc})
			}
			_, err := io.WriteString(c.out, view.Table(rows))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return cmd
}

func (c *command) listJSON() error {
	for _, s := range c.scenarios {
		err := printJSON(c.out, struct {
			Schema    int      `json:"schema"`
			Type      string   `json:"type"`
			Name      string   `json:"name"`
			Doc       string   `json:"doc"`
			Sometimes []string `json:"sometimes"`
		}{schema, "scenario", s.Name, s.Doc, append([]string{}, s.Sometimes...)})
		if err != nil {
			return err
		}
	}
	return nil
}

// printJSON writes a value as one line.
func printJSON(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %T: %w", v, err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

func (c *command) plan() *cobra.Command {
	var seed seedFlag
	var policy policyFlag
	cmd := &cobra.Command{
		Use:   "plan SCENARIO --seed S",
		Short: "print the plan that a seed stands for",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := c.scenario(args[0])
			if err != nil {
				return err
			}
			_, err = planOf(s, seed.value, sim.Policy(policy)).WriteTo(c.out)
			return err
		},
	}
	cmd.Flags().Var(&seed, "seed", "the seed, decimal or 0x...")
	cmd.Flags().Var(&policy, "policy", "timed or random; default: as the seed draws it")
	return cmd
}

// planOf generates a plan and puts a policy in the place of the drawn one, if one
// is given.
func planOf(s sim.Scenario, seed uint64, policy sim.Policy) sim.Plan {
	p := sim.NewPlan(s, seed)
	if policy != "" {
		p.Policy = policy
	}
	return p
}
