package simcli

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/simrun/simrun/sim"
)

// seedFlag is a seed on the command line, decimal or with 0x as in a plan.
type seedFlag struct {
	value uint64
	set   bool
}

func (f *seedFlag) String() string {
	if !f.set {
		return ""
	}
	return fmt.Sprintf("%#x", f.value)
}

// draw chooses a seed if none was given: short enough to be typed, and exact in every
// reader of JSON.
func (f *seedFlag) draw() {
	if !f.set {
		*f = seedFlag{value: uint64(rand.Uint32()), set: true}
	}
}

func (f *seedFlag) Type() string { return "seed" }

func (f *seedFlag) Set(text string) error {
	v, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return fmt.Errorf("a seed is a number of 64 bits, such as 7 or 0x51c2")
	}
	f.value, f.set = v, true
	return nil
}

// policyFlag is a policy on the command line; empty leaves it to the seed.
type policyFlag sim.Policy

func (f *policyFlag) String() string { return string(*f) }

func (f *policyFlag) Type() string { return "policy" }

func (f *policyFlag) Set(text string) error {
	switch p := sim.Policy(text); p {
	case sim.Timed, sim.Random:
		*f = policyFlag(p)
		return nil
	}
	return fmt.Errorf("a policy is %s or %s", sim.Timed, sim.Random)
}
