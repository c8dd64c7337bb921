package simcli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// workerVariable is set in the environment of a worker. The program is started
// again with the arguments it was started with, so that it comes to Main on the
// same way, whatever it does before.
const workerVariable = "SIMRUN_WORKER"

// arguments are those of the process, before anybody changed them.
var arguments = slices.Clone(os.Args)

const (
	// A worker that was told to end has this long to save what it is shrinking.
	lastWords = 5 * time.Second
	// readyLimit is how long a program may take until it comes to Main.
	readyLimit = time.Minute
	// dumpLimit is how long a worker may take to say what it is busy with.
	dumpLimit = 2 * time.Second
	// strikes is how many times in a row a worker has to be silent for its share of
	// the limit. A machine that was asleep, or a job that was stopped and goes on,
	// costs one of them.
	strikes = 4
)

// A process is a worker as the campaign sees it: another process, so that nothing
// that a run does can take the campaign with it.
type process struct {
	cmd     *exec.Cmd
	orders  io.WriteCloser
	stdout  io.ReadCloser
	reports chan report // closed when the process has ended
	log     *processLog
	limit   time.Duration // of silence
	killed  string        // why the campaign ended it; "" if it did not
	err     error         // how it ended, nil for exit code 0; valid when reports is closed
}

// startProcess starts a worker and waits until it is ready. What it prints goes to
// printed.
func startProcess(set settings, limit time.Duration, printed io.Writer) (*process, error) {
	path, err := executable()
	if err != nil {
		return nil, fmt.Errorf("worker process: %w", err)
	}
	p := &process{cmd: exec.Command(path), reports: make(chan report), log: &processLog{to: printed}, limit: limit}
	p.cmd.Args = arguments
	p.cmd.Env = append(os.Environ(), workerVariable+"=1")
	p.cmd.Stderr = p.log
	// A grandchild that holds the pipes does not hold up the campaign.
	p.cmd.WaitDelay = time.Second
	if p.orders, err = p.cmd.StdinPipe(); err == nil {
		p.stdout, err = p.cmd.StdoutPipe()
	}
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("worker process: %w", err)
	}
	go p.listen()
	p.order(order{Begin: &set})
	r, ok := p.next(readyLimit)
	if ok && r.Ready {
		return p, nil
	}
	p.end()
	if r.Broken != "" {
		return nil, errors.New(r.Broken)
	}
	words, _, _ := strings.Cut(p.log.take(), "\n")
	return nil, fmt.Errorf("worker process: %s before it was ready (%s); a program has to come to simcli.Main when it is started again with its own arguments", p.death(), words)
}

// listen hands on what the worker reports, until it has ended. Lines that are no
// reports are what the program prints on its way to Main.
func (p *process) listen() {
	lines := bufio.NewReader(p.stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var r report
		if !bytes.HasPrefix(line, []byte("{")) || json.Unmarshal(line, &r) != nil {
			p.log.Write(line)
			continue
		}
		p.reports <- r
	}
	p.err = p.cmd.Wait()
	close(p.reports)
}

// order tells the worker what to do. A worker that is gone does not hear it, which
// its reports tell as well.
func (p *process) order(o order) {
	b, err := json.Marshal(o)
	if err != nil {
		panic(fmt.Sprintf("order %+v: %v", o, err))
	}
	p.orders.Write(append(b, '\n'))
}

// next waits for a report; false if the process has ended. One that is silent for
// the limit is ended, for the reason "watchdog".
func (p *process) next(limit time.Duration) (report, bool) {
	tick := time.NewTicker(max(limit/strikes, time.Millisecond))
	defer tick.Stop()
	for range strikes {
		select {
		case r, ok := <-p.reports:
			return r, ok
		case <-tick.C:
		}
	}
	p.killed = watchdogCheck
	// Its last words: what it is busy with.
	p.order(order{Dump: true})
	patience := time.AfterFunc(dumpLimit, p.kill)
	defer patience.Stop()
	for range p.reports {
	}
	return report{}, false
}

// kill ends the process at once.
func (p *process) kill() {
	p.cmd.Process.Kill()
	p.stdout.Close()
}

// end lets an idle process end, and one that is busy soon.
func (p *process) end() {
	p.orders.Close()
	patience := time.AfterFunc(2*lastWords, p.kill)
	defer patience.Stop()
	for range p.reports {
	}
}

// death says how the process has ended.
func (p *process) death() string {
	var exit *exec.ExitError
	switch {
	case p.err == nil:
		return "the process ended with exit code 0"
	case errors.As(p.err, &exit):
		return "the process ended: " + exit.ProcessState.String()
	}
	return "the process ended: " + p.err.Error()
}

// exitCode is that of a process that has ended by itself, or -1.
func (p *process) exitCode() int { return p.cmd.ProcessState.ExitCode() }

const (
	// logMost is how much of what a worker prints between two reports is kept.
	logMost = 64 << 10
	// wordsMost is how many lines of it are shown when it has died.
	wordsMost = 60
)

// A processLog keeps what a worker prints until its next report. Then it is known
// to be none of its last words, and is passed on.
type processLog struct {
	to io.Writer

	mu   sync.Mutex
	b    []byte
	more bool // than was kept
}

// Write keeps the beginning: a panic says first what it is about.
func (l *processLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	keep := min(len(b), logMost-len(l.b))
	l.b, l.more = append(l.b, b[:keep]...), l.more || keep < len(b)
	return len(b), nil
}

// pass hands on what there is.
func (l *processLog) pass() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.b) > 0 {
		l.to.Write(l.b)
	}
	l.b, l.more = l.b[:0], false
}

// take returns the first lines of what there is, and forgets it.
func (l *processLog) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := strings.Split(strings.TrimSpace(string(l.b)), "\n")
	if l.more || len(all) > wordsMost {
		all = append(all[:min(len(all), wordsMost)], "...")
	}
	l.b, l.more = l.b[:0], false
	return strings.Join(all, "\n")
}
