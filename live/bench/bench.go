package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/simrun/simrun/actors/store"
)

// Options bound a measurement. Ops, Time, Bytes (at least 4) and CPU must be set.
type Options struct {
	// Ops is the number of operations of each row, and Time the longest a row issues
	// any: a row with one outstanding rarely has time for all.
	Ops  int
	Time time.Duration
	// Bytes is the size of what an operation carries.
	Bytes int
	// TLS measures everything a second time, encrypted.
	TLS bool
	// CPU returns the processor time that the process has used.
	CPU func() time.Duration
	// Dir is the folder in which the store's disks are made, and removed; "" is the
	// system's for temporary files.
	Dir string
}

// A Row is the result of one job.
type Row struct {
	System string `json:"system"`
	Work   string `json:"work"`
	TLS    bool   `json:"tls"`
	Window int    `json:"window"` // operations outstanding
	Ops    int    `json:"ops"`    // that completed
	// Rate is in operations a second.
	Rate float64       `json:"rate"`
	P50  time.Duration `json:"p50_ns"`
	P99  time.Duration `json:"p99_ns"`
	P999 time.Duration `json:"p999_ns"`
	// CPU is the processor time of one operation, of all hosts and the kernel.
	CPU time.Duration `json:"cpu_ns_per_op"`
	// Sends and Receives are the calls of Write and Read for one operation, on the
	// connections of the side that issues, below TLS.
	Sends    float64 `json:"sends_per_op"`
	Receives float64 `json:"receives_per_op"`
}

// String names the job of a row.
func (r Row) String() string {
	text := fmt.Sprintf("%s, %s, %d outstanding", r.System, r.Work, r.Window)
	if r.TLS {
		text += ", TLS"
	}
	return text
}

// Names of the systems in rows.
const (
	BareTCP     = "bare TCP"
	PlainActors = "plain proto.actor"
	LiveActors  = "live"
	Store       = "store"
)

// Windows are the numbers of outstanding operations. Puts are measured with the
// first and the last.
var Windows = []int{1, 10, 40, 1024}

// grace is how long what is outstanding may take to complete.
const grace = 30 * time.Second

// A job is what one row measures.
type job struct {
	Options
	ctx   context.Context
	meter *meter
	certs string // folder; "" without TLS
	dir   string // of this job alone
}

// newLoop begins the job's operations.
func (j job) newLoop(window int) *loop { return newLoop(j.ctx, j.Ops, window, j.Time) }

// wait returns when the job has finished, or is late.
func (j job) wait(finished <-chan struct{}) error {
	late := time.NewTimer(j.Time + grace)
	defer late.Stop()
	select {
	case <-finished:
		return nil
	case <-late.C:
		return fmt.Errorf("no end %v after the last operation was issued", grace)
	}
}

// Run measures, row by row: begin is called before a row is measured, with its
// name alone, and row with the result. When ctx ends, Run returns its error after
// the row that is under way.
func Run(ctx context.Context, o Options, begin, row func(Row)) (err error) {
	dir, err := os.MkdirTemp(o.Dir, "simrun-bench-")
	if err != nil {
		return fmt.Errorf("folder of the benchmark: %w", err)
	}
	defer func() {
		if e := os.RemoveAll(dir); err == nil {
			err = e
		}
	}()
	settings := []string{""}
	if o.TLS {
		certs := filepath.Join(dir, "certs")
		if err := issueCerts(certs, append(storeHosts(), clientHost, serverHost)); err != nil {
			return err
		}
		settings = append(settings, certs)
	}
	for _, certs := range settings {
		m := measurement{job: job{Options: o, ctx: ctx, meter: &meter{}, certs: certs, dir: dir}, begin: begin, row: row}
		if err := m.all(); err != nil {
			return err
		}
	}
	return nil
}

// A measurement is everything once, with or without TLS.
type measurement struct {
	job
	begin, row func(Row)
}

func (m *measurement) all() error {
	for _, window := range Windows {
		for _, e := range []struct {
			system string
			echo   func(job, *loop) error
		}{{BareTCP, bareEcho}, {PlainActors, plainEcho}, {LiveActors, liveEcho}} {
			if err := m.measure(Row{System: e.system, Work: "echo", Window: window}, e.echo); err != nil {
				return err
			}
		}
	}
	for _, chain := range []int{1, chainMax} {
		for _, d := range []store.Durability{store.Synced, store.Replicated} {
			if err := m.store(chain, d); err != nil {
				return err
			}
		}
	}
	return nil
}

// measure carries out one job.
func (m *measurement) measure(r Row, work func(job, *loop) error) error {
	if err := m.ctx.Err(); err != nil {
		return err
	}
	r.TLS = m.certs != ""
	m.begin(r)
	l := m.newLoop(r.Window)
	before := m.CPU()
	if err := work(m.job, l); err != nil {
		return fmt.Errorf("%v: %w", r, err)
	}
	l.fill(&r)
	r.CPU = (m.CPU() - before) / time.Duration(r.Ops)
	m.meter.fill(&r)
	m.row(r)
	return nil
}
