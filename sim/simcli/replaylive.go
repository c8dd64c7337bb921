package simcli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/live/harness"
	"github.com/simrun/simrun/sim"
)

// recordingFolder is where a live run is recorded, in its own folder.
const recordingFolder = "recording"

// recordingAt returns the folder of the recording that an argument means: itself, the
// one of a live run's folder, or the one of a file.
func recordingAt(path string) (dir string, ok bool) {
	inside := filepath.Join(path, recordingFolder)
	if info, err := os.Stat(inside); err == nil && info.IsDir() {
		return inside, true
	}
	return harness.IsRecording(path)
}

// replayLive tells a recorded live run and judges it again: nothing is run, as
// nobody could have it run the same way.
func (c *command) replayLive(dir string, f replayFlags) error {
	rec, err := harness.ReadRecording(dir)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			return fmt.Errorf("recording %s: %w", dir, cause(err))
		}
		return err
	}
	r := &sim.Result{Verdict: sim.Inconclusive, Check: "recording", Err: errService}
	failure := view.Failure{Why: rec.Failure()}
	if rec.Scenario != "" {
		s, err := c.scenario(rec.Scenario)
		if err != nil {
			return fmt.Errorf("recording %s: %w", dir, err)
		}
		if r, err = rec.Judge(s); err != nil {
			return err
		}
		failure = failureOf(r)
	}
	if err := f.touchPage(); err != nil {
		return err
	}
	var tail []trace.Event
	left := 0
	if f.json || f.html != "" || hasStory(r) {
		if tail, left, err = tailOf(rec, shownBy(r)); err != nil {
			return err
		}
	}
	every := func(yield func([]trace.Event, error) bool) { pieces(rec, yield) }
	return f.show(c.out, shown{r, tail, every, dir, rec.Missing}, func() string {
		story := ""
		if hasStory(r) && (rec.Scenario != "" || failure.Why != "") {
			story = view.Story(tail, failure)
		}
		return retold(rec, r, story, left)
	})
}

// errService is why the recording of a service has no verdict.
var errService = errors.New("the hosts of a service were recorded, and not what its clients saw: there is nothing to judge")

// livesMost is how many boots of the hosts of a service are listed: the last ones.
const livesMost = 40

// livesTable lists boots of hosts and how they ended.
func livesTable(lives []harness.RecordedLife) string {
	rows := [][]string{{"host", "boot", "from", "to", "end"}}
	for _, l := range lives[max(0, len(lives)-livesMost):] {
		end, _, _ := strings.Cut(l.End, "\n")
		rows = append(rows, []string{
			l.Host, strconv.FormatUint(l.Boot, 10), fmt.Sprintf("%.3fs", l.From.Seconds()), fmt.Sprintf("%.3fs", l.To.Seconds()), end,
		})
	}
	return view.Table(rows)
}

// hasStory reports that there is something to explain.
func hasStory(r *sim.Result) bool { return r.Verdict.ExitCode() != 0 && r.Check != "interrupted" }

// shownBy is when it was known what the operations that show a failure came to.
func shownBy(r *sim.Result) time.Duration {
	const (
		ever   = 1<<63 - 1
		margin = time.Second // a host and the harness do not stamp a fact at the same moment
	)
	if len(r.Suspects) == 0 {
		return ever
	}
	last := time.Duration(0)
	for _, op := range r.Suspects {
		if op.Return == linearizability.Open {
			return ever
		}
		last = max(last, r.Notes[op.Return-1].At)
	}
	return last + margin
}

// storyEvents is how many events a story is made of: those before what it explains.
const storyEvents = 100_000

// tailOf returns the last events up to a time, and how many came before them.
func tailOf(rec *harness.Recording, until time.Duration) (tail []trace.Event, left int, err error) {
	for e, err := range rec.Events() {
		if err != nil {
			return nil, 0, err
		}
		if e.At > until {
			break
		}
		if len(tail) == 2*storyEvents {
			copy(tail, tail[storyEvents:])
			tail, left = tail[:storyEvents], left+storyEvents
		}
		tail = append(tail, e)
	}
	if n := len(tail) - storyEvents; n > 0 {
		left += n
		tail = tail[n:]
	}
	return tail, left, nil
}

// pieceEvents is how many events are printed at a time.
const pieceEvents = 10_000

// pieces hands out all events, some thousands at a time.
func pieces(rec *harness.Recording, yield func([]trace.Event, error) bool) {
	var piece []trace.Event
	for e, err := range rec.Events() {
		if err != nil {
			yield(nil, err)
			return
		}
		if piece = append(piece, e); len(piece) == pieceEvents {
			if !yield(piece, nil) {
				return
			}
			piece = piece[:0]
		}
	}
	yield(piece, nil)
}

// retold tells what came of a recording. Left is how many events its story does not
// look at.
func retold(rec *harness.Recording, r *sim.Result, story string, left int) string {
	var b strings.Builder
	if rec.Scenario == "" {
		fmt.Fprintf(&b, "%v  %v\n", r.Verdict, r.Err)
	} else {
		b.WriteString(headline(r))
	}
	if rec.Scenario == "" {
		b.WriteString("\n" + indent(livesTable(rec.Lives())) + "\n")
	}
	if story != "" {
		if rec.Scenario != "" {
			b.WriteString("\n")
		}
		b.WriteString(indent(story) + "\n")
	}
	if story != "" && left > 0 {
		fmt.Fprintf(&b, "  told from %d events; %d came before, which --trace prints\n", storyEvents, left)
	}
	what := counted(rec.Boots, "boot")
	if rec.Scenario != "" {
		what = fmt.Sprintf("%s, %d acknowledged", counted(r.Stats.Ops, "operation"), r.Stats.Acked)
	}
	fmt.Fprintf(&b, "  recorded live: %s, %d deliveries, %.1f s\n", what, rec.Deliveries, rec.Length.Seconds())
	if rec.Scenario == "" {
		b.WriteString("  --trace prints every event, --html FILE draws the last ones\n")
	}
	for _, line := range rec.Missing {
		fmt.Fprintf(&b, "  missing: %s\n", view.Clean(line))
	}
	if rec.Verdict != 0 && rec.Verdict != r.Verdict {
		fmt.Fprintf(&b, "  it was judged %v when it ran: the checks have changed since, or the recording is not all of it\n", rec.Verdict)
	}
	return b.String()
}
