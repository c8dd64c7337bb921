package simcli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/sim"
)

// measuring is a system that notes a gauge of two curves, once a second.
func measuring(name string, gauges bool) sim.Scenario {
	return sim.Scenario{Name: name, Topology: func(sim.Knobs) actors.Topology {
		return actors.Topology{Hosts: []actors.Host{{Name: "c0", Programs: []actors.ProgramDef{{Name: "measure", Run: func(env actors.Env) error {
			for i := range int64(5) {
				env.Clock.Sleep(time.Second)
				if gauges {
					env.Note(actors.Gauge{Chart: "things", Curve: "up", Value: i})
					env.Note(actors.Gauge{Chart: "things", Curve: "down", Value: 5 - i})
				}
			}
			return nil
		}}}}}}
	}}
}

func TestPlotDrawsWhatARunMeasured(t *testing.T) {
	all := []sim.Scenario{measuring("tiny/gauges", true), measuring("tiny/none", false)}
	page := filepath.Join(t.TempDir(), "page.html")
	var out, errs bytes.Buffer
	plot := func(args ...string) int {
		out.Reset()
		errs.Reset()
		return execute(context.Background(), append([]string{"plot"}, args...), &out, &errs, all)
	}
	if code := plot("tiny/gauges", "--seed", "7", "--html", page); code != 0 || !strings.HasPrefix(out.String(), "PASS  tiny/gauges seed 0x7: charts: 1, in ") {
		t.Fatalf("exit code %d: %s%s", code, &out, &errs)
	}
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"things", ">up<", ">down<", "scenario tiny/gauges"} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if code := plot("tiny/none", "--html", page); code != 2 || !strings.Contains(errs.String(), "scenario tiny/none measures nothing to draw") {
		t.Errorf("exit code %d: %s", code, &errs)
	}
	if code := plot("tiny/gauges", "--html", filepath.Join(page, "no", "folder")); code != 2 || !strings.Contains(errs.String(), "page ") {
		t.Errorf("exit code %d: %s", code, &errs)
	}
}
