package live_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/live"
)

// Who crashes a host and then looks has seen all that it noted.
func TestNothingIsNotedAfterACrash(t *testing.T) {
	for range 20 {
		var noted atomic.Int64
		busy := make(chan struct{}, 1)
		top := actors.Topology{Hosts: []actors.Host{{Name: "h", Programs: []actors.ProgramDef{{Name: "chatty", Run: func(env actors.Env) error {
			for {
				for range 1000 {
					env.Note(actors.Point("here"))
				}
				env.Clock.Sleep(0) // unwinds on a dead host
			}
		}}}}}}
		w, err := live.Start(top, live.Options{Dir: t.TempDir(), Note: func(live.Note) {
			noted.Add(1)
			select {
			case busy <- struct{}{}:
			default:
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		<-busy
		if err := w.Crash("h"); err != nil {
			t.Fatal(err)
		}
		seen := noted.Load()
		if err := w.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := noted.Load(); n != seen {
			t.Fatalf("%d facts when the host had crashed, %d in the end", seen, n)
		}
		if err := w.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
}
