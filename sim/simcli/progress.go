package simcli

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress is one line that follows what takes long on a terminal. Elsewhere it is
// silent.
type progress struct {
	bars *mpb.Progress // nil: silent
	bar  *mpb.Bar
	done chan struct{}
	over chan struct{}
}

func newProgress(w io.Writer, c *campaign, silent bool) *progress {
	began := time.Now()
	total := c.limit.Milliseconds()
	at := func() int64 { return time.Since(began).Milliseconds() }
	if c.runs > 0 {
		total = int64(c.runs * len(c.scenarios))
		at = func() int64 {
			runs, _ := c.counts()
			return int64(runs)
		}
	}
	return newBar(w, silent, total, at, func() string {
		runs, violations := c.counts()
		return fmt.Sprintf(" %s, %.0f a second, %s", counted(runs, "run"), float64(runs)/time.Since(began).Seconds(), counted(violations, "violation"))
	})
}

// newBar is a line that shows how much of a total is done, and words of its own.
func newBar(w io.Writer, silent bool, total int64, at func() int64, words func() string) *progress {
	p := &progress{}
	if f, ok := w.(*os.File); silent || !ok || !isatty.IsTerminal(f.Fd()) {
		return p
	}
	p.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
	p.bar = p.bars.New(total, mpb.BarStyle(),
		mpb.BarRemoveOnComplete(),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return words() })))
	p.done, p.over = make(chan struct{}), make(chan struct{})
	go p.follow(total, at)
	return p
}

// follow moves the bar until stop.
func (p *progress) follow(total int64, at func() int64) {
	defer close(p.over)
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-p.done:
			return
		case <-ticker.C:
			p.bar.SetCurrent(min(at(), total-1)) // it must not complete before what it shows does
		}
	}
}

// print writes text above the line.
func (p *progress) print(out io.Writer, text string) {
	if f, ok := out.(*os.File); p.bars != nil && ok && isatty.IsTerminal(f.Fd()) {
		out = p.bars
	}
	io.WriteString(out, text)
}

// A printer prints above the line.
type printer struct {
	above *progress
	to    io.Writer
}

func (p printer) Write(b []byte) (int, error) {
	p.above.print(p.to, string(b))
	return len(b), nil
}

// stop removes the line.
func (p *progress) stop() {
	if p.bars == nil {
		return
	}
	close(p.done)
	<-p.over
	p.bar.Abort(true)
	p.bars.Wait()
}

// counts are the runs and violations so far.
func (c *campaign) counts() (runs, violations int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.tallies {
		runs += t.runs
		violations += t.violations
	}
	return runs, violations
}
