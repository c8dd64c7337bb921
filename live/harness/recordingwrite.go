package harness

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/sim"
)

// recordPlan begins the recording of a run in an empty folder.
func recordPlan(dir string, p sim.Plan) error {
	if err := checkEmpty(dir); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, planFile), []byte(p.String()), 0o600)
}

// recordResult writes what was judged, with the verdict. A run that was failed by
// something else than a check says so: that cannot be found again in the facts.
func recordResult(dir string, r *run, failed bool) (err error) {
	res := r.result
	f, err := os.OpenFile(filepath.Join(dir, runFile), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = fmt.Errorf("%s: %w", runFile, err)
		}
	}()
	h := trace.Header{
		Scenario: res.Plan.Scenario, Seed: res.Plan.Seed, Plan: res.Plan.String(), Verdict: res.Verdict.String(), Check: res.Check, Base: r.epoch,
	}
	if res.Err != nil {
		h.Why = res.Err.Error()
	}
	for _, op := range res.Suspects {
		h.Operations = append(h.Operations, op.ID.String())
	}
	out, err := trace.NewWriter(f, h)
	if err != nil {
		return err
	}
	var last trace.Event
	for _, n := range res.Notes {
		last = trace.Event{Seq: n.Seq, At: n.At, Kind: trace.Note, Host: n.Host, Path: n.Path, Msg: fmt.Sprintf("%T", n.Fact)}
		if b, err := wire.AppendFact(nil, n.Fact); err == nil {
			last.Data = string(b)
		} else {
			last.Text = fmt.Sprintf("%+v", n.Fact)
		}
		if err := out.Write(last); err != nil {
			return err
		}
	}
	if r.excuse != "" {
		last.Seq++
		if err := out.Write(trace.Event{Seq: last.Seq, At: last.At, Kind: trace.Log, Text: r.excuse}); err != nil {
			return err
		}
	}
	if failed {
		if err := out.Write(trace.Event{Seq: last.Seq + 1, At: last.At, Kind: trace.Fail, Msg: res.Check, Text: h.Why}); err != nil {
			return err
		}
	}
	return out.Close()
}
