package zoo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/simrun/simrun/faults"
)

// A keeper builds mutants, has them hunted, and keeps what came of it.
type keeper struct {
	root    string // of the module
	dir     string // temporary, for builds
	sources string // see hashSources
	results *results
	jobs    int
	tell    *progress
	clean   binary // the build without a patch, once each has made it
}

// each builds mutants one after the other and hands them over, with the next one
// being built while do is busy with the one before.
func (k *keeper) each(ctx context.Context, list []*mutant, do func(*mutant, binary) error) (err error) {
	if len(list) == 0 {
		return nil
	}
	if k.clean.path == "" {
		if k.clean, err = build(ctx, k.root, k.dir, "clean", nil); err != nil {
			return err
		}
	}
	type built struct {
		m   *mutant
		bin binary
		err error
	}
	ctx, cancel := context.WithCancel(ctx)
	ready := make(chan built)
	defer func() {
		cancel()
		for range ready { // until the builder has ended
		}
	}()
	go func() {
		defer close(ready)
		for _, m := range list {
			b := built{m: m}
			b.bin, b.err = k.build(ctx, m)
			select {
			case ready <- b:
			case <-ctx.Done():
				return
			}
		}
	}()
	for b := range ready {
		if b.err != nil {
			return b.err
		}
		if err := do(b.m, b.bin); err != nil {
			return err
		}
		if err := os.Remove(b.bin.path); err != nil {
			return err
		}
		k.tell.done()
	}
	return ctx.Err()
}

// add keeps a record.
func (k *keeper) add(rec record) error {
	if err := k.results.add(rec); err != nil {
		return brokenError{err}
	}
	return nil
}

// build makes the command with a mutant in it, of the sources that its results will
// be kept under.
func (k *keeper) build(ctx context.Context, m *mutant) (binary, error) {
	b, err := build(ctx, k.root, k.dir, m.name, m.hunks)
	if err != nil {
		if ctx.Err() == nil {
			err = fmt.Errorf("zoo/%s.patch: %w", m.name, err)
		}
		return b, err
	}
	now, err := hashSources(k.root)
	if err == nil && now != k.sources {
		err = errors.New("the sources have changed since the command began: start it again")
	}
	return b, err
}

// seeds is the first seed of a block. Blocks of one mutant, and of two, have nothing
// in common.
func (m *mutant) seeds(n int) seed {
	return seed(faults.NewDraw(0x7a6f6f).Sub(m.name, n).Uint64("seeds"))
}

// deathsMax is how many seeds in a row may end the process. More of them say that the
// build does not work at all.
const deathsMax = 3

// block looks for a mutant in one block of seeds.
func (k *keeper) block(ctx context.Context, m *mutant, b binary, n int) (*block, error) {
	out := &block{N: n, Apart: map[string]int{}}
	began, jobs, budget := time.Now(), k.jobs, m.difficulty.budget()
	deaths := 0 // in a row
	for !out.Killed && out.Tried < budget {
		before := out.Tried
		var kill *report
		err := b.hunt(ctx, m, m.checks, m.seeds(n)+seed(before), budget-before, jobs, func(r report) {
			out.Tried, deaths = before+r.Tried, 0
			if name := r.apart(); name != "" {
				out.Apart[name]++
			}
			if r.Kill {
				kill = &r
			}
			k.tell.seeds(m, n, out.Tried)
		})
		switch {
		case errors.Is(err, errDied) && jobs > 1:
			jobs = 1 // to see which seed it is
		case errors.Is(err, errDied):
			out.Tried++
			out.Apart["the process died"]++
			if deaths++; deaths > deathsMax {
				return nil, brokenError{fmt.Errorf("%s: %d seeds in a row: %w", m.name, deaths, err)}
			}
			jobs = k.jobs
		case err != nil:
			return nil, err
		case kill != nil:
			wrong, err := k.without(ctx, m, kill.Seed)
			if err != nil {
				return nil, err
			}
			if wrong != "" {
				out.Apart["without the bug: "+wrong]++
				break
			}
			out.Killed, out.Seed, out.Check, out.Why = true, kill.Seed, kill.Check, kill.Why
		}
	}
	out.Seconds = time.Since(began).Seconds()
	return out, nil
}

// without runs a seed on the build without a patch, with all checks, and says what is
// wrong; "" if it passes.
func (k *keeper) without(ctx context.Context, m *mutant, x seed) (wrong string, err error) {
	err = k.clean.hunt(ctx, m, nil, x, 1, 1, func(r report) {
		if !r.passed() {
			wrong = r.Verdict + ": " + r.Check
			k.tell.line("%s seed %v fails without the bug too: %s: %s", m.scenario, x, wrong, r.Why)
		}
	})
	if errors.Is(err, errDied) {
		return "the process died", nil
	}
	return wrong, err
}

// shrink has the first kill of a mutant shrunk.
func (k *keeper) shrink(ctx context.Context, m *mutant, b binary, kill *block) (*shrunk, error) {
	var from *size
	err := b.hunt(ctx, m, m.checks, kill.Seed, 1, 1, func(r report) { from = r.Size })
	if err != nil {
		return nil, err
	}
	r, err := b.shrink(ctx, m, kill.Seed)
	if err != nil {
		return nil, err
	}
	if from == nil || r.Size == nil {
		return nil, brokenError{fmt.Errorf("%s: seed %v killed and does not any more", m.name, kill.Seed)}
	}
	return &shrunk{Seed: kill.Seed, From: *from, To: *r.Size, Check: r.Check, Plan: r.Plan}, nil
}

// witness runs the plan of a mutant on its build and on the one without a patch.
func (k *keeper) witness(ctx context.Context, m *mutant, b binary) (*witness, error) {
	file := filepath.Join(k.dir, m.name+".plan")
	if err := os.WriteFile(file, []byte(m.witness), 0o600); err != nil {
		return nil, err
	}
	with, err := b.replay(ctx, m.checks, file)
	if err != nil {
		return nil, err
	}
	without, err := k.clean.replay(ctx, nil, file)
	if err != nil {
		return nil, err
	}
	return &witness{With: with.outcome(), Without: without.outcome(), Good: with.Kill && without.passed()}, nil
}
