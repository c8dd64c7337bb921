package node

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/models"
)

// watchPause is the time between two looks at an object.
const watchPause = 200 * time.Millisecond

// watch is the command `client watch`.
func (c *storeCommand) watch() *cobra.Command {
	count := 0
	cmd := &cobra.Command{
		Use:   "watch SPACE KEY",
		Short: "print an object when it appears and whenever it changes, until interrupted",
		Long: "Print an object when it appears and whenever it changes, until interrupted.\n" +
			"It is read five times a second; what is overwritten in between is not seen.",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := asClient(cmd.Context(), c.config, func(env actors.Env) error {
				return watchObject(env, cmd.OutOrStdout(), args[0], args[1], count)
			})
			if cmd.Context().Err() != nil {
				return nil // this is how a watch ends
			}
			return err
		},
	}
	cmd.Flags().IntVar(&count, "count", 0, "end after so many lines; 0: never")
	return cmd
}

// watchObject prints an object as often as it is another, count times.
func watchObject(env actors.Env, w io.Writer, space, key string, count int) error {
	client := store.NewClient(env)
	last := models.Result{Status: models.NotFound}
	for printed := 0; ; env.Clock.Sleep(watchPause) {
		r := client.Get(space, key)
		if r.Status != models.Success && r.Status != models.NotFound {
			return failed{fmt.Errorf("get %s %s: %v", space, key, r.Status)}
		}
		if r.Equal(last) {
			continue
		}
		last = r
		fmt.Fprintln(w, objectText(models.Get, r))
		if printed++; printed == count {
			return nil
		}
	}
}
