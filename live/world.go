package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/simrun/simrun/actors"
)

// Options say where and which part of a topology runs. The zero value runs all
// of it, on loopback ports of the system's choice, but Dir is needed.
type Options struct {
	// Dir is the folder below which the hosts have their disks. It must exist.
	Dir string
	// Hosts are the hosts to run in this process; nil runs all.
	Hosts []string
	// Addrs are "ip:port" by host: where a host of this process listens and where
	// the others are. A host of this process without an entry listens on a free
	// port of 127.0.0.1. Without Certs all must be loopback addresses.
	Addrs map[string]string
	// Via returns the address at which a host of this process dials another: that of
	// a proxy, for one. With "", and if Via is nil, it is the other's own. It may be
	// called from any goroutine, once for each attempt.
	Via func(from, to string) string
	// Conn returns what takes the place of a connection that host has opened or
	// accepted, below TLS: one that counts, for example. Nil leaves them as they are.
	Conn func(host string, c net.Conn) net.Conn
	// Fate says what becomes of the n-th message, from 0, that this life of a host sends
	// to another; message is the name of its type. It is for tests of what actors do
	// about a network that loses, doubles and disorders messages, in a place where that can
	// be done to encrypted connections too; a system for use has none. It is called for
	// the messages of a link in their order, for those of different links at the same
	// time, and must neither block nor call the World. With nil, which costs nothing,
	// every message is sent at once.
	Fate func(from, to, message string, n uint64) Fate
	// Certs is a folder with ca.pem and, for each of Hosts, HOST.pem and HOST.key, as
	// [Authority.Issue] writes them. With it connections are TLS 1.3 and both ends
	// prove who they are: a host of the topology, in the role that the topology gives
	// it. "" leaves them neither encrypted nor authenticated.
	Certs string
	// Log receives what the actors log, and what the world has to say; nil
	// discards it.
	Log *slog.Logger
	// Record is a folder that exists, to which each boot of each host of this process
	// writes what it does: a file HOST-BOOT.trace of package trace. "" records nothing.
	// If the process is killed, a file lacks its end: at most 64 KiB, or what happened in
	// the last 50 ms.
	Record string
	// RecordMax bounds what is in Record of each host, in bytes, about: a boot then has
	// several files, HOST-BOOT.N.trace from the second on, and the oldest go, those of
	// earlier boots first. What cannot be written or removed ends the recording with one
	// line of the Log, and nothing else. 0 keeps everything.
	RecordMax int64
	// Note receives the facts of Env.Note, one at a time in their order. It must
	// not block and not call the World. Nil discards them.
	Note func(n Note)
}

// A Note is a fact with its origin.
type Note struct {
	Seq  int64         // strictly increasing
	At   time.Duration // since the start of the World, by the monotonic clock
	Host string
	Path string // host/actor or host/program
	Fact any
}

// A World is a running system, or this process's part of it. Its methods are safe
// for concurrent use, but must not be called from its actors or programs.
type World struct {
	opts     Options
	started  time.Time
	base     time.Duration // what the machine's monotonic clock said then
	may      permissions
	hosts    map[string]*host
	order    []*host           // as in the topology
	addrs    map[string]string // of all hosts; not written after the start
	programs programs
	counters counters
	turns    turns

	mu     sync.Mutex
	errs   []error
	failed chan struct{} // closed at the first of errs

	noteMu sync.Mutex
	seq    int64
}

// Start runs the hosts: their actors, in the order of the topology, and once all
// are there the programs. When it returns an error nothing is left running.
func Start(top actors.Topology, opts Options) (*World, error) {
	if err := top.Validate(); err != nil {
		return nil, err
	}
	if info, err := os.Stat(opts.Dir); err != nil {
		return nil, fmt.Errorf("folder of the disks: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("folder of the disks: %s is no folder", opts.Dir)
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	w := &World{opts: opts, may: newPermissions(top), hosts: map[string]*host{}, addrs: map[string]string{}, turns: newTurns(), failed: make(chan struct{})}
	w.started, w.base = monotonic()
	w.programs.none = closedChannel()
	if err := w.start(top); err != nil {
		w.kill()
		return nil, errors.Join(err, w.Err())
	}
	return w, nil
}

func (w *World) start(top actors.Topology) error {
	for _, h := range top.Hosts {
		if addr, ok := w.opts.Addrs[h.Name]; ok {
			if err := checkLoopback(addr); err != nil && w.opts.Certs == "" {
				return fmt.Errorf("host %s: %w", h.Name, err)
			}
			w.addrs[h.Name] = addr
		}
	}
	for _, name := range w.opts.Hosts {
		if !slices.ContainsFunc(top.Hosts, func(h actors.Host) bool { return h.Name == name }) {
			return fmt.Errorf("host %s is not in the topology", name)
		}
	}
	for _, def := range top.Hosts {
		if w.opts.Hosts == nil || slices.Contains(w.opts.Hosts, def.Name) {
			if err := w.listen(def); err != nil {
				return err
			}
		}
	}
	for _, h := range w.order {
		if _, err := h.start(); err != nil {
			return err
		}
	}
	for _, h := range w.order {
		go h.accept()
	}
	for _, h := range w.order {
		if b := h.current(); b != nil {
			b.startPrograms()
		}
	}
	return nil
}

func (w *World) listen(def actors.Host) error {
	addr := w.addrs[def.Name]
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	h := &host{world: w, name: def.Name, def: def}
	var err error
	if w.opts.Certs != "" {
		if h.creds, err = loadCredentials(w.opts.Certs, h.name, w.may.roles); err != nil {
			return fmt.Errorf("host %s: %w", h.name, err)
		}
	}
	config := net.ListenConfig{KeepAlive: -1} // a stranger has its deadline: see receiver.handshake
	if h.listener, err = config.Listen(context.Background(), "tcp", addr); err != nil {
		return fmt.Errorf("host %s: %w", def.Name, err)
	}
	w.hosts[h.name] = h
	w.order = append(w.order, h)
	w.addrs[h.name] = h.listener.Addr().String()
	return nil
}

func checkLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("address %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("address %s is no loopback address: connections are not encrypted", addr)
	}
	return nil
}

// Addr returns the address of a host, "" if it is not known.
func (w *World) Addr(host string) string {
	addr, _ := w.addr(host)
	return addr
}

func (w *World) addr(host string) (string, bool) {
	addr, ok := w.addrs[host]
	return addr, ok
}

// via returns the address at which from dials to.
func (w *World) via(from, to string) (string, bool) {
	addr, ok := w.addr(to)
	if ok && w.opts.Via != nil {
		if other := w.opts.Via(from, to); other != "" {
			addr = other
		}
	}
	return addr, ok
}

// conn gives the owner of the World a new connection of a host to wrap.
func (w *World) conn(host string, c net.Conn) net.Conn {
	if w.opts.Conn == nil {
		return c
	}
	return w.opts.Conn(host, c)
}

// Counts says what became of the messages so far.
func (w *World) Counts() Counts { return w.counters.snapshot() }

// Wait returns once all programs have ended, at the first failure, or when ctx
// ends: with the errors of the programs, what stopped a host (a panic, Halt), or
// ctx's error. A program that died with its host has ended without an error.
func (w *World) Wait(ctx context.Context) error {
	select {
	case <-w.failed:
	case <-w.programs.ended():
	case <-ctx.Done():
		return errors.Join(w.Err(), fmt.Errorf("wait for programs %s: %w", strings.Join(w.Running(), ", "), ctx.Err()))
	}
	return w.Err()
}

// Run starts one more program on a host that is running. Neither an actor nor a
// program of the host's topology may have its name. A Wait that begins after Run
// waits for it too; a restart of the host does not start it again.
func (w *World) Run(host string, p actors.ProgramDef) error {
	h, err := w.host(host)
	if err != nil {
		return err
	}
	with := h.def
	with.Programs = append(slices.Clip(with.Programs), p)
	if err := (actors.Topology{Hosts: []actors.Host{with}}).Validate(); err != nil {
		return err
	}
	b := h.current()
	if b == nil {
		return fmt.Errorf("host %s: run %s: %w", host, p.Name, errDown)
	}
	b.startProgram(p)
	return nil
}

// Running returns the paths of the programs that have not ended, sorted.
func (w *World) Running() []string { return w.programs.running() }

// Err returns the failures so far: errors of programs, and what stopped a host.
func (w *World) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return errors.Join(w.errs...)
}

// Failed is closed at the first failure; [World.Err] says what it was.
func (w *World) Failed() <-chan struct{} { return w.failed }

// Boot returns the number of the present or last life of a host that runs here, 0
// before its first.
func (w *World) Boot(host string) uint64 {
	h, err := w.host(host)
	if err != nil {
		return 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.boot == nil {
		return 0
	}
	return h.boot.number
}

// Crash ends a host at once: no actor is told, what is queued is lost, and its
// Env is dead. Bytes written to its disk stay. It returns when no call of a Disk
// is under way any more.
func (w *World) Crash(host string) error {
	h, err := w.host(host)
	if err != nil {
		return err
	}
	b := h.current()
	if b == nil {
		return fmt.Errorf("host %s: crash: %w", host, errDown)
	}
	b.die(false)
	return nil
}

// StopHost ends a host gracefully: its actors receive Stopping. When ctx ends
// before they have stopped, the host crashes and the error says so.
func (w *World) StopHost(ctx context.Context, host string) error {
	h, err := w.host(host)
	if err != nil {
		return err
	}
	return h.stop(ctx)
}

// Restart starts a host that is down, with a larger Boot, and its programs too if
// asked for.
func (w *World) Restart(host string, programs bool) error {
	h, err := w.host(host)
	if err != nil {
		return err
	}
	b, err := h.start()
	if err == nil && programs {
		b.startPrograms()
	}
	return err
}

// Wipe deletes the disk of a host that is down.
func (w *World) Wipe(host string) error {
	h, err := w.host(host)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.boot != nil && !h.boot.dead() {
		return fmt.Errorf("host %s: wipe: it is running", host)
	}
	base, err := os.OpenRoot(w.opts.Dir)
	if err != nil {
		return fmt.Errorf("host %s: wipe: %w", host, err)
	}
	defer base.Close()
	if err := errors.Join(base.RemoveAll(host), syncFolder(base, ".")); err != nil {
		return fmt.Errorf("host %s: wipe: %w", host, err)
	}
	return nil
}

// Stop stops all hosts gracefully, in the reverse order of the topology, and
// closes the World. Programs that are still running die with their host; Stop
// waits until they have unwound.
func (w *World) Stop(ctx context.Context) error {
	var errs []error
	for _, h := range slices.Backward(w.order) {
		errs = append(errs, h.stop(ctx))
	}
	w.kill()
	select {
	case <-w.programs.ended():
	case <-ctx.Done():
		errs = append(errs, fmt.Errorf("stop: programs %s still busy: %w", strings.Join(w.Running(), ", "), ctx.Err()))
	}
	return errors.Join(errs...)
}

// kill ends what is left.
func (w *World) kill() {
	for _, h := range w.order {
		_ = h.listener.Close()
		if b := h.current(); b != nil {
			b.die(false)
		}
	}
}

func (w *World) host(name string) (*host, error) {
	if h := w.hosts[name]; h != nil {
		return h, nil
	}
	return nil, fmt.Errorf("host %s does not run here", name)
}

// report records a failure.
func (w *World) report(err error) {
	w.opts.Log.Error("failure", "error", err)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.errs) == 0 {
		close(w.failed)
	}
	w.errs = append(w.errs, err)
}

// note stamps a fact. Number and time are taken under one lock, so that their
// orders agree.
func (w *World) note(rec *recorder, host, path string, fact any) {
	if w.opts.Note == nil && rec == nil {
		return
	}
	at := w.stamp(host, path, fact)
	rec.note(path, at, fact)
}

func (w *World) stamp(host, path string, fact any) time.Duration {
	w.noteMu.Lock()
	defer w.noteMu.Unlock()
	w.seq++
	n := Note{Seq: w.seq, At: time.Since(w.started), Host: host, Path: path, Fact: fact}
	if w.opts.Note != nil {
		w.opts.Note(n)
	}
	return n.At
}

// Base returns what the monotonic clock of the machine said at the start of the World:
// times of Notes count from it. So what several processes noted has one order.
func (w *World) Base() time.Duration { return w.base }
