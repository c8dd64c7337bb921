package sim

import (
	"fmt"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/linearizability"
)

// A program is a running actors.Program, of the topology or of the workload.
type program struct {
	inc   *incarnation
	ep    *endpoint
	task  task
	key   uint64
	run0  actors.Program
	ended bool
	async bool // the run does not wait for it
}

// startProgram has a program run as soon as the present step is over.
func (inc *incarnation) startProgram(name string, run actors.Program) *program {
	ep := inc.host.endpoint(name)
	p := &program{inc: inc, ep: ep, run0: run, key: faults.Mix(faults.Mix(inc.key, ep.id), 0x70)}
	p.task = task{inc: inc, ep: ep}
	inc.programs = append(inc.programs, p)
	w := inc.host.w
	w.phases.running++
	w.ready.push(readyItem{prog: p})
	return p
}

// run carries the program out; it may park on the way.
func (p *program) run() {
	w := p.inc.host.w
	if p.inc.dead || p.ended {
		return
	}
	w.countStep(p.key, p.ep.id)
	w.step = step{inc: p.inc, prog: p, task: &p.task, ep: p.ep, key: p.key}
	w.trace(trace.Event{Kind: trace.Start, Host: p.inc.host.def.Name, Path: p.ep.name(), Key: p.key})
	err := p.run0(p.inc.env(&party{w: w, inc: p.inc, ep: p.ep}))
	if len(w.sent) > 0 {
		w.checkSent()
	}
	w.step = step{}
	p.end(err)
}

// end is reached once: the program returned, failed, or its host went down.
func (p *program) end(err error) {
	if p.ended {
		return
	}
	p.ended = true
	w := p.inc.host.w
	w.phases.running--
	if w.phases.running == 0 {
		w.phases.due = true
	}
	if err != nil {
		w.fail(Violation, "program", fmt.Errorf("%s: %w", p.ep.name(), err))
	}
}

// startWorkload has the host's client carry out the operations of the plan that it
// has not begun yet.
func (h *host) startWorkload() {
	if h.up && h.next < len(h.ops) {
		h.inc.startProgram("workload", h.workload)
	}
}

// workload is the program of a client. What an operation causes is keyed by the
// operation, so removing another one moves nothing of it.
func (h *host) workload(env actors.Env) error {
	w := h.w
	do := w.scenario.Workload.Client(env, linearizability.NewRecorder(h.def.Name, env.Note))
	last, ordinal := 0, 0
	for i := range h.ops {
		op := h.ops[i]
		if op.N > 0 {
			last, ordinal = op.N, 0
		} else {
			ordinal++
		}
		if i < h.next {
			continue // an earlier incarnation began it
		}
		h.next = i + 1
		w.step.key = faults.Mix(faults.Mix(w.netKey^h.key, uint64(last)), uint64(ordinal))
		w.step.n, w.step.op = 0, &h.ops[i]
		if err := do(op); err != nil {
			return fmt.Errorf("%s#%d %v: %w", op.Client, op.N, op.Do, err)
		}
	}
	return nil
}
