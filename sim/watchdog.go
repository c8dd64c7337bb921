package sim

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// stuckCheck is the Check of a run that did not end.
const stuckCheck = "watchdog"

// A watchdog carries out runs on a goroutine of its own, so that one that does not
// end can be left behind: there is no way to stop it. It serves one goroutine, and
// is dismissed in the end.
type watchdog struct {
	limit time.Duration // wall time of a run
	tasks chan func()   // nil: there is no goroutine
}

// run is Run, but also ends with a verdict for a run that does not end, and for a
// function of the scenario that panics.
func (d *watchdog) run(s Scenario, p Plan) *Result {
	if d.tasks == nil {
		d.tasks = make(chan func())
		go carryOut(d.tasks)
	}
	done := make(chan *Result, 1)
	d.tasks <- func() {
		r := broken(p, "goexit", errors.New("a function of the scenario ended its goroutine, as t.FailNow does: return an error instead"))
		defer func() {
			if v := recover(); v != nil {
				r = broken(p, "panic", fmt.Errorf("panic of the simulator or of a function of the scenario: %v\n%s", v, debug.Stack()))
			}
			done <- r
		}()
		r = Run(s, p)
	}
	timer := time.NewTimer(d.limit)
	defer timer.Stop()
	select {
	case r := <-done:
		if r.Check == "goexit" {
			d.dismiss()
		}
		return r
	case <-timer.C:
	}
	d.dismiss()
	return broken(p, stuckCheck, fmt.Errorf("the run did not end within %v of wall time: "+
		"something never ends, or waits for what is not in its Env, such as a channel\n%s", d.limit, BusyStacks()))
}

// dismiss lets the goroutine end, after the run that it is busy with.
func (d *watchdog) dismiss() {
	if d.tasks != nil {
		close(d.tasks)
		d.tasks = nil
	}
}

func carryOut(tasks <-chan func()) {
	for task := range tasks {
		task()
	}
}

// broken is the result of a run that gave none.
func broken(p Plan, check string, err error) *Result {
	return &Result{Plan: p, Verdict: Harness, Check: check, Err: err}
}

// BusyStacks prints what the runs of this process are busy with: the stacks of
// coroutines, checkers and generators, for a report of what does not end. A
// coroutine that is parked is none of them. It stops the process for a moment.
func BusyStacks() string {
	buf := make([]byte, 4<<20)
	var b strings.Builder
	for g := range bytes.SplitSeq(buf[:runtime.Stack(buf, true)], []byte("\n\n")) {
		head, frames, _ := bytes.Cut(g, []byte("\n"))
		busy := bytes.Contains(g, []byte("sim.(*coroutine).body")) || bytes.Contains(g, []byte("sim.(*world).judgeHistory")) || bytes.Contains(g, []byte("sim.NewPlan("))
		if busy && !bytes.Contains(head, []byte("[coroutine")) {
			fmt.Fprintf(&b, "%s\n%s\n", head, innerFrames(frames))
		}
	}
	return b.String()
}

// innerFrames cuts a stack where the simulator or proto.actor called the code of
// the system, unless it ends within them.
func innerFrames(frames []byte) []byte {
	lines := bytes.SplitAfter(frames, []byte("\n"))
	for i, line := range lines {
		if bytes.Contains(line, []byte("actors.(*guardedActor)")) || bytes.Contains(line, []byte("/sim.(*")) {
			if i == 0 {
				break
			}
			return bytes.TrimRight(bytes.Join(lines[:i], nil), "\n")
		}
	}
	return frames
}
