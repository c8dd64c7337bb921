package simcli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/view"
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
	s, err := c.scenario(rec.Scenario)
	if err != nil {
		return fmt.Errorf("recording %s: %w", dir, err)
	}
	if err := f.touchPage(); err != nil {
		return err
	}
	r, err := rec.Judge(s)
	if err != nil {
		return err
	}
	return f.show(c.out, shown{r, rec.Events, dir, rec.Missing}, func() string { return retold(rec, r) })
}

// retold tells what came of a recorded run.
func retold(rec *harness.Recording, r *sim.Result) string {
	var b strings.Builder
	b.WriteString(headline(r))
	if r.Verdict.ExitCode() != 0 && r.Check != "interrupted" { // of which there is nothing to explain
		if story := view.Story(rec.Events, failureOf(r)); story != "" {
			b.WriteString("\n" + indent(story) + "\n")
		}
	}
	deliveries := 0
	for _, e := range rec.Events {
		if e.Kind == trace.Deliver {
			deliveries++
		}
	}
	fmt.Fprintf(&b, "  recorded live: %s, %d acknowledged, %d deliveries, %.1f s\n",
		counted(r.Stats.Ops, "operation"), r.Stats.Acked, deliveries, r.Stats.Virtual.Seconds())
	for _, line := range rec.Missing {
		fmt.Fprintf(&b, "  missing: %s\n", view.Clean(line))
	}
	if rec.Verdict != 0 && rec.Verdict != r.Verdict {
		fmt.Fprintf(&b, "  it was judged %v when it ran: the checks have changed since, or the recording is not all of it\n", rec.Verdict)
	}
	return b.String()
}
