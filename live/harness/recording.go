package harness

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/live"
	"github.com/simrun/simrun/sim"
)

// The files of a recording that are about all hosts. The others are those of
// live.Options.Record.
const (
	planFile = "run.plan"  // what was to be done, from the start
	runFile  = "run.trace" // what was judged, and how, from the end
)

// A Recording is what a live run with [Options.Record] has left in its folder. It can
// be told, as a simulated run is, and judged again; it cannot be carried out again.
type Recording struct {
	// Scenario is the name of the scenario.
	Scenario string
	// Verdict is how the run was judged when it ended; 0 if it came to no end.
	Verdict sim.Verdict
	// Events are those of all hosts, by their times: a step has the Cause that sent
	// its message.
	Events []trace.Event
	// Missing says, one line each, what is not there: the last moments of processes that
	// were killed, or what the harness writes at the end.
	Missing []string

	plan    string
	notes   []sim.Note // in their order
	unknown error      // why some of them could not be read
	failure *failing
	excuse  string
	partial bool // the run came to no end, as far as is known
	killed  int  // processes whose last facts are missing
}

// failing is how the run ended before there was anything to check.
type failing struct {
	verdict    sim.Verdict
	check, why string
}

// IsRecording reports whether path is the folder of a recording, or a file of one,
// and returns the folder.
func IsRecording(path string) (dir string, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return "", false
	}
	if info.IsDir() {
		return path, true
	}
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	r, err := trace.NewReader(f)
	if err != nil || r.Header.Base == 0 && r.Header.Host == "" {
		return "", false
	}
	return filepath.Dir(path), true
}

// ReadRecording reads the recording in a folder, all of it into memory. What a killed
// process did not get written is missing and said so; a file that was damaged otherwise
// is an error that is in the chain of trace.ErrDamaged and names it.
func ReadRecording(dir string) (*Recording, error) {
	rec := &Recording{}
	run, err := readRecorded(filepath.Join(dir, runFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		rec.Missing = append(rec.Missing, runFile+": the run came to no end; judged is what the hosts have recorded")
		run = nil
	case err != nil:
		return nil, err
	case run.cut:
		rec.Missing = append(rec.Missing, runFile+": its end; judged is what the hosts have recorded")
		run = nil
	}
	hosts, err := readHosts(dir)
	if err != nil {
		return nil, err
	}
	if run == nil && len(hosts) == 0 {
		return nil, fmt.Errorf("recording %s: there is none", dir)
	}
	for _, f := range hosts {
		if f.cut {
			rec.killed++
		}
	}
	if rec.killed > 0 {
		rec.Missing = append(rec.Missing, fmt.Sprintf("what processes had not written when they were killed, of %d of %d", rec.killed, len(hosts)))
	}
	if run != nil {
		rec.take(run)
	} else {
		rec.partial = true
		if err := rec.takePlan(dir); err != nil {
			return nil, err
		}
	}
	rec.merge(run, hosts)
	return rec, nil
}

// take reads what the harness wrote at the end.
func (rec *Recording) take(run *recorded) {
	h := run.header
	rec.Scenario, rec.plan = h.Scenario, h.Plan
	for v := sim.Pass; v <= sim.Harness; v++ {
		if v.String() == h.Verdict {
			rec.Verdict = v
		}
	}
	for _, e := range run.events {
		switch e.Kind {
		case trace.Note:
			rec.note(e, e.At)
		case trace.Fail:
			rec.failure = &failing{rec.Verdict, e.Msg, e.Text}
		case trace.Log:
			rec.excuse = e.Text
		}
	}
}

// takePlan is for a run whose harness came to no end.
func (rec *Recording) takePlan(dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, planFile))
	if err != nil {
		return fmt.Errorf("recording %s: %w", dir, err)
	}
	rec.plan = string(b)
	rec.Scenario, err = sim.PlanScenario(strings.NewReader(rec.plan))
	return err
}

// note adds a fact that was noted at a time.
func (rec *Recording) note(e trace.Event, at time.Duration) {
	fact, err := wire.DecodeFact([]byte(e.Data))
	if e.Data == "" || err != nil {
		rec.unknown = fmt.Errorf("a fact %s of %s cannot be read: %s", e.Msg, e.Path, whyUnread(e, err))
		return
	}
	rec.notes = append(rec.notes, sim.Note{Seq: int64(len(rec.notes)) + 1, At: at, Host: e.Host, Path: e.Path, Fact: fact})
}

func whyUnread(e trace.Event, err error) string {
	if e.Data == "" {
		return "its type was not registered with actors.Facts"
	}
	return err.Error()
}

// Judge judges the run again, from what was recorded, by the Model and the Checks of
// its scenario. A run that failed before there was anything to check keeps its
// verdict. A fact that cannot be read makes the verdict Inconclusive, "recording".
//
// A run that came to no end does not pass: it is Inconclusive, "interrupted". Nor is it
// a violation if facts are missing, as they may be what a check misses: it is
// Inconclusive, "recording", and the error says what was found.
//
// The error is for a recording that is of no plan of the scenario.
func (rec *Recording) Judge(s sim.Scenario) (*sim.Result, error) {
	p, err := sim.ReadPlan(strings.NewReader(rec.plan), s)
	if err != nil {
		return nil, fmt.Errorf("plan of the recording: %w", err)
	}
	r := newRun(s, p, Options{}, limitsOf(s))
	r.cancel() // nothing starts
	r.facts.notes, r.excuse = slices.Clone(rec.notes), rec.excuse
	switch f := rec.failure; {
	case f != nil:
		r.result.Verdict, r.result.Check, r.result.Err = f.verdict, f.check, errors.New(f.why)
	case rec.unknown != nil:
		r.result.Verdict, r.result.Check, r.result.Err = sim.Inconclusive, "recording", rec.unknown
	}
	r.judge()
	if rec.partial {
		rec.weigh(r.result)
	}
	if n := len(rec.Events); n > 0 {
		r.result.Stats.Virtual = rec.Events[n-1].At
	}
	return r.result, nil
}

// weigh takes back what cannot be said of a run that came to no end.
func (rec *Recording) weigh(res *sim.Result) {
	switch {
	case res.Verdict == sim.Pass, res.Verdict == sim.ExpectedLoss:
		res.Verdict, res.Check, res.Err = sim.Inconclusive, "interrupted", errors.New("the run came to no end; until then nothing was wrong")
	case res.Verdict == sim.Violation && rec.failure == nil && rec.killed > 0:
		res.Err = fmt.Errorf("the last facts of %d processes are missing; those that are there break %s: %w", rec.killed, res.Check, res.Err)
		res.Verdict, res.Check = sim.Inconclusive, "recording"
	}
}

// A recorded is one file of a recording.
type recorded struct {
	header trace.Header
	events []trace.Event
	cut    bool
}

// readRecorded reads a file; that its end is missing is no error.
func readRecorded(name string) (*recorded, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	f := &recorded{}
	f.header, f.events, err = trace.Read(file)
	if f.cut = errors.Is(err, trace.ErrCut); err != nil && !f.cut {
		return nil, fmt.Errorf("recording %s: %w", name, err)
	}
	return f, nil
}

// readHosts reads the files of the hosts, each host's in the order of its boots. A file
// that was cut before its first event says nothing.
func readHosts(dir string) ([]*recorded, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*"+live.RecordingSuffix))
	if err != nil {
		return nil, err
	}
	var all []*recorded
	for _, name := range names {
		if filepath.Base(name) == runFile {
			continue
		}
		f, err := readRecorded(name)
		if err != nil {
			return nil, err
		}
		if len(f.events) > 0 {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b *recorded) int {
		if c := strings.Compare(a.header.Host, b.header.Host); c != 0 {
			return c
		}
		// The first event has the boot.
		return cmp.Compare(a.events[0].Key, b.events[0].Key)
	})
	return all, nil
}
