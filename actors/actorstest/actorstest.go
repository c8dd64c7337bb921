// Package actorstest is the conformance suite of the actors contract. Both worlds
// pass it, so what an actor learns in one holds in the other.
//
// The suite is a list of small systems whose programs return an error when their
// world does not keep to the contract. What needs a fault or a second boot is
// tested by each world itself.
package actorstest

import (
	"fmt"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// T is the part of *testing.T that the suite needs, so that this package does not
// link testing into a binary.
type T[Self any] interface {
	Helper()
	Run(name string, f func(t Self)) bool
	Error(args ...any)
}

// Run runs every system of the suite as a subtest. The function given runs a
// topology to the end of its programs, without faults, and returns the error of
// a program or of the world.
func Run[Self T[Self]](t Self, world func(t Self, top actors.Topology) error) {
	t.Helper()
	for _, c := range cases() {
		t.Run(c.claim, func(t Self) {
			t.Helper()
			if err := world(t, c.top); err != nil {
				t.Error(err)
			}
		})
	}
}

// A testCase is a system that ends without an error if the claim holds.
type testCase struct {
	claim string
	top   actors.Topology
}

func cases() []testCase {
	var all []testCase
	for _, group := range [][]testCase{clockCases(), requestCases(), messageCases(), spawnCases(), diskCases()} {
		all = append(all, group...)
	}
	return all
}

// here and there are the hosts of every system; the program runs here.
const (
	here  = "here"
	there = "there"
)

// system has the program at here/test. Each actor is given as its path.
func system(program actors.Program, byPath ...actorAt) actors.Topology {
	hosts := []actors.Host{
		{Name: here, Programs: []actors.ProgramDef{{Name: "test", Run: program}}},
		{Name: there},
	}
	for _, a := range byPath {
		host, name, _ := strings.Cut(a.path, "/")
		i := 0
		if host == there {
			i = 1
		}
		hosts[i].Actors = append(hosts[i].Actors, actors.ActorDef{Name: name, New: a.new})
	}
	return actors.Topology{Hosts: hosts}
}

type actorAt struct {
	path string
	new  actors.Producer
}

// at is an actor that is one function, made anew for each boot.
func at(path string, f func(env actors.Env) actor.ReceiveFunc) actorAt {
	return actorAt{path, func(env actors.Env) actor.Actor { return f(env) }}
}

// unlike returns an error unless got is want.
func unlike[V comparable](what string, got, want V) error {
	if got != want {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}
