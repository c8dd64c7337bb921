package zoo

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/simrun/simrun/internal/view"
)

// progress says on a terminal where the command is, in one line that moves, and
// everywhere what it has done, one line a block.
type progress struct {
	out   io.Writer // nil: nothing is said
	bars  *mpb.Progress
	bar   *mpb.Bar
	mu    sync.Mutex
	where string
}

func newProgress(w io.Writer, quiet bool) *progress {
	p := &progress{out: w}
	if quiet {
		p.out = nil
	}
	if f, ok := w.(*os.File); ok && !quiet && isatty.IsTerminal(f.Fd()) {
		p.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
		p.out = p.bars
	}
	return p
}

// begin says how many mutants there are to build.
func (p *progress) begin(mutants int) {
	if p.bars == nil || mutants == 0 {
		return
	}
	p.where = " building"
	p.bar = p.bars.New(int64(mutants), mpb.BarStyle(), mpb.BarRemoveOnComplete(),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.where
		})))
}

// seeds says how far a block is.
func (p *progress) seeds(m *mutant, n, tried int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.where = fmt.Sprintf(" %s, block %d, seed %d of %d", m.name, n, tried, m.difficulty.budget())
}

// done says that a mutant is done with.
func (p *progress) done() {
	if p.bar != nil {
		p.bar.Increment()
	}
}

// block says what came of a block.
func (p *progress) block(m *mutant, b *block) {
	if b.Killed {
		p.line("%s  block %d: seed %v, the %d. tried, kills: %s: %s", m.name, b.N, b.Seed, b.Tried, b.Check, b.Why)
	} else {
		p.line("%s  block %d: not killed by %d seeds%s", m.name, b.N, b.Tried, apartText(b.Apart))
	}
}

// line prints a line above the one that moves.
func (p *progress) line(format string, args ...any) {
	if p.out != nil {
		fmt.Fprintln(p.out, view.Clean(fmt.Sprintf(format, args...)))
	}
}

// stop removes the line that moves.
func (p *progress) stop() {
	if p.bars == nil {
		return
	}
	if p.bar != nil {
		p.bar.Abort(true)
	}
	p.bars.Wait()
}
