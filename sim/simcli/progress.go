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

// progress is one line that follows a campaign on a terminal. Elsewhere it is
// silent.
type progress struct {
	bars *mpb.Progress // nil: silent
	bar  *mpb.Bar
	done chan struct{}
	over chan struct{}
}

func newProgress(w io.Writer, c *campaign, silent bool) *progress {
	p := &progress{}
	if f, ok := w.(*os.File); silent || !ok || !isatty.IsTerminal(f.Fd()) {
		return p
	}
	total := int64(c.limit / time.Millisecond)
	if c.runs > 0 {
		total = int64(c.runs * len(c.scenarios))
	}
	began := time.Now()
	p.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
	p.bar = p.bars.New(total, mpb.BarStyle(),
		mpb.BarRemoveOnComplete(),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			runs, violations := c.counts()
			return fmt.Sprintf(" %s, %.0f a second, %s", counted(runs, "run"), float64(runs)/time.Since(began).Seconds(), counted(violations, "violation"))
		})))
	p.done, p.over = make(chan struct{}), make(chan struct{})
	go p.follow(c, began)
	return p
}

// follow moves the bar until stop.
func (p *progress) follow(c *campaign, began time.Time) {
	defer close(p.over)
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-p.done:
			return
		case <-ticker.C:
		}
		// The bar must not complete before the campaign does.
		if c.runs > 0 {
			runs, _ := c.counts()
			p.bar.SetCurrent(min(int64(runs), int64(c.runs*len(c.scenarios))-1))
		} else {
			p.bar.SetCurrent(min(time.Since(began), c.limit-time.Millisecond).Milliseconds())
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
