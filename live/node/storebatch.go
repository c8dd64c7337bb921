package node

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/models"
)

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
