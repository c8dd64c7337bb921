package harness

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/live"
	"github.com/simrun/simrun/sim"
)

// A soakHost is a host under a Soak. Who has mu may order it to do something; who
// kills it keeps mu until it is up again.
type soakHost struct {
	name string
	node node
	mu   sync.Mutex
}

// start makes the network and starts all hosts. What it has begun is ended by end,
// also after an error.
func (k *soaking) start(ctx context.Context) error {
	top := k.Scenario.Topology(k.rounds.Knobs)
	if err := top.Validate(); err != nil {
		return err
	}
	if err := issueCerts(k.Certs, top); err != nil {
		return err
	}
	var err error
	if k.mesh, err = newMesh(top, k.Seed, faults.Net{}); err != nil {
		return err
	}
	k.hosts = map[string]*soakHost{}
	for _, def := range top.Hosts {
		k.hosts[def.Name] = &soakHost{name: def.Name, node: k.newNode(top, def.Name)}
		if k.Kill == nil && isServer(k.Scenario, def) {
			k.victims = append(k.victims, def.Name)
		}
	}
	for _, name := range k.Kill {
		if k.hosts[name] == nil {
			return fmt.Errorf("the topology has no host %s to kill", name)
		}
		k.victims = append(k.victims, name)
	}
	errs := make(chan error, len(k.hosts))
	for _, h := range k.hosts {
		go func() {
			b, err := h.node.start(ctx, true)
			if err == nil {
				k.mesh.forward(h.name, b.Addr)
			}
			errs <- err
		}()
	}
	for range k.hosts {
		err = errors.Join(err, <-errs)
	}
	return err
}

// isServer reports that a host is one that a soak kills unless it is told which.
func isServer(s sim.Scenario, h actors.Host) bool {
	return len(h.Actors) > 0 && len(h.Programs) == 0 && h.Name != finalHost && s.Profile.IsServer(h.Name) && !s.Profile.IsClient(h.Name)
}

func (k *soaking) newNode(top actors.Topology, host string) node {
	tell := listener{
		failed: func(check string, err error) { k.fail(sim.Violation, check, err) },
		issued: func(int) {},
		noted:  k.add,
	}
	if k.Process != nil {
		p := sim.Plan{Scenario: k.Scenario.Name, Seed: k.Seed, Policy: sim.Timed, Knobs: k.rounds.Knobs}
		return &process{
			command: k.Process, epoch: k.epoch, tell: tell,
			first: begin{Scenario: k.Scenario.Name, Plan: p.String(), Host: host, Dir: k.Dir, Certs: k.Certs, Addrs: k.mesh.addrs(host), Calls: true},
		}
	}
	over := make(chan struct{})
	return &local{
		scenario: k.Scenario, host: host, top: top, tell: tell, over: over,
		soak: soakClient{scenario: k.Scenario, host: host, over: over},
		opts: live.Options{
			Dir: k.Dir, Certs: k.Certs, Hosts: []string{host}, Addrs: k.mesh.addrs(host),
			Note: func(n live.Note) { k.stamp(sim.Note{Host: n.Host, Path: n.Path, Fact: n.Fact}) },
		},
	}
}

// kill kills hosts and starts them again until ctx ends.
func (k *soaking) kill(ctx context.Context) {
	if len(k.victims) == 0 {
		return
	}
	draw := rand.New(rand.NewPCG(k.Seed, 0x736f616b))
	for rest(ctx, k.Every/2+time.Duration(draw.Int64N(int64(k.Every)))) {
		h := k.hosts[k.victims[draw.IntN(len(k.victims))]]
		if !k.bounce(ctx, h, time.Duration(draw.Int64N(int64(k.Down)))) {
			return
		}
	}
}

// bounce kills a host and starts it again some time later. It reports whether there
// is anything to go on with.
func (k *soaking) bounce(ctx context.Context, h *soakHost, down time.Duration) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.node.kill(); err != nil {
		return false // it stopped by itself, which fails the round
	}
	k.killed(h.name)
	if !rest(ctx, down) {
		return false
	}
	b, err := h.node.start(ctx, true)
	switch {
	case err == nil:
		k.mesh.forward(h.name, b.Addr)
		return true
	case ctx.Err() == nil:
		k.fail(sim.Violation, startCheck(err), fmt.Errorf("start again: %w", err))
	}
	return false
}

// end ends all hosts and the network.
func (k *soaking) end() {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	var ends sync.WaitGroup
	for _, h := range k.hosts {
		ends.Go(func() {
			if err := h.node.end(ctx); err != nil {
				k.fail(sim.Violation, "liveness", err)
			}
		})
	}
	ends.Wait()
	if k.mesh != nil {
		if err := k.mesh.close(); err != nil {
			k.fail(sim.Harness, "network", err)
		}
	}
}

// rest waits and reports whether ctx still goes on.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
