package harness

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/sim"
)

// The files of a recording that are about all hosts. The others are those of
// live.Options.Record.
const (
	planFile = "run.plan"  // what was to be done, from the start
	runFile  = "run.trace" // what was judged, and how, from the end
)

// A Recording is what a live run with [Options.Record], or a service, has left in its
// folder. It can be told, as a simulated run is, and that of a run can be judged again;
// neither can be carried out again. The events stay in the files, see Events.
type Recording struct {
	// Scenario is the name of the scenario; "" for hosts of a service, of which there is
	// nothing to judge: what their clients saw is not recorded.
	Scenario string
	// Verdict is how the run was judged when it ended; 0 if it came to no end.
	Verdict sim.Verdict
	// Boots and Deliveries are how many there are, of all hosts, and Length is the time
	// from the start of the run to the last event.
	Boots, Deliveries int
	Length            time.Duration
	// Missing says, one line each, what is not there: the last moments of processes that
	// were killed, what the harness writes at the end, or what was removed to stay within
	// a limit.
	Missing []string

	files   []*recorded     // of hosts, in their order
	hosts   map[string]bool // that have a file
	base    time.Duration   // the start, by the clock of the machine
	known   []trace.Event   // what only the harness knows, by that clock
	plan    string
	notes   []sim.Note // what is judged
	unknown error      // why some of them could not be read
	failure *failing
	excuse  string
	ended   bool // the run came to an end, which the harness has written
	killed  int  // files whose last facts are missing
	limit   int  // of the bytes of notes
}

// failing is how the run ended before there was anything to check.
type failing struct {
	verdict    sim.Verdict
	check, why string
}

// Failure says what stopped a host first, for a recording that cannot be judged; "" if
// nothing did.
func (rec *Recording) Failure() string {
	if rec.failure == nil {
		return ""
	}
	return rec.failure.why
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

// factsMax bounds the facts that are judged, in bytes: they have to be in memory.
const factsMax = 512 << 20

// ReadRecording reads the recording in a folder: all of it, to see that it is whole, but
// what it keeps in memory is the facts that are judged. What a killed process did not
// get written is missing and said so; a file that was damaged otherwise is an error that
// is in the chain of trace.ErrDamaged and names it.
func ReadRecording(dir string) (*Recording, error) { return readRecording(dir, factsMax) }

func readRecording(dir string, limit int) (*Recording, error) {
	rec := &Recording{hosts: map[string]bool{}, limit: limit}
	if err := rec.readPlan(dir); err != nil {
		return nil, err
	}
	run, err := rec.readEnd(filepath.Join(dir, runFile))
	if err != nil {
		return nil, err
	}
	told, err := rec.readHosts(dir)
	if err != nil {
		return nil, err
	}
	if !rec.ended && len(rec.files) == 0 {
		return nil, fmt.Errorf("recording %s: there is none", dir)
	}
	if rec.ended {
		err = rec.readRun(run, told)
	}
	for _, f := range rec.files {
		rec.Length = max(rec.Length, f.last-rec.base)
	}
	return rec, err
}

// readPlan reads what was to be done, of a run.
func (rec *Recording) readPlan(dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, planFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("recording %s: %w", dir, err)
	}
	rec.plan = string(b)
	rec.Scenario, err = sim.PlanScenario(strings.NewReader(rec.plan))
	return err
}

// readEnd looks whether the harness has written all that was judged, and how.
func (rec *Recording) readEnd(name string) (run string, err error) {
	r, err := openRecorded(name)
	if err == nil {
		defer r.close()
		for err == nil {
			_, err = r.Next()
		}
	}
	switch {
	case err == io.EOF:
		h := r.Header
		rec.ended, rec.Scenario, rec.plan, rec.base = true, h.Scenario, h.Plan, h.Base
		for v := sim.Pass; v <= sim.Harness; v++ {
			if v.String() == h.Verdict {
				rec.Verdict = v
			}
		}
	case errors.Is(err, fs.ErrNotExist):
		if rec.Scenario != "" {
			rec.Missing = append(rec.Missing, runFile+": the run came to no end; judged is what the hosts have recorded")
		}
	case errors.Is(err, trace.ErrCut):
		rec.Missing = append(rec.Missing, runFile+": its end; judged is what the hosts have recorded")
	default:
		return "", fmt.Errorf("recording %s: %w", name, err)
	}
	return name, nil
}

// readHosts reads the files of the hosts. Of a run that came to an end it returns which
// facts they have recorded, and how often; of one that did not it takes them for what is
// judged.
func (rec *Recording) readHosts(dir string) (told map[uint64]int, err error) {
	told = map[uint64]int{}
	var failed time.Duration // when the first failure was
	rec.files, err = scanHosts(dir, func(f *recorded, e trace.Event) error {
		switch {
		case e.Kind == trace.Fail && (rec.failure == nil || e.At < failed):
			rec.failure, failed = &failing{sim.Violation, stopNamed(e.Msg), e.Text}, e.At
		case e.Kind != trace.Note:
		case rec.ended:
			told[factKey(e)]++
		case rec.Scenario != "" && !counted(e):
			return rec.note(e)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, f := range rec.files {
		rec.hosts[f.header.Host] = true
		rec.Deliveries += f.deliveries
		if !rec.ended && (i == 0 || f.header.Base < rec.base) {
			rec.base = f.header.Base
		}
		if f.cut {
			rec.killed++
		}
	}
	headless := 0
	for i, f := range rec.files {
		if i > 0 && rec.files[i-1].life() == f.life() {
			continue
		}
		rec.Boots++
		if !f.begins() {
			headless++
		}
	}
	if rec.killed > 0 {
		rec.Missing = append(rec.Missing, fmt.Sprintf("what processes had not written when they were killed, of %d of %d", rec.killed, len(rec.files)))
	}
	if headless > 0 {
		rec.Missing = append(rec.Missing, fmt.Sprintf("the beginning of %d of %d boots: the oldest files were removed to stay within the limit", headless, rec.Boots))
	}
	for i := range rec.notes {
		rec.notes[i].At -= rec.base
	}
	return told, nil
}

// readRun reads what the harness wrote at the end: what is judged, and what no host has
// recorded: that one was killed, the last facts of those, faults, and the failure.
func (rec *Recording) readRun(name string, told map[uint64]int) error {
	seen := rec.failure != nil // by a host
	rec.failure = nil
	stopped := map[life]bool{}
	for _, f := range rec.files {
		stopped[f.life()] = stopped[f.life()] || f.stopped
	}
	r, err := openRecorded(name)
	if err != nil {
		return err
	}
	defer r.close()
	for {
		e, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("recording %s: %w", name, err)
		}
		rec.Length = max(rec.Length, e.At)
		switch e.Kind {
		case trace.Note:
			if err := rec.note(e); err != nil {
				return err
			}
		case trace.Fail:
			rec.failure = &failing{rec.Verdict, e.Msg, e.Text}
		case trace.Log:
			rec.excuse = e.Text
		}
		e.At += rec.base
		switch e.Kind {
		case trace.Note:
			e = beyond(e, told, stopped)
		case trace.Fail:
			if seen {
				continue
			}
		}
		if e.Kind != 0 && e.Kind != trace.Log {
			rec.known = append(rec.known, e)
		}
	}
	slices.SortStableFunc(rec.known, func(a, b trace.Event) int { return cmp.Compare(a.At, b.At) })
	return nil
}

// beyond returns what the note of a run says that no host has recorded; the zero event
// for nothing.
func beyond(e trace.Event, told map[uint64]int, stopped map[life]bool) trace.Event {
	switch fact, _ := wire.DecodeFact([]byte(e.Data)); f := fact.(type) {
	case sim.Down:
		if stopped[life{e.Host, f.Boot}] {
			return trace.Event{}
		}
		return trace.Event{At: e.At, Kind: trace.Crash, Host: e.Host}
	case sim.FaultBegan:
		return trace.Event{At: e.At, Kind: trace.Fault, Text: f.Text}
	}
	if key := factKey(e); told[key] > 0 {
		told[key]--
		return trace.Event{}
	}
	return e
}

// factKey is equal for a fact in the file of its host and in that of the run.
func factKey(e trace.Event) uint64 {
	return wire.Hash([]byte(e.Path + "\x00" + e.Msg + "\x00" + e.Data))
}

// note adds a fact to what is judged.
func (rec *Recording) note(e trace.Event) error {
	if rec.limit -= len(e.Data); rec.limit < 0 {
		return fmt.Errorf("more than %d MiB of facts, which have to be in memory to be judged", factsMax>>20)
	}
	fact, err := wire.DecodeFact([]byte(e.Data))
	if e.Data == "" || err != nil {
		rec.unknown = fmt.Errorf("a fact %s of %s cannot be read: %s", e.Msg, e.Path, whyUnread(e, err))
		return nil
	}
	rec.notes = append(rec.notes, sim.Note{Seq: int64(len(rec.notes)) + 1, At: e.At, Host: e.Host, Path: e.Path, Fact: fact})
	return nil
}

func whyUnread(e trace.Event, err error) string {
	if e.Data == "" {
		return "its type was not registered with actors.Facts"
	}
	return err.Error()
}

// counted reports that a fact is for the run, and not for its checks.
func counted(e trace.Event) bool { return e.Msg == sometimesType || e.Msg == pointType }

var sometimesType, pointType = fmt.Sprintf("%T", actors.Sometimes("")), fmt.Sprintf("%T", actors.Point(""))

// stopNamed is stopOf for what a host has recorded: the text of the cause.
func stopNamed(cause string) string {
	for _, c := range stops {
		if c.cause.Error() == cause {
			return c.check
		}
	}
	return "program"
}

// Judge judges the run again, from what was recorded, by the Model and the Checks of
// its scenario. A run that failed before there was anything to check keeps its
// verdict. A fact that cannot be read makes the verdict Inconclusive, "recording".
//
// A run that came to no end does not pass: it is Inconclusive, "interrupted". Nor is it
// a violation if facts are missing, as they may be what a check misses: it is
// Inconclusive, "recording", and the error says what was found.
//
// The error is for a recording that is of no plan of the scenario. The facts are those
// of the Recording and the Result: they are not copied.
func (rec *Recording) Judge(s sim.Scenario) (*sim.Result, error) {
	p, err := sim.ReadPlan(strings.NewReader(rec.plan), s)
	if err != nil {
		return nil, fmt.Errorf("plan of the recording: %w", err)
	}
	r := newRun(s, p, Options{}, limitsOf(s))
	r.cancel() // nothing starts
	r.facts.notes, r.excuse = rec.notes, rec.excuse
	switch f := rec.failure; {
	case f != nil:
		r.result.Verdict, r.result.Check, r.result.Err = f.verdict, f.check, errors.New(f.why)
	case rec.unknown != nil:
		r.result.Verdict, r.result.Check, r.result.Err = sim.Inconclusive, "recording", rec.unknown
	}
	r.judge()
	if !rec.ended {
		rec.weigh(r.result)
	}
	r.result.Stats.Virtual = rec.Length
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
