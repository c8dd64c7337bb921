package simcli

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/sim"
)

// replayFlags are the flags of simrun replay.
type replayFlags struct {
	json, events bool
	html         string
}

func (c *command) replay() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay FILE|FOLDER",
		Short: "run a saved plan, or judge a recorded live run, and tell what happens",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if dir, ok := recordingAt(args[0]); ok {
				return c.replayLive(dir, f)
			}
			s, p, err := c.readPlan(args[0])
			if err != nil {
				return err
			}
			if err := f.touchPage(); err != nil {
				return err
			}
			r, happened := twice(s, p)
			every := func(yield func([]trace.Event, error) bool) { yield(happened, nil) }
			return f.show(c.out, shown{r, happened, every, args[0], nil}, func() string { return replayed(r, happened) })
		},
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "print the result, and with --trace each event, as a JSON object")
	cmd.Flags().BoolVar(&f.events, "trace", false, "print every event")
	cmd.Flags().StringVar(&f.html, "html", "", "draw the run as swim lanes in this file")
	return cmd
}

// touchPage makes the file of the page before the run: a page that cannot be written
// is an error of usage.
func (f replayFlags) touchPage() error {
	if f.html == "" {
		return nil
	}
	page, err := os.Create(f.html)
	if err == nil {
		err = page.Close()
	}
	if err != nil {
		return fmt.Errorf("page %s: %w", f.html, cause(err))
	}
	return nil
}

// shown is a run and where it comes from.
type shown struct {
	result   *sim.Result
	happened []trace.Event                   // what its story is made of
	every    iter.Seq2[[]trace.Event, error] // all that happened, piece by piece
	source   string
	missing  []string // what is not known of it
}

// show prints a run as the flags say, with its text if no JSON is asked for, and
// ends with the code of its verdict.
func (f replayFlags) show(out io.Writer, s shown, text func() string) error {
	err := f.page(s.result, s.happened)
	if err == nil && f.events {
		for piece, failed := range s.every {
			if err = failed; err == nil {
				err = printEvents(out, piece, f.json)
			}
			if err != nil {
				break
			}
		}
	}
	if err == nil && f.json {
		o := resultObject("replay", s.result)
		o.Plan, o.Story, o.Missing = s.source, lines(view.Story(s.happened, failureOf(s.result))), s.missing
		err = printJSON(out, o)
	} else if err == nil {
		_, err = io.WriteString(out, text())
	}
	if err != nil {
		return brokenError{err}
	}
	return exit(s.result.Verdict)
}

// page draws the run, if asked for.
func (f replayFlags) page(r *sim.Result, happened []trace.Event) error {
	if f.html == "" {
		return nil
	}
	page, err := os.Create(f.html)
	if err != nil {
		return fmt.Errorf("page %s: %w", f.html, cause(err))
	}
	return errors.Join(view.Lanes(page, pageOf(r), happened), page.Close())
}

// readPlan reads a plan of one of the scenarios.
func (c *command) readPlan(path string) (sim.Scenario, sim.Plan, error) {
	f, err := os.Open(path)
	if err != nil {
		return sim.Scenario{}, sim.Plan{}, fmt.Errorf("plan %s: %w", path, cause(err))
	}
	defer f.Close()
	name, err := sim.PlanScenario(f)
	if err != nil {
		return sim.Scenario{}, sim.Plan{}, err
	}
	s, err := c.scenario(name)
	if err != nil {
		return sim.Scenario{}, sim.Plan{}, fmt.Errorf("plan %s: %w", path, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return sim.Scenario{}, sim.Plan{}, fmt.Errorf("plan %s: %w", path, cause(err))
	}
	p, err := sim.ReadPlan(f, s)
	return s, p, err
}

// twice runs a plan, and again with a trace; a difference is a verdict.
func twice(s sim.Scenario, p sim.Plan) (*sim.Result, []trace.Event) {
	r := sim.Run(s, p)
	again, events := traced(s, p)
	if r = compare(r, again); r.Check == nondeterminism {
		r.Err = fmt.Errorf("%w; %s", r.Err, sim.Parting(s, p))
	}
	return r, events
}

// traced runs a plan and collects its events.
func traced(s sim.Scenario, p sim.Plan) (*sim.Result, []trace.Event) {
	var events []trace.Event
	r := sim.Trace(s, p, func(e trace.Event) { events = append(events, e) })
	return r, events
}

// replayed tells what came of a plan.
func replayed(r *sim.Result, events []trace.Event) string {
	var b strings.Builder
	b.WriteString(headline(r))
	if r.Verdict.ExitCode() != 0 {
		if story := view.Story(events, failureOf(r)); story != "" {
			b.WriteString("\n" + indent(story) + "\n")
		}
	}
	fmt.Fprintf(&b, "  %s, %d acknowledged, %s, %d messages, %d steps, %v of simulated time, trace hash %s\n",
		counted(r.Stats.Ops, "operation"), r.Stats.Acked, counted(len(r.Applied), "fault"),
		r.Stats.Messages, r.Stats.Steps, r.Stats.Virtual, hashText(r.TraceHash))
	return b.String()
}

func pageOf(r *sim.Result) view.Page {
	return view.Page{Title: r.Plan.Scenario, Verdict: r.Verdict.String(), Failure: failureOf(r), Plan: r.Plan.String()}
}

func printEvents(w io.Writer, events []trace.Event, asJSON bool) error {
	if !asJSON {
		_, err := io.WriteString(w, view.Events(events))
		return err
	}
	for _, e := range events {
		if err := printJSON(w, eventObjectOf(e)); err != nil {
			return err
		}
	}
	return nil
}

// eventObject is an event with --trace --json.
type eventObject struct {
	Schema int        `json:"schema"`
	Type   string     `json:"type"`
	Seq    int64      `json:"seq"`
	At     int64      `json:"at_ns"`
	Kind   trace.Kind `json:"kind"`
	Host   string     `json:"host,omitempty"`
	Path   string     `json:"path,omitempty"`
	Peer   string     `json:"peer,omitempty"`
	Msg    string     `json:"msg,omitempty"`
	Text   string     `json:"text,omitempty"`
	Key    string     `json:"key,omitempty"`
	Cause  int64      `json:"cause,omitempty"`
}

func eventObjectOf(e trace.Event) eventObject {
	o := eventObject{
		Schema: schema, Type: "event", Seq: e.Seq, At: int64(e.At), Kind: e.Kind,
		Host: e.Host, Path: e.Path, Peer: e.Peer, Msg: e.Msg, Text: e.Text, Cause: e.Cause,
	}
	if e.Key != 0 {
		o.Key = hashText(e.Key)
	}
	return o
}

func (c *command) shrink() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "shrink FILE",
		Short: "make a failing plan smaller",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, p, err := c.readPlan(args[0])
			if err != nil {
				return err
			}
			if out == "" {
				out = strings.TrimSuffix(args[0], ".plan") + ".min.plan"
			}
			r, _ := twice(s, p)
			if r.Verdict != sim.Violation {
				fmt.Fprint(c.out, headline(r), "  only a violation can be shrunk\n")
				return exit(r.Verdict)
			}
			small := sim.Shrink(cmd.Context(), s, r)
			if err := os.WriteFile(out, []byte(small.Plan.String()), 0o644); err != nil {
				return brokenError{fmt.Errorf("plan %s: %w", out, cause(err))}
			}
			_, events := traced(s, small.Plan)
			fmt.Fprint(c.out, replayed(small, events))
			fmt.Fprintf(c.out, "  was %s, is %s\n  see it again: simrun replay %s\n", size(p), size(small.Plan), out)
			return exit(small.Verdict)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the file to write; default: FILE.min.plan beside FILE")
	return cmd
}
