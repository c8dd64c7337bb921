// Package node is a world: it imports actors and may use the machine.
package node

import (
	"os"

	"github.com/simrun/simrun/actors"
)

var env actors.Env

func start() { go os.Exit(1) }
