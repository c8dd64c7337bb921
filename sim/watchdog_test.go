package sim

import (
	"runtime"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// answering is the scenario registers with another actor and without a Model.
func answering(answer func(ctx actor.Context)) Scenario {
	s := registers("simtest/answering", true)
	s.Model, s.Sometimes = nil, nil
	s.Topology = func(Knobs) actors.Topology {
		server := actors.Host{Name: "server", Actors: []actors.ActorDef{{Name: "register", New: func(actors.Env) actor.Actor {
			return actor.ReceiveFunc(func(ctx actor.Context) {
				if _, ok := ctx.Message().(registerAsk); ok {
					answer(ctx)
				}
			})
		}}}}
		return actors.Topology{Hosts: []actors.Host{server, {Name: "c0"}, {Name: "c1"}, {Name: "final"}}}
	}
	return s
}

func TestAnActorThatWaitsOnAChannelIsNamed(t *testing.T) {
	inFolder(t, "SIM_WATCHDOG", "200ms")
	never := make(chan int)
	tb := &recordedTB{name: "TestRegister"}
	if tb.run(answering(func(actor.Context) { waitOn(never) })) {
		t.Fatal("passed")
	}
	text := tb.errors.String()
	for _, want := range []string{
		"simtest/answering: HARNESS: watchdog", "did not end within 200ms", "[chan receive]", "sim.waitOn(", "===== PLAN =====\nplan", "seed     0x", "saved in ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report has no %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "sim.(*coroutine).body") {
		t.Errorf("the stack goes on into the simulator:\n%s", text)
	}
	close(never) // the run ends after all, and leaves nothing to the tests after this one
	for live.Load() > 0 {
		runtime.Gosched()
	}
}

//go:noinline
func waitOn(c <-chan int) { <-c }

func TestFunctionsOfAScenarioMayNotPanicOrEndTheTest(t *testing.T) {
	for _, test := range []struct {
		want string
		do   func()
	}{
		{"HARNESS: checker panic", func() { panic("a slip") }},
		{"HARNESS: goexit", runtime.Goexit},
	} {
		inFolder(t)
		s := registers("simtest/register", true)
		s.Workload.Final = func(Knobs, []Op) []Op { return nil }
		s.Checks = []Check{{Name: "own", Func: func(*Observation) error { test.do(); return nil }}}
		s.Model = nil
		tb := &recordedTB{name: "TestRegister"}
		if tb.run(s) || !strings.Contains(tb.errors.String(), test.want) {
			t.Errorf("want %s, got\n%s", test.want, tb.errors.String())
		}
	}
}

// R120: runs that pass are compared too.
func TestRunsThatPassAreComparedWithThemselves(t *testing.T) {
	inFolder(t)
	answers := 0
	tb := &recordedTB{name: "TestRegister"}
	passed := tb.run(answering(func(ctx actor.Context) {
		answers++
		ctx.Respond(registerAnswer{Value: answers})
	}))
	text := tb.errors.String()
	if passed || !strings.Contains(text, "HARNESS: nondeterminism") || !strings.Contains(text, "two runs of one plan differ: event ") {
		t.Errorf("got\n%s", text)
	}
}
