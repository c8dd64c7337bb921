package zoo

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A binary is a build of the command, with a patch in it or without.
type binary struct{ path string }

// silence is how long a build may say nothing: no run and no shrinking takes so
// long, even on a busy machine.
const silence = 2 * time.Minute

// errDied is the end of a process that did not come to the end of its hunt: a fatal
// error of the runtime, or a run that does not end.
var errDied = errors.New("the process ended before its seeds did")

// hunt has the binary run count seeds from first on, up to the first kill, and hands
// over each report. Only the context or errDied can come between.
func (b binary) hunt(ctx context.Context, m *mutant, checks []string, first seed, count, jobs int, saw func(report)) error {
	tried, killed := 0, false
	err := b.run(ctx, func(r report) {
		tried, killed = r.Tried, r.Kill
		saw(r)
	}, "hunt", "--scenario", m.scenario, "--checks", strings.Join(checks, ","),
		"--seed", first.String(), "--count", strconv.Itoa(count), "--jobs", strconv.Itoa(jobs))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil && (killed || tried == count):
		return nil
	}
	return fmt.Errorf("%w: %w", errDied, cmp.Or(err, io.ErrUnexpectedEOF))
}

// shrink has the binary shrink what a seed comes to.
func (b binary) shrink(ctx context.Context, m *mutant, x seed) (report, error) {
	return b.one(ctx, "shrink", "--scenario", m.scenario, "--checks", strings.Join(m.checks, ","), "--seed", x.String())
}

// replay has the binary run the plan in a file.
func (b binary) replay(ctx context.Context, checks []string, file string) (report, error) {
	return b.one(ctx, "replay", "--checks", strings.Join(checks, ","), file)
}

// one runs a command that prints one report.
func (b binary) one(ctx context.Context, args ...string) (report, error) {
	var last *report
	err := b.run(ctx, func(r report) { last = &r }, args...)
	switch {
	case ctx.Err() != nil:
		return report{}, ctx.Err()
	case err == nil && last == nil:
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return report{}, brokenError{fmt.Errorf("%s: %w", strings.Join(args, " "), err)}
	}
	return *last, nil
}

// run starts a hidden command of the binary and hands over what it reports. It ends
// the process if it is silent for too long.
func (b binary) run(ctx context.Context, saw func(report), args ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.path, append([]string{"zoo"}, args...)...)
	cmd.Env = os.Environ()
	if os.Getenv("GOGC") == "" {
		// What a run allocates dies with it: fewer collections, more runs.
		cmd.Env = append(cmd.Env, "GOGC=400")
	}
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	watchdog := time.AfterFunc(silence, cancel)
	defer watchdog.Stop()
	for dec := json.NewDecoder(out); ; {
		var r report
		if dec.Decode(&r) != nil {
			break
		}
		watchdog.Reset(silence)
		saw(r)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, lastLine(complaint.String()))
	}
	return nil
}

// lastLine is the first line of a panic, or the only one of an error.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if i := slices.IndexFunc(lines, func(l string) bool {
		return strings.HasPrefix(l, "fatal error: ") || strings.HasPrefix(l, "panic: ")
	}); i >= 0 {
		return lines[i]
	}
	return lines[len(lines)-1]
}
