package sim

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
)

// A goroutine that an actor starts is not the world's: what it does depends on
// the Go scheduler. Its calls are recognized when no step of its incarnation is
// running, and otherwise because there are more goroutines than the worlds
// account for, which is cheap to see; only then are ids compared.

// ours counts the goroutines of all worlds of the process, coroutines included.
var ours atomic.Int64

// strangers counts all other goroutines.
func strangers() int64 { return int64(runtime.NumGoroutine()) - ours.Load() }

// outside handles a call that does not belong to the running step. On a foreign
// goroutine it remembers what was done, for the world to fail by name at the end
// of its step, and ends the goroutine.
func (w *world) outside(what string) {
	if onCoroutine() {
		panic(failure{"foreign Env", errors.New(what + " was made by another actor: an Env and a PID belong to the one that got them")})
	}
	w.foreign.CompareAndSwap(nil, &what)
	runtime.Goexit()
}

// checkHome makes sure that the caller is the running coroutine.
func (w *world) checkHome(ep *endpoint) {
	if strangers() <= w.strangers || w.killing != nil || goroutineID() == w.running.id {
		return
	}
	what := "a call of the Env of " + ep.name()
	w.foreign.CompareAndSwap(nil, &what)
	runtime.Goexit()
}

// foreignCall fails the run for a call that outside caught.
func (w *world) foreignCall() {
	w.fail(Violation, "foreign goroutine", errors.New(*w.foreign.Load()+" came from a goroutine: actors must not start any"))
}

// onCoroutine reports whether the caller runs on a coroutine of a world.
func onCoroutine() bool {
	buf := make([]byte, 64<<10)
	return bytes.Contains(buf[:runtime.Stack(buf, false)], []byte("sim.(*coroutine).body"))
}

// stranded counts the goroutines that were started on a coroutine of this world
// and are still alive: a stack ends with "created by f in goroutine 18".
func (w *world) stranded() int {
	buf := make([]byte, 1<<20)
	count := 0
	for _, g := range bytes.Split(buf[:runtime.Stack(buf, true)], []byte("\n\n")) {
		i := bytes.LastIndex(g, []byte("created by "))
		if i < 0 {
			continue
		}
		line, _, _ := bytes.Cut(g[i:], []byte("\n"))
		_, id, ok := bytes.Cut(line, []byte(" in goroutine "))
		if !ok || bytes.HasPrefix(line, []byte("created by iter.Pull")) {
			continue
		}
		if n, err := strconv.ParseUint(string(id), 10, 64); err == nil && slices.Contains(w.homes, n) {
			count++
		}
	}
	return count
}

// goroutineID parses the header of the stack, "goroutine 18 [running]:". It takes
// microseconds.
func goroutineID() uint64 {
	var buf [64]byte
	b := buf[:runtime.Stack(buf[:], false)]
	b = bytes.TrimPrefix(b, []byte("goroutine "))
	if i := bytes.IndexByte(b, ' '); i > 0 {
		id, _ := strconv.ParseUint(string(b[:i]), 10, 64)
		return id
	}
	return 0
}
