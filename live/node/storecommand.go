package node

import (
	"bufio"
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
		view, err := admin.WaitUntilStable(deadline - env.Clock.Now())
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

// do is the command `client do`.
func (c *storeCommand) do() *cobra.Command {
	window, quiet := store.DefaultWindow, false
	cmd := &cobra.Command{
		Use:   "do [OPERATION...]",
		Short: "carry out operations, read line by line from standard input if none is given",
		Long: "Carry out operations, read line by line from standard input if none is given, many at a time:\n" +
			"one may overtake another, and results are printed in the order in which they come.\n" +
			"With --window 1 each waits for the one before.",
		Example: `client do --config store.json --window 1 'set_add friendlists jj {friends: "jsmith1"}' 'get friendlists jj'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if window < 1 || window >= store.DefaultOutstanding {
				return fmt.Errorf("--window %d: from 1 to %d", window, store.DefaultOutstanding-1)
			}
			lines := &operations{scan: bufio.NewScanner(cmd.InOrStdin())}
			if len(args) > 0 {
				lines.scan = bufio.NewScanner(strings.NewReader(strings.Join(args, "\n")))
			}
			lines.scan.Buffer(nil, models.MaxObject+textMax)
			out := bufio.NewWriter(cmd.OutOrStdout())
			err := asClient(cmd.Context(), c.config, func(env actors.Env) error {
				return doAll(env, lines, window, func(d *store.Deferred, r models.Result) {
					if !quiet || r.Status != models.Success {
						fmt.Fprintf(out, "%v: %s\n", d.Op, resultText(d.Op.Verb, r))
					}
				})
			})
			if flushed := out.Flush(); err == nil && flushed != nil {
				err = failed{flushed}
			}
			return err
		},
	}
	cmd.Flags().IntVar(&window, "window", window, "operations under way at a time")
	cmd.Flags().BoolVar(&quiet, "quiet", false, "print only what did not succeed")
	return cmd
}

// operations reads one operation a line; empty lines and those that begin with # are
// skipped.
type operations struct {
	scan *bufio.Scanner
	line int
}

// next returns the next operation; ok is false at the end.
func (o *operations) next() (op models.Op, ok bool, err error) {
	for o.scan.Scan() {
		o.line++
		text := strings.TrimSpace(o.scan.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		if op, err = models.ParseOp(text); err != nil {
			return op, false, wrongUse{fmt.Errorf("operation %d: %w", o.line, err)}
		}
		return op, true, nil
	}
	if err := o.scan.Err(); err != nil {
		return op, false, failed{fmt.Errorf("operation %d: %w", o.line+1, err)}
	}
	return op, false, nil
}

// doAll carries out all operations and gives away each with its result. It waits for
// what it has issued also if a later line is wrong.
func doAll(env actors.Env, lines *operations, size int, done func(*store.Deferred, models.Result)) error {
	all, bad := 0, 0
	window := &store.Window{Client: store.NewClient(env), Size: size, Done: func(d *store.Deferred) error {
		all++
		r := d.Wait()
		if r.Status != models.Success {
			bad++
		}
		done(d, r)
		return nil
	}}
	for {
		op, ok, err := lines.next()
		if !ok {
			if err := errors.Join(err, window.Flush()); err != nil {
				return err
			}
			break
		}
		if err := window.Issue(op); err != nil {
			return failed{err}
		}
	}
	if bad > 0 {
		return failed{fmt.Errorf("%d of %d operations did not succeed", bad, all)}
	}
	return nil
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
