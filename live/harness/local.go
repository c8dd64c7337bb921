package harness

import (
	"cmp"
	"context"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/live"
	"github.com/simrun/simrun/sim"
)

// A local node is a host in this process: a World of its own.
type local struct {
	scenario sim.Scenario
	plan     sim.Plan
	host     string
	top      actors.Topology
	opts     live.Options
	fates    *fates // nil if nothing is broken on purpose
	lives    int
	tell     listener
	world    *live.World // nil before the first start
	soak     soakClient
	over     chan struct{} // closed at the end
}

func (l *local) start(_ context.Context, programs bool) (begun, error) {
	l.lives++
	if l.fates != nil {
		l.fates.begin(l.lives)
	}
	if l.world != nil {
		err := l.world.Restart(l.host, programs)
		return begun{l.world.Addr(l.host), l.world.Boot(l.host)}, err
	}
	w, err := live.Start(l.top, l.opts)
	if err != nil {
		return begun{}, err
	}
	l.world = w
	go func() {
		select {
		case <-w.Failed(): // once: what fails later comes of it
			err := w.Err()
			l.tell.failed(cmp.Or(stopOf(err), "program"), err)
		case <-l.over:
		}
	}()
	return begun{w.Addr(l.host), w.Boot(l.host)}, nil
}

func (l *local) work(w work, ended func()) error {
	if w.Lines != nil {
		return l.soak.carryOut(l.world, w.Lines, ended)
	}
	if ops := w.assignment(l.scenario, l.plan, l.host); len(ops) > 0 {
		if err := l.world.Run(l.host, workload(l.scenario, l.host, w, ops, l.tell.issued)); err != nil && l.world.Err() == nil {
			return err
		}
	}
	go func() {
		if l.world.Wait(context.Background()) == nil { // of a failure somebody else tells
			ended()
		}
	}()
	return nil
}

func (l *local) kill() error { return l.unlessFailed(l.world.Crash(l.host)) }

func (l *local) stop(ctx context.Context) error { return l.unlessFailed(l.world.StopHost(ctx, l.host)) }

// unlessFailed is nil for a host that is down because it has failed: that is told.
func (l *local) unlessFailed(err error) error {
	if l.world.Err() != nil {
		return nil
	}
	return err
}

func (l *local) pause() error { return errPause }

func (l *local) resume() error { return errPause }

func (l *local) slow(int) (undo func(), err error) { return nil, errPause }

func (l *local) deliver(d delivery) { l.fates.set(d) }

func (l *local) counts() []live.Counts {
	if l.world == nil {
		return nil
	}
	return []live.Counts{l.world.Counts()}
}

func (l *local) end(ctx context.Context) error {
	close(l.over)
	if l.world == nil {
		return nil
	}
	_ = l.world.Crash(l.host) // one that is down already has failed the run, or was stopped by it
	return l.world.Stop(ctx)
}
