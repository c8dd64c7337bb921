package simcli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/sim"
)

// viewMax bounds a trace that is shown, in bytes: its events take up to four times that
// in memory. What --all prints is not bounded.
const viewMax = 64 << 20

func (c *command) view() *cobra.Command {
	var html string
	var all bool
	cmd := &cobra.Command{
		Use:   "view FILE.trace",
		Short: "show a saved trace without running anything",
		Args:  cobra.ExactArgs(1),
	}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if dir, ok := recordingAt(args[0]); ok && !all {
			return fmt.Errorf("%s is of a recorded live run, which `simrun replay %s` tells; --all shows the events of this file", args[0], dir)
		}
		f, err := os.Open(args[0])
		if err != nil {
			return fmt.Errorf("trace %s: %w", args[0], cause(err))
		}
		defer f.Close()
		if all && html == "" {
			return c.viewAll(args[0], f)
		}
		if info, err := f.Stat(); err == nil && info.Size() > viewMax {
			return fmt.Errorf("trace %s: %d MiB, at most %d; --all prints the events of a longer one", args[0], info.Size()>>20, viewMax>>20)
		}
		h, events, damage := trace.Read(f)
		cut, err := cutOff(args[0], damage, len(events))
		if err != nil {
			return err
		}
		if cut {
			h.Verdict = sim.Inconclusive.String()
		}
		failure := view.Failure{Check: h.Check, Why: h.Why, Operations: h.Operations}
		if html != "" {
			page, err := os.Create(html)
			if err != nil {
				return fmt.Errorf("page %s: %w", html, cause(err))
			}
			defer page.Close()
			if err := view.Lanes(page, view.Page{Title: h.Scenario, Verdict: h.Verdict, Plan: h.Plan, Failure: failure}, events); err != nil {
				return err
			}
		}
		if all {
			err = printEvents(c.out, events, false)
		} else {
			_, err = fmt.Fprintf(c.out, "%s  %s seed %#x\n\n%s", view.Clean(h.Verdict), view.Clean(h.Scenario), h.Seed, indent(view.Story(events, failure)))
		}
		return c.endOfView(args[0], damage, err)
	}
	cmd.Flags().StringVar(&html, "html", "", "draw the run as swim lanes in this file")
	cmd.Flags().BoolVar(&all, "all", false, "print every event, not the story")
	return cmd
}

// cutOff reports that a trace lacks its end. What was altered is no evidence of
// anything. What was cut off is, up to there; but how the run was judged is said for the
// whole.
func cutOff(name string, damage error, events int) (bool, error) {
	if damage == nil {
		return false, nil
	}
	if errors.Is(damage, trace.ErrCut) && events > 0 {
		return true, nil
	}
	return false, fmt.Errorf("trace %s: %w", name, damage)
}

// endOfView ends with no verdict if the trace was cut off.
func (c *command) endOfView(name string, damage, err error) error {
	if err != nil || damage == nil {
		return err
	}
	fmt.Fprintf(c.out, "\n%v: trace %s: %s; what is shown came before\n", sim.Inconclusive, view.Clean(name), view.Clean(damage.Error()))
	return exit(sim.Inconclusive)
}

// viewAll prints every event. It looks at the whole file first: what was altered is not
// shown.
func (c *command) viewAll(name string, f *os.File) error {
	events := 0
	damage := eachEvent(f, func(trace.Event) error { events++; return nil })
	if _, err := cutOff(name, damage, events); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("trace %s: %w", name, cause(err))
	}
	var piece []trace.Event
	show := func() error {
		err := printEvents(c.out, piece, false)
		piece = piece[:0]
		return err
	}
	err := eachEvent(f, func(e trace.Event) error {
		if piece = append(piece, e); len(piece) < pieceEvents {
			return nil
		}
		return show()
	})
	if err == nil || errors.Is(err, trace.ErrCut) {
		err = show()
	}
	return c.endOfView(name, damage, err)
}

// eachEvent hands out the events of a trace.
func eachEvent(r io.Reader, take func(trace.Event) error) error {
	t, err := trace.NewReader(r)
	if err != nil {
		return err
	}
	for {
		e, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = take(e)
		}
		if err != nil {
			return err
		}
	}
}
