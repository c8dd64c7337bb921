package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/simrun/simrun/actors"
)

// sessionEnd bounds the end of a client: nothing that it promised depends on it.
const sessionEnd = 2 * time.Second

// A storeProgram is what a command does as a client of a store.
type storeProgram func(env actors.Env) error

// asClient runs a program on the first place of a client that nobody has, and returns
// its error, or ctx's if that ends first.
func asClient(ctx context.Context, file string, run storeProgram) error {
	c, err := readConfig(file)
	if err != nil {
		return err
	}
	if c.clients == 0 {
		return fmt.Errorf("config %s: no host %s: a client needs a place", file, clientName(0))
	}
	for _, place := range c.places() {
		err := runClient(ctx, c, place, run)
		if !errors.Is(err, errInUse) {
			return err
		}
	}
	return failed{fmt.Errorf("config %s: all %d places of clients are in use; add another, and start the servers anew", file, c.clients)}
}

// runClient is asClient at one place.
func runClient(ctx context.Context, c config, place string, run storeProgram) error {
	var result error
	program := actors.ProgramDef{Name: "command", Run: func(env actors.Env) error {
		result = run(env)
		return nil
	}}
	world, folder, err := startHost(c, place, program, slog.New(slog.DiscardHandler), nil)
	if errors.Is(err, errInUse) {
		return err
	}
	if err != nil {
		return failed{err}
	}
	err = world.Wait(ctx)
	end, cancel := context.WithTimeout(context.Background(), sessionEnd)
	defer cancel()
	stopped := errors.Join(world.Stop(end), folder.close())
	switch {
	case ctx.Err() != nil && err != nil:
		return failed{errors.New("interrupted; what was not answered may have happened, and may still happen")}
	case err != nil:
		return failed{err}
	case result != nil:
		return result
	case stopped != nil:
		return failed{stopped}
	}
	return nil
}
