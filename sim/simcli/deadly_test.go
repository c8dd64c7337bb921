//go:build unix

package simcli

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// Scenarios that take the process they run in with them, some of their seeds at
// least: only in a worker, so that a slip of a test does not end the test.

// deadly is tiny/ok, but the client does something else for its operations "add 7".
func deadly(name string, do func()) sim.Scenario {
	s := tiny(name, "ends its process now and then")
	s.Sometimes = nil
	s.Workload.Client = func(env actors.Env, rec *linearizability.Recorder) func(sim.Op) error {
		ordinary := client(env, rec)
		return func(op sim.Op) error {
			if op.Client == "c0" && op.N < 3 && op.Do.(add) == 7 {
				do()
			}
			return ordinary(op)
		}
	}
	return s
}

// hoard keeps what tiny/greedy allocates.
var hoard [][]byte

// recurse needs more stack than there is.
func recurse(n int) int { return recurse(n+1) + n }

// signalSelf does not return: the signal may take effect a little later.
func signalSelf(s syscall.Signal) {
	syscall.Kill(os.Getpid(), s)
	spin()
}

func spin() {
	for {
		runtime.Gosched()
	}
}

// isFirst reports whether no other process with this working directory has asked.
var isFirst = sync.OnceValue(func() bool {
	f, err := os.OpenFile("first", os.O_CREATE|os.O_EXCL, 0o644)
	if err == nil {
		f.Close()
	}
	return err == nil
})

func deadlyScenarios() []sim.Scenario {
	elsewhere := tiny("tiny/elsewhere", "fails in one process and passes in others")
	elsewhere.Checks = []sim.Check{{Name: "first", Func: func(*sim.Observation) error {
		if isFirst() {
			return errors.New("this process was the first")
		}
		return nil
	}}}
	slow := elsewhere
	slow.Name = "tiny/slow-elsewhere"
	slow.Workload.Client = func(env actors.Env, rec *linearizability.Recorder) func(sim.Op) error {
		ordinary := client(env, rec)
		return func(op sim.Op) error {
			if !isFirst() {
				env.Clock.Sleep(time.Millisecond)
			}
			return ordinary(op)
		}
	}
	return []sim.Scenario{
		deadly("tiny/exit", func() { os.Exit(0) }),
		deadly("tiny/stray", func() {
			go panic("a goroutine\x1b[31m of nobody")
			spin()
		}),
		deadly("tiny/overflow", func() { fmt.Println(recurse(0)) }),
		deadly("tiny/greedy", func() {
			for {
				hoard = append(hoard, make([]byte, 1<<20))
			}
		}),
		deadly("tiny/killed", func() { signalSelf(syscall.SIGKILL) }),
		deadly("tiny/stopped", func() { signalSelf(syscall.SIGSTOP) }),
		deadly("tiny/chatty", func() { fmt.Println("said by an actor") }),
		witness(), elsewhere, slow,
	}
}

// witnessVariable names the file in which tiny/witness notes what it was asked to
// generate.
const witnessVariable = "SIMRUN_TEST_WITNESS"

// notesOf opens the file of tiny/witness. The process locks it as long as it lives.
var notesOf = func() func(name string) *os.File {
	var f *os.File
	return func(name string) *os.File {
		if f == nil {
			var err error
			if f, err = os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
				panic(err)
			}
			if err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH); err != nil {
				panic(err)
			}
		}
		return f
	}
}()

// witness keeps a list of its own of the runs that began, against which what a
// campaign says of them is held.
func witness() sim.Scenario {
	s := tiny("tiny/witness", "notes each run that begins")
	generate := s.Workload.Generate
	s.Workload.Generate = func(d *faults.Draw, k sim.Knobs) []sim.Op {
		ops := generate(d, k)
		if name := os.Getenv(witnessVariable); name != "" {
			fmt.Fprintln(notesOf(name), os.Getpid(), ops)
		}
		return ops
	}
	return s
}
