package harness

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/simrun/simrun/live"
)

// reportsFile is the descriptor on which a process of a host reports.
const reportsFile = 3

// A process node is a host in a process of its own, another one for each life.
type process struct {
	command func() *exec.Cmd
	first   begin
	epoch   time.Duration // the start of the run, by the clock of the machine
	tell    listener

	mu      sync.Mutex
	over    bool     // no further life begins
	running *running // nil: none
	begun   bool     // running has its first order
	lives   int
	counted []live.Counts // by life, as reported last
}

// running is one life.
type running struct {
	number int // from 1
	cmd    *exec.Cmd
	orders io.WriteCloser
	words  lastWords
	up     chan begun    // holds one when the host is up
	held   chan Held     // holds one that was asked for
	failed chan struct{} // holds one when a failure was told
	gone   chan struct{} // closed when the process has ended and all its reports are read
	err    error         // why it ended; valid when gone is closed

	mu       sync.Mutex
	expected bool   // somebody has ended it
	ended    func() // is told when no program is left
	pauses   int    // in effect
}

func (p *process) start(ctx context.Context, programs bool) (begun, error) {
	life := &running{cmd: p.command(), up: make(chan begun, 1), held: make(chan Held, 1), failed: make(chan struct{}, 1), gone: make(chan struct{})}
	reports, err := p.launch(life)
	if err != nil {
		return begun{}, fmt.Errorf("host %s: start process: %w", p.first.Host, err)
	}
	go p.listen(life, reports)
	if err := p.begin(life, programs); err != nil {
		err = fmt.Errorf("host %s: start process: %w", p.first.Host, err)
		return begun{}, errors.Join(err, p.kill())
	}
	select {
	case b := <-life.up:
		return b, nil
	case <-life.failed:
		return begun{}, fmt.Errorf("host %s: it failed before it was up", p.first.Host)
	case <-life.gone:
		return begun{}, fmt.Errorf("host %s: %s before it was up", p.first.Host, life.death())
	case <-ctx.Done():
		return begun{}, errors.Join(ctx.Err(), p.kill())
	}
}

// begin gives a life its first order.
func (p *process) begin(life *running, programs bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	first := p.first
	first.Programs, first.Life = programs, p.lives
	p.begun = true
	return life.order(order{Begin: &first})
}

// deliver is for the life that has begun, if there is one, and for those to come. One
// that has just ended takes no order.
func (p *process) deliver(d delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.first.Delivery = &d; p.begun {
		_ = p.running.order(order{Delivery: &d})
	}
}

// launch starts the process, with the pipes to and from it.
func (p *process) launch(life *running) (reports *os.File, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return nil, context.Canceled
	}
	reports, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	life.cmd.ExtraFiles = []*os.File{theirs}
	life.cmd.Stdout, life.cmd.Stderr = &life.words, &life.words
	life.cmd.SysProcAttr = dieWithParent()
	// A grandchild that holds the pipes does not hold up the run.
	life.cmd.WaitDelay = time.Second
	if life.orders, err = life.cmd.StdinPipe(); err == nil {
		err = life.cmd.Start()
	}
	if err != nil {
		return nil, errors.Join(err, reports.Close())
	}
	p.running, p.begun = life, false
	p.lives++
	life.number = p.lives
	p.counted = append(p.counted, live.Counts{})
	return reports, nil
}

// listen takes the reports of a life until its process has ended.
func (p *process) listen(life *running, reports *os.File) {
	defer close(life.gone)
	err := readReports(reports, func(kind byte, b []byte) error { return p.take(life, kind, b) })
	if err != nil {
		p.tell.failed(processCheck, fmt.Errorf("host %s: reports: %w", p.first.Host, err))
		_ = life.cmd.Process.Kill()
	}
	_ = reports.Close()
	life.err = life.cmd.Wait()
	life.mu.Lock()
	expected := life.expected
	life.mu.Unlock()
	if !expected {
		p.tell.failed(processCheck, fmt.Errorf("host %s: %s", p.first.Host, life.death()))
	}
}

// processCheck is the check of a process that ends although nobody has ended it.
const processCheck = "process"

func (p *process) take(life *running, kind byte, b []byte) error {
	switch kind {
	case reportBegun:
		var up begun
		if err := json.Unmarshal(b, &up); err != nil {
			return err
		}
		life.up <- up
	case reportNote:
		n, err := parseNote(p.first.Host, b)
		if err != nil {
			return err
		}
		n.At -= p.epoch
		p.tell.noted(n)
	case reportIssued:
		p.tell.issued(int(binary.BigEndian.Uint32(b)))
	case reportMet:
		p.tell.met(int(binary.BigEndian.Uint32(b)))
	case reportCounts:
		var c live.Counts
		if err := json.Unmarshal(b, &c); err != nil {
			return err
		}
		p.mu.Lock()
		p.counted[life.number-1] = c
		p.mu.Unlock()
	case reportHeld:
		var h Held
		if err := json.Unmarshal(b, &h); err != nil {
			return err
		}
		select {
		case life.held <- h:
		default: // nobody waits for it any more
		}
	case reportEnded:
		life.mu.Lock()
		ended := life.ended
		life.mu.Unlock()
		ended()
	case reportFailed:
		var f failure
		if err := json.Unmarshal(b, &f); err != nil {
			return err
		}
		p.tell.failed(f.Check, errors.New(f.Why))
		select {
		case life.failed <- struct{}{}:
		default:
		}
	default:
		return fmt.Errorf("a report of kind %q", kind)
	}
	return nil
}

func (p *process) work(w work, ended func()) error {
	life := p.life()
	life.mu.Lock()
	life.ended = ended
	life.mu.Unlock()
	if err := life.order(order{Work: &w}); err != nil {
		select {
		case <-life.gone: // which its death tells
		case <-time.After(graceTime):
			return fmt.Errorf("host %s: %w", p.first.Host, err)
		}
	}
	return nil
}

func (p *process) life() *running {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running
}

// kill sends SIGKILL. What the process has noted is read first.
func (p *process) kill() error {
	life := p.life()
	if life == nil {
		return nil
	}
	life.expect()
	err := life.cmd.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-life.gone
	_ = life.orders.Close()
	return err
}

// stop sends SIGTERM, and SIGKILL when ctx ends.
func (p *process) stop(ctx context.Context) error {
	life := p.life()
	life.expect()
	if err := life.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("host %s: stop: %w", p.first.Host, err)
	}
	select {
	case <-life.gone:
		if life.err != nil {
			return fmt.Errorf("host %s: stop: %s", p.first.Host, life.death())
		}
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("host %s: stop: %w", p.first.Host, ctx.Err()), p.kill())
	}
}

func (p *process) pause() error { return p.life().pause() }

func (p *process) resume() error { return p.life().resume() }

const (
	// slowPeriod is how often a slow host runs and is held up, and slowRun how long it
	// runs at least.
	slowPeriod = 5 * time.Millisecond
	slowRun    = 300 * time.Microsecond
)

// slow holds the process up and lets it run by turns.
func (p *process) slow(factor int) (undo func(), err error) {
	runs := max(slowPeriod/time.Duration(factor), slowRun)
	over, done := make(chan struct{}), make(chan struct{})
	wait := func(d time.Duration) bool {
		select {
		case <-time.After(d):
			return true
		case <-over:
			return false
		}
	}
	go func() {
		defer close(done)
		for goesOn := true; goesOn && !p.isOver(); goesOn = wait(runs) {
			life := p.life()
			if life.pause() != nil {
				continue // it has ended; the next one is slow too
			}
			goesOn = wait(runs * time.Duration(factor-1))
			_ = life.resume() // unless it has just ended
		}
	}()
	return func() {
		close(over)
		<-done
	}, nil
}

func (p *process) isOver() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}

// counts lack what a process that was killed did in its last moment.
func (p *process) counts() []live.Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.counted)
}

func (p *process) end(context.Context) error {
	p.mu.Lock()
	p.over = true
	p.mu.Unlock()
	return p.kill()
}

func (l *running) expect() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expected = true
}

// pause holds the process up until as many calls of resume have followed.
func (l *running) pause() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pauses == 0 {
		if err := l.cmd.Process.Signal(stopSignal); err != nil {
			return err
		}
	}
	l.pauses++
	return nil
}

func (l *running) resume() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pauses--; l.pauses > 0 {
		return nil
	}
	return l.cmd.Process.Signal(continueSignal)
}

func (l *running) order(o order) error {
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	_, err = l.orders.Write(append(b, '\n'))
	return err
}

// death says how the process has ended, and what it said last.
func (l *running) death() string {
	text := "the process ended with exit code 0"
	if l.err != nil {
		text = "the process ended: " + l.err.Error()
	}
	if words := l.words.String(); words != "" {
		text += "\n" + words
	}
	return text
}

// wordsMost bounds what is kept of what a process prints.
const wordsMost = 16 << 10

// lastWords keeps the beginning of what a process prints: a panic says first what it
// is about.
type lastWords struct {
	mu sync.Mutex
	b  []byte
}

// Write implements io.Writer; it takes everything.
func (l *lastWords) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, b[:min(len(b), wordsMost-len(l.b))]...)
	return len(b), nil
}

func (l *lastWords) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(string(l.b))
}
