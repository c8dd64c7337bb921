package node

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/models"
)

// A failed is an error after the usage was right: the exit code is 1.
type failed struct{ error }

// ExitCode is that of the process.
func (failed) ExitCode() int { return 1 }

// Unwrap returns the error itself.
func (f failed) Unwrap() error { return f.error }

// A wrongUse is an error of the command line or of a file that it names: the exit code
// is 2.
type wrongUse struct{ error }

// ExitCode is that of the process.
func (wrongUse) ExitCode() int { return 2 }

// Unwrap returns the error itself.
func (w wrongUse) Unwrap() error { return w.error }

// A storeCommand is the command client, with what all its commands need.
type storeCommand struct {
	config  string
	timeout time.Duration
}

// ClientCommand is the command client: a store that runs, used from a terminal. An error
// of its commands with a method ExitCode decides the exit code of the process; every
// other one is wrong use.
func ClientCommand() *cobra.Command {
	c := &storeCommand{}
	root := &cobra.Command{
		Use:   "client",
		Short: "use a store that runs: put, get, add-space, status, watch and more",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return errors.New("client: no command; see client --help") },
	}
	root.PersistentFlags().StringVar(&c.config, "config", "", "file that describes the store")
	root.PersistentFlags().DurationVar(&c.timeout, "timeout", 30*time.Second, "after which to give up")
	root.AddCommand(c.put(), c.get(), c.addSpace(), c.status(), c.watch(), c.do(), c.friends())
	return root
}

// put is the command `client put`.
func (c *storeCommand) put() *cobra.Command {
	return &cobra.Command{
		Use:     "put SPACE KEY ATTRIBUTES",
		Short:   "set attributes of an object",
		Example: `client put --config store.json friendlists jsmith1 '{first: "John", last: "Smith"}'`,
		Args:    cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			// The attributes are those of an operation in text, with names that need no quotes.
			op, err := models.ParseOp("put s k " + args[2])
			if err != nil {
				return fmt.Errorf("attributes %s: want the form {name: \"text\", age: 7}", args[2])
			}
			op.Space, op.Key = args[0], args[1]
			return c.one(cmd, op)
		},
	}
}

// get is the command `client get`.
func (c *storeCommand) get() *cobra.Command {
	return &cobra.Command{
		Use:     "get SPACE KEY",
		Short:   "print an object",
		Example: `client get --config store.json friendlists jsmith1`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.one(cmd, models.Op{Verb: models.Get, Space: args[0], Key: args[1]})
		},
	}
}

// one carries out one operation and prints its result.
func (c *storeCommand) one(cmd *cobra.Command, op models.Op) error {
	return asClient(cmd.Context(), c.config, func(env actors.Env) error {
		result := store.NewClient(env).Async(op).WaitFor(c.timeout)
		if result.Status != models.Success {
			return failed{fmt.Errorf("%v: %s", op, c.explain(result.Status))}
		}
		fmt.Fprintln(cmd.OutOrStdout(), objectText(op.Verb, result))
		return nil
	})
}

// explain says more of a status than its name where that helps.
func (c *storeCommand) explain(s models.Status) string {
	switch s {
	case models.Timeout:
		return fmt.Sprintf("%v after %v; it may have happened, and may still happen", s, c.timeout)
	case models.UnknownSpace:
		return fmt.Sprintf("%v; see client add-space", s)
	}
	return s.String()
}

// resultText is the status of an operation, with the object that a Get has read.
func resultText(verb models.Verb, r models.Result) string {
	if verb != models.Get {
		r.Attrs = nil // none and an empty list are the same on the wire
	}
	return r.String()
}

// objectText is resultText without the status of an object that was read.
func objectText(verb models.Verb, r models.Result) string {
	text := resultText(verb, r)
	if object, found := strings.CutPrefix(text, models.Success.String()+" "); found {
		return object
	}
	return text
}

// addSpace is the command `client add-space`.
func (c *storeCommand) addSpace() *cobra.Command {
	durability := store.Synced.String()
	cmd := &cobra.Command{
		Use:     "add-space [TEXT]",
		Short:   "create a space from its definition, read from standard input without TEXT",
		Example: `client add-space --config store.json 'space friendlists key username attributes string first, string last, set(string) friends'`,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			level, err := store.ParseDurability(durability)
			if err != nil {
				return err
			}
			text, err := argumentOrInput(args, cmd.InOrStdin())
			if err != nil {
				return err
			}
			space, err := models.ParseSpace(text)
			if err != nil {
				return err
			}
			return asClient(cmd.Context(), c.config, func(env actors.Env) error {
				status, err := store.NewClient(env).Admin().AddSpace(space, level, c.timeout)
				if err != nil {
					return failed{err}
				}
				fmt.Fprintf(cmd.OutOrStdout(), "space %s: %v, %d regions, %d copies or more of each\n", space.Name, level, space.Partitions, status.Copies)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&durability, "durability", durability, "when an operation has succeeded: synced (all copies are on disk) or replicated (all are in memory)")
	return cmd
}

// textMax is the longest definition of a space, in bytes.
const textMax = 1 << 20

// argumentOrInput returns the only argument, or all of the input if there is none.
func argumentOrInput(args []string, in io.Reader) (string, error) {
	if len(args) == 1 {
		return args[0], nil
	}
	text, err := io.ReadAll(io.LimitReader(in, textMax+1))
	if err != nil {
		return "", fmt.Errorf("standard input: %w", err)
	}
	if len(text) > textMax {
		return "", fmt.Errorf("standard input: longer than %d bytes", textMax)
	}
	return string(text), nil
}

// friends is the command `client friends`.
func (c *storeCommand) friends() *cobra.Command {
	return &cobra.Command{
		Use:   "friends",
		Short: "run the friend-list program of the HyperDex tutorial, on its space friendlists",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return asClient(cmd.Context(), c.config, func(env actors.Env) error {
				names, err := store.Friends(store.NewClient(env))
				if err != nil {
					return failed{err}
				}
				fmt.Fprintln(cmd.OutOrStdout(), strings.Join(names, ", "))
				return nil
			})
		},
	}
}
