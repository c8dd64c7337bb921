package random

import (
	old "math/rand"
	"math/rand/v2"

	"github.com/simrun/simrun/actors"
)

func draw(env actors.Env, r *rand.Rand) int {
	own := rand.New(rand.NewPCG(1, 2))
	_ = old.New(old.NewSource(1)).Intn(3)
	_ = old.Intn(3)                            // want `rand.Intn draws from the global generator; use env.Rand`
	rand.Shuffle(3, func(i, j int) {})         // want `rand.Shuffle draws from the global generator`
	return r.IntN(3) + own.IntN(3) + rand.N(3) // want `rand.N draws from the global generator`
}
