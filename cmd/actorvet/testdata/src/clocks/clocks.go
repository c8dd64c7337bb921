package clocks

import (
	"context"
	"time"

	"github.com/simrun/simrun/actors"
)

func wait(env actors.Env, start time.Time) time.Duration {
	time.Sleep(time.Second)            // want `time.Sleep: use env.Clock.Sleep`
	time.AfterFunc(0, func() {})       // want `time.AfterFunc: use env.Clock.After`
	_ = time.After(0)                  // want `time.After: use env.Clock.After`
	_ = time.Tick(1)                   // want `time.Tick: use env.Clock.After`
	_ = time.NewTimer(1)               // want `time.NewTimer: use env.Clock.After`
	_ = time.NewTicker(1)              // want `time.NewTicker: use env.Clock.After`
	_ = time.Until(start)              // want `time.Until: subtract`
	now := time.Now                    // want `time.Now: use env.Clock.Now`
	_, _ = context.WithTimeout(nil, 1) // want `context.WithTimeout: it waits on the wall clock`
	if start.After(now()) || start.IsZero() {
		return time.Since(start) // want `time.Since: subtract two values of env.Clock.Now`
	}
	return 3 * time.Second
}
