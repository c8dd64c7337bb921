package simcli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/sim"
)

// The checks that fail when a run takes its process with it, or has to be ended
// together with it.
const (
	deathCheck    = "process"  // a panic outside of the run, os.Exit, a signal, a stack overflow
	memoryCheck   = "memory"   // more of it than --memory
	watchdogCheck = "watchdog" // more wall time than --watchdog
)

// A supervisor has the rows of a campaign carried out by a worker process, and
// starts another one when that dies: the seed which ran is a failure of the
// harness, and the seeds after it still have their turn.
type supervisor struct {
	c       *campaign
	number  int
	process *process // nil: none
	// untold is a failure that the worker is explaining.
	untold *outcome
}

// work hands out rows until there are none left.
func (v *supervisor) work(ctx context.Context) error {
	defer v.dismiss()
	for row := v.c.next(); row.Count > 0; row = v.c.next() {
		for row.Count > 0 {
			if ctx.Err() != nil || v.c.stopped() {
				return nil
			}
			done, err := v.row(ctx, row)
			if err != nil {
				return err
			}
			row.First, row.Count = row.First+uint64(done), row.Count-done
		}
	}
	return nil
}

// row has seeds run and returns how many were.
func (v *supervisor) row(ctx context.Context, row seeds) (done int, err error) {
	c := v.c
	if v.process == nil {
		if v.process, err = c.start(ctx, v.number); err != nil {
			return 0, unlessDone(ctx, err)
		}
	}
	v.process.order(order{Seeds: &row})
	for {
		limit := c.watchdog
		if v.untold != nil {
			limit += shrinkLimit
		}
		r, ok := v.process.next(limit)
		if !ok {
			return v.died(ctx, row, done)
		}
		v.process.log.pass()
		switch {
		case r.Broken != "":
			return done, errors.New(r.Broken)
		case r.Confirm != "":
			o, err := c.elsewhere(ctx, order{Plan: r.Confirm, TraceTo: r.TraceTo})
			if err != nil {
				return done, unlessDone(ctx, err)
			}
			v.process.order(order{Answer: &answer{Elsewhere: o}})
		case r.Run != nil:
			done++
			alike := c.add(*r.Run)
			if r.Run.failed() {
				v.untold = r.Run
				v.process.order(order{Answer: &answer{Alike: alike}})
			}
		case r.Notice != nil:
			v.untold = nil
			c.tell(*r.Notice)
		case r.Idle:
			return row.Count, nil
		}
	}
}

// unlessDone is err, or nil in a campaign that was interrupted, which makes errors
// of its own.
func unlessDone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// died counts and reports the seed during which the process of the supervisor has
// ended, and returns how many seeds of the row need no other run.
func (v *supervisor) died(ctx context.Context, row seeds, done int) (int, error) {
	p, found := v.process, v.untold
	v.process, v.untold = nil, nil
	check, why := v.c.postMortem(p)
	if found != nil {
		found.Why += "\nno smaller plan: while one was looked for, " + why
		return done, v.c.bury(*found, running{}, v.c.alike(*found))
	}
	if ctx.Err() != nil && p.err == nil && p.killed == "" {
		// Interrupted: it was asked to end, and did.
		return done, nil
	}
	now, err := readRunning(v.c.folder.slotName(v.number))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return done, err
	}
	o := outcome{Scenario: row.Scenario, Seed: row.First + uint64(done), Verdict: sim.Harness, Check: check, Why: why}
	if now.Scenario == row.Scenario && now.Seed-row.First < uint64(row.Count) {
		o.Seed = now.Seed
	}
	alike := v.c.add(o)
	return max(done, int(o.Seed-row.First)+1), v.c.bury(o, now, alike)
}

// postMortem says why a process has ended: the check that it fails, and its last words.
func (c *campaign) postMortem(p *process) (check, why string) {
	check, why = deathCheck, p.death()
	switch {
	case p.killed != "":
		check, why = p.killed, fmt.Sprintf("the run did not end within %v of wall time, and its process was ended", c.watchdog)
	case p.exitCode() == memoryCode:
		check, why = memoryCheck, "the run was out of memory, and its process was ended"
	}
	if words := p.log.take(); words != "" {
		why += "\n" + words
	}
	return check, why
}

// dismiss ends the process, if there is one. Nothing runs any more, so the file
// that names the seed goes too.
func (v *supervisor) dismiss() {
	if v.process != nil {
		v.process.end()
	}
	os.Remove(v.c.folder.slotName(v.number))
}

// start starts a worker process; the end of ctx is the end of the process.
func (c *campaign) start(ctx context.Context, number int) (*process, error) {
	p, err := startProcess(settings{
		Folder: c.folder.path, Number: number, Policy: c.policy, Memory: c.memory, Cores: coresOf(c.jobs),
	}, c.watchdog, c.printed)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { p.orders.Close() })
	c.mu.Lock()
	defer c.mu.Unlock()
	c.processes = append(c.processes, p)
	return p, nil
}

// elsewhere has a plan run in a process that finds nothing of its own.
func (c *campaign) elsewhere(ctx context.Context, o order) (outcome, error) {
	c.second.Lock()
	defer c.second.Unlock()
	if c.other == nil {
		p, err := c.start(ctx, -1)
		if err != nil {
			return outcome{}, err
		}
		c.other = p
	}
	p := c.other
	p.order(o)
	r, ok := p.next(c.watchdog)
	switch {
	case !ok:
		c.other = nil
		check, why := c.postMortem(p)
		return outcome{Verdict: sim.Harness, Check: check, Why: why}, ctx.Err()
	case r.Run == nil:
		return outcome{}, fmt.Errorf("worker process: %s", r.Broken)
	}
	p.log.pass()
	return *r.Run, nil
}

// bury reports a failure that has lost its process, and saves what is known of it.
func (c *campaign) bury(o outcome, now running, alike int) error {
	command := again(o.Scenario, o.Seed, c.policy)
	var file string
	if alike <= keepMost {
		var err error
		file, err = c.folder.save(fileName(o.Scenario, o.Seed)+".crash.txt", func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s\n%s\n\n%s\n%s", build(), command, cleanLines(o.Why), cleanLines(now.Head))
			return err
		})
		if err != nil {
			return err
		}
	}
	r := o.result()
	var b strings.Builder
	b.WriteString("\n" + headline(r))
	if file != "" {
		fmt.Fprintf(&b, "  saved in %s\n", file)
	}
	fmt.Fprintf(&b, "  see it again: %s\n", view.Clean(command))
	object := resultObject("run", r)
	object.Plan = file
	c.tell(notice{Alike: alike, Text: b.String(), Object: object})
	return nil
}
