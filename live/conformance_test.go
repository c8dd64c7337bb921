package live_test

import (
	"context"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/actorstest"
	"github.com/simrun/simrun/live"
)

// start runs a topology until the test ends.
func start(t testing.TB, top actors.Topology, opts live.Options) *live.World {
	t.Helper()
	if opts.Dir == "" {
		opts.Dir = t.TempDir()
	}
	w, err := live.Start(top, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Stop(within(t, 10*time.Second)); err != nil {
			t.Error(err)
		}
	})
	return w
}

// within is a context that bounds what must not take long on an idle machine.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestContract(t *testing.T) {
	t.Parallel()
	actorstest.Run(t, func(t *testing.T, top actors.Topology) error {
		return start(t, top, live.Options{}).Wait(within(t, 20*time.Second))
	})
}

func TestContractOnTLS(t *testing.T) {
	t.Parallel()
	actorstest.Run(t, func(t *testing.T, top actors.Topology) error {
		var ids []live.Identity
		for _, h := range top.Hosts {
			ids = append(ids, live.Identity{Host: h.Name, Role: h.Role})
		}
		return start(t, top, live.Options{Certs: certs(t, ids...)}).Wait(within(t, 20*time.Second))
	})
}
