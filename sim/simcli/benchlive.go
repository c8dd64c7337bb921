package simcli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/live/bench"
)

// benchLive is the command that measures the live world.
func benchLive() *cobra.Command {
	o := bench.Options{}
	asJSON := false
	cmd := &cobra.Command{
		Use:   "live",
		Short: "measure the live world over loopback TCP on this machine",
		Long: `Measure the live world over loopback TCP on this machine, all in one process: echoes through
two bare sockets, through plain proto.actor over TCP and through actors on the transport of simrun,
and puts and gets of the replicated store on chains of 1 and 3. A row ends after --ops operations
or --time, whichever is first. Compare figures of one run only: a shared machine changes its speed.
CPU us/OP, of all hosts together, changes least. Garbage is collected less often than by default,
as with GOGC=400, unless GOGC is set.

SEND/OP and RECV/OP are calls of Write and Read for one operation, at the connections of the side
that issues. Of TLS they count the encrypted pieces, of at most 16 KiB each.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Ops <= 0 || o.Time <= 0 || o.Bytes < 4 {
				return fmt.Errorf("--ops %d, --time %v, --bytes %d: at least 1 operation, some time and 4 bytes", o.Ops, o.Time, o.Bytes)
			}
			o.CPU = func() time.Duration {
				used, _ := usage()
				return used
			}
			defer collectLess()()
			var rows []bench.Row
			line := rewrittenLine(cmd.ErrOrStderr())
			err := bench.Run(cmd.Context(), o, func(r bench.Row) { line(r.String()) }, func(r bench.Row) { rows = append(rows, r) })
			line("")
			if len(rows) > 0 {
				if err := printRows(cmd.OutOrStdout(), rows, asJSON); err != nil {
					return err
				}
			}
			if errors.Is(err, context.Canceled) {
				fmt.Fprintln(cmd.ErrOrStderr(), "interrupted")
				return nil
			}
			if err != nil {
				return brokenError{err}
			}
			return nil
		},
	}
	cmd.Flags().IntVar(&o.Ops, "ops", 100_000, "operations of a row")
	cmd.Flags().DurationVar(&o.Time, "time", 10*time.Second, "longest time of a row")
	cmd.Flags().IntVar(&o.Bytes, "bytes", 1536, "bytes that an operation carries")
	cmd.Flags().BoolVar(&o.TLS, "tls", false, "measure everything a second time on TLS")
	cmd.Flags().StringVar(&o.Dir, "dir", "", "folder for the store's disks (default: the system's for temporary files)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a row")
	return cmd
}

// rewrittenLine prints one line that is always the last, on a terminal only.
func rewrittenLine(w io.Writer) func(text string) {
	f, ok := w.(*os.File)
	if !ok || !isatty.IsTerminal(f.Fd()) {
		return func(string) {}
	}
	return func(text string) { fmt.Fprintf(f, "\r\x1b[K%s", text) }
}

func printRows(w io.Writer, rows []bench.Row, asJSON bool) error {
	if asJSON {
		out := json.NewEncoder(w)
		for _, r := range rows {
			if err := out.Encode(r); err != nil {
				return err
			}
		}
		return nil
	}
	table := [][]string{{"SYSTEM", "WORK", "TLS", "OPEN", "OPS", "OPS/S", "P50 us", "P99 us", "P99.9 us", "CPU us/OP", "SEND/OP", "RECV/OP", ""}}
	for i, r := range rows {
		secure := "off"
		if r.TLS {
			secure = "on"
		}
		table = append(table, []string{
			r.System, r.Work, secure, strconv.Itoa(r.Window), strconv.Itoa(r.Ops), figure(r.Rate),
			micros(r.P50), micros(r.P99), micros(r.P999), micros(r.CPU), figure(r.Sends), figure(r.Receives), remark(rows[:i], r),
		})
	}
	_, err := io.WriteString(w, view.Table(table))
	return err
}

func micros(d time.Duration) string { return figure(float64(d) / float64(time.Microsecond)) }

// remark says what a row means beside earlier rows.
func remark(earlier []bench.Row, r bench.Row) string {
	rate := func(system string, window int) float64 {
		for _, e := range earlier {
			if e.System == system && e.TLS == r.TLS && e.Window == window && e.Work == r.Work {
				return e.Rate
			}
		}
		return 0
	}
	var said []string
	if r.System == bench.LiveActors {
		said = append(said, fmt.Sprintf("%.2f of bare, %.2f of plain", r.Rate/rate(bench.BareTCP, r.Window), r.Rate/rate(bench.PlainActors, r.Window)))
	}
	if sync := rate(r.System, 1); r.Window > 1 && sync > 0 {
		said = append(said, fmt.Sprintf("%.1f x one open", r.Rate/sync))
	}
	return strings.Join(said, "; ")
}
