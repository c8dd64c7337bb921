package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

func noCPU() time.Duration { return 0 }

// run measures with few operations, and returns the rows by name.
func run(t *testing.T, o Options) map[string]Row {
	t.Helper()
	o.Dir, o.CPU = t.TempDir(), noCPU
	rows := map[string]Row{}
	announced := ""
	err := Run(t.Context(), o, func(r Row) { announced = r.String() }, func(r Row) {
		if r.String() != announced {
			t.Errorf("row %v was announced as %v", r, announced)
		}
		if _, twice := rows[r.String()]; twice {
			t.Errorf("two rows %v", r)
		}
		rows[r.String()] = r
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestEveryRowIsMeasuredWithAndWithoutTLS(t *testing.T) {
	rows := run(t, Options{Ops: 60, Time: 5 * time.Second, Bytes: 1536, TLS: true})
	var want []string
	for _, window := range Windows {
		for _, system := range []string{BareTCP, PlainActors, LiveActors} {
			want = append(want, Row{System: system, Work: "echo", Window: window}.String())
		}
	}
	for _, window := range Windows {
		want = append(want, Row{System: Store, Work: "get, chain of 1", Window: window}.String())
	}
	for _, window := range []int{1, 1024} {
		for _, work := range []string{"put synced, chain of 1", "put replicated, chain of 1", "put synced, chain of 3", "put replicated, chain of 3"} {
			want = append(want, Row{System: Store, Work: work, Window: window}.String())
		}
	}
	for _, name := range want {
		for _, name := range []string{name, name + ", TLS"} {
			r, ok := rows[name]
			delete(rows, name)
			switch {
			case !ok:
				t.Errorf("no row %s", name)
			case r.Ops != 60 || r.Rate <= 0:
				t.Errorf("%s: %d operations, %v a second", name, r.Ops, r.Rate)
			case r.P50 <= 0 || r.P50 > r.P99 || r.P99 > r.P999:
				t.Errorf("%s: latencies %v, %v, %v", name, r.P50, r.P99, r.P999)
			case r.Sends <= 0 || r.Receives <= 0:
				t.Errorf("%s: %v sends and %v receives an operation", name, r.Sends, r.Receives)
			}
		}
	}
	for name := range rows {
		t.Errorf("row %s is not asked for", name)
	}
}

// TestSendsOfConcurrentRequestsAreBatched (R82, R83): c requests at a time need a
// c-th of the writes and not 1.25 times that, and one at a time is written at once.
// On TLS that is promised for what fits in one record: the next one has to be
// decrypted first, and the answers to the first do not wait for it.
func TestSendsOfConcurrentRequestsAreBatched(t *testing.T) {
	if testing.Short() {
		t.Skip("actors that the race detector slows down send one by one")
	}
	certs := filepath.Join(t.TempDir(), "certs")
	if err := issueCerts(certs, []string{clientHost, serverHost}); err != nil {
		t.Fatal(err)
	}
	for _, certs := range []string{"", certs} {
		for _, c := range []int{1, 10, 40} {
			if certs != "" && c*1536 > 16<<10 {
				continue
			}
			m := measurement{job: job{Options: Options{Ops: 20_000, Time: time.Minute, Bytes: 1536, CPU: noCPU}, ctx: t.Context(), meter: &meter{}, certs: certs, dir: t.TempDir()}}
			m.begin = func(Row) {}
			m.row = func(r Row) {
				if r.Sends < 1/float64(c) || r.Sends > 1.25/float64(c) {
					t.Errorf("%v: %.4f sends an operation, not from %.4f to %.4f", r, r.Sends, 1/float64(c), 1.25/float64(c))
				}
				if c == 1 && r.P50 > 10*time.Millisecond {
					t.Errorf("%v: a lone request takes %v", r, r.P50)
				}
			}
			if err := m.measure(Row{System: LiveActors, Work: "echo", Window: c}, liveEcho); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestALoopKeepsItsWindowAndItsTime(t *testing.T) {
	l := newLoop(t.Context(), 5, 2, time.Hour)
	issue := func(want ...int) {
		t.Helper()
		var got []int
		for n, ok := l.next(); ok; n, ok = l.next() {
			got = append(got, n)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("issued %v, want %v", got, want)
		}
	}
	issue(0, 1)
	l.done(1)
	issue(2)
	l.done(0)
	l.done(2)
	issue(3, 4)
	l.done(4)
	if l.over() {
		t.Error("over with one outstanding")
	}
	l.done(3)
	issue()
	var r Row
	if l.fill(&r); !l.over() || r.Ops != 5 {
		t.Errorf("after all: over %t, %d operations", l.over(), r.Ops)
	}

	late := newLoop(t.Context(), 5, 2, 0)
	for n, ok := late.next(); ok; n, ok = late.next() {
		late.done(n)
	}
	if !late.over() || len(late.took) == 0 {
		t.Errorf("without time: over %t after %d operations", late.over(), len(late.took))
	}
}

func TestACancelledMeasurementEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	err := Run(ctx, Options{Ops: 250_000, Time: time.Hour, Bytes: 100, CPU: noCPU, Dir: t.TempDir()}, func(Row) { cancel() }, func(Row) { n++ })
	if err != context.Canceled || n != 1 {
		t.Errorf("%d rows and %v", n, err)
	}
}
