package simcli

import (
	"bufio"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simrun/simrun/live/bench"
)

func TestBenchLivePrintsRowsOfJSON(t *testing.T) {
	var out strings.Builder
	cmd := benchLive()
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"--ops", "20", "--json", "--dir", t.TempDir()})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	systems := map[string]int{}
	lines := bufio.NewScanner(strings.NewReader(out.String()))
	for lines.Scan() {
		var r bench.Row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		systems[r.System]++
		if r.Ops != 20 || r.CPU <= 0 {
			t.Errorf("%+v", r)
		}
	}
	want := map[string]int{bench.BareTCP: 4, bench.PlainActors: 4, bench.LiveActors: 4, bench.Store: 12}
	if diff := cmp.Diff(want, systems); diff != "" {
		t.Errorf("rows by system (-want +got):\n%s", diff)
	}
}

func TestBenchLiveRefusesWhatMeasuresNothing(t *testing.T) {
	for _, args := range []string{"--ops 0", "--time 0s", "--bytes 3"} {
		cmd := benchLive()
		cmd.SetArgs(strings.Fields(args))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		if err := cmd.ExecuteContext(t.Context()); err == nil {
			t.Errorf("%s is taken", args)
		}
	}
}

func TestBenchLiveTableComparesRowsOfOneRun(t *testing.T) {
	row := func(system string, window int, rate float64) bench.Row {
		return bench.Row{System: system, Work: "echo", Window: window, Ops: 100, Rate: rate,
			P50: 20 * time.Microsecond, P99: 1500 * time.Microsecond, P999: 2 * time.Millisecond, CPU: 4600, Sends: 1 / float64(window), Receives: 0.5}
	}
	var out strings.Builder
	rows := []bench.Row{
		row(bench.BareTCP, 1, 40000), row(bench.PlainActors, 1, 16000), row(bench.LiveActors, 1, 20000),
		row(bench.BareTCP, 10, 400000), row(bench.PlainActors, 10, 80000), row(bench.LiveActors, 10, 100000),
	}
	if err := printRows(&out, rows, false); err != nil {
		t.Fatal(err)
	}
	want := `
SYSTEM             WORK  TLS  OPEN  OPS    OPS/S  P50 us  P99 us  P99.9 us  CPU us/OP  SEND/OP  RECV/OP
bare TCP           echo  off     1  100   40,000      20   1,500     2,000        4.6        1      0.5
plain proto.actor  echo  off     1  100   16,000      20   1,500     2,000        4.6        1      0.5
live               echo  off     1  100   20,000      20   1,500     2,000        4.6        1      0.5  0.50 of bare, 1.25 of plain
bare TCP           echo  off    10  100  400,000      20   1,500     2,000        4.6      0.1      0.5  10.0 x one open
plain proto.actor  echo  off    10  100   80,000      20   1,500     2,000        4.6      0.1      0.5  5.0 x one open
live               echo  off    10  100  100,000      20   1,500     2,000        4.6      0.1      0.5  0.25 of bare, 1.25 of plain; 5.0 x one open
`
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), out.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}
