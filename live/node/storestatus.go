package node

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
)

// status is the command `client status`.
func (c *storeCommand) status() *cobra.Command {
	wait, regions := false, false
	cmd := &cobra.Command{
		Use:   "status",
		Short: "print who serves what, and whether all is as it should be",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := readConfig(c.config)
			if err != nil {
				return err
			}
			patience := 2 * time.Second
			if wait {
				patience = c.timeout
			}
			return asClient(cmd.Context(), c.config, func(env actors.Env) error {
				view, err := awaitStable(env, conf.daemons, patience)
				if view == nil {
					return failed{err}
				}
				printStatus(cmd.OutOrStdout(), view, err, regions)
				if wait && err != nil {
					return failed{err}
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until all daemons of the config are there and nothing is under way")
	cmd.Flags().BoolVar(&regions, "regions", false, "print the chain of every region")
	return cmd
}

// statusPause is the time between two looks at a store that is not as it should be.
const statusPause = 50 * time.Millisecond

// awaitStable returns the configuration once all daemons have registered and nothing is
// under way. In time it returns the last one seen, or nil, with what is missing.
func awaitStable(env actors.Env, daemons int, timeout time.Duration) (*store.Config, error) {
	admin := store.NewClient(env).Admin()
	for deadline := env.Clock.Now() + timeout; ; env.Clock.Sleep(statusPause) {
		view, err := admin.WaitUntilStable((deadline - env.Clock.Now()).Round(time.Millisecond))
		if err == nil && len(view.Daemons) < daemons {
			err = fmt.Errorf("%d of %d daemons have registered", len(view.Daemons), daemons)
		}
		if err == nil || env.Clock.Now() >= deadline {
			return view, err
		}
	}
}

// printStatus prints a configuration and what is wrong with it, or nil.
func printStatus(w io.Writer, view *store.Config, wrong error, regions bool) {
	if wrong == nil {
		fmt.Fprintln(w, "stable")
	} else {
		fmt.Fprintln(w, "not stable:", wrong)
	}
	if regions {
		fmt.Fprintln(w, view)
		return
	}
	fmt.Fprintf(w, "epoch %d, daemons", view.Epoch)
	for _, d := range view.Daemons {
		fmt.Fprintf(w, " %s", d.Host)
	}
	fmt.Fprintln(w)
	for _, s := range view.Spaces {
		chains := view.Regions[s.First : int(s.First)+s.Def.Partitions]
		least := len(chains[0].Chain)
		for _, r := range chains {
			least = min(least, len(r.Chain))
		}
		fmt.Fprintf(w, "%v\n  %v, %d copies or more of each region, %d wanted\n", s.Def, s.Durability, least, s.Def.Tolerate+1)
	}
}
