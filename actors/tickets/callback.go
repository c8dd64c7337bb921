package tickets

// A call is a callback that a web server works on.
type call struct {
	n      uint64
	backs  []Return // the worker, and who else tells the same
	errand uint64
	cancel func()
}

// callOver is the timer of a callback.
type callOver struct {
	n   uint64
	job string
}

// callback stores the outcome of a job in the index and then, if the job has a ticket,
// tells the tracker: whoever reads that a ticket is finished finds the result. The
// worker is answered after both, and tries again until it is.
func (w *web) callback(m callback) {
	name := m.Outcome.Job
	if c := w.calls[name]; c != nil {
		c.join(m.Back)
		return
	}
	if len(w.calls) >= w.options.Callbacks {
		w.saw(SawBusy)
		w.env.Send(w.env.PID(m.Back.To), calledBack{Back: m.Back, Status: Busy})
		return
	}
	w.last++
	c := &call{n: w.last, backs: []Return{m.Back}}
	w.calls[name] = c
	c.cancel = w.env.Clock.After(w.options.Patience, callOver{n: c.n, job: name})
	w.env.Note(CallbackBegan{Boot: w.env.Boot, Job: name, Limit: w.options.Callbacks})
	c.errand = w.courier.send(paths([]string{w.options.Index}, IndexActor), w.options.Retry, func(back Return) any {
		return store{Back: back, Outcome: m.Outcome}
	}, func(a any) {
		w.stored(c, a.(found).Outcome)
	})
}

// stored is reached when the index has an outcome. It may be that of an earlier
// callback, and is what the ticket will say too.
func (w *web) stored(c *call, kept outcome) {
	if kept.Ticket == 0 || len(w.options.Trackers) == 0 {
		w.called(c, kept.Job)
		return
	}
	c.errand = tellTracker(w.env, &w.courier, w.options.Trackers, w.options.Retry, kept, func(any) {
		w.called(c, kept.Job)
	})
}

// called answers a callback.
func (w *web) called(c *call, name string) {
	for _, back := range c.backs {
		w.env.Send(w.env.PID(back.To), calledBack{Back: back})
	}
	w.forget(c, name)
}

// callOver leaves a callback that takes too long to the next try of its worker.
func (w *web) callOver(m callOver) {
	if c := w.calls[m.job]; c != nil && c.n == m.n {
		w.forget(c, m.job)
	}
}

func (w *web) forget(c *call, name string) {
	c.cancel()
	w.courier.drop(c.errand)
	delete(w.calls, name)
	w.env.Note(CallbackEnded{Boot: w.env.Boot, Job: name})
}

// join adds somebody who tells the same. Each is answered once.
func (c *call) join(back Return) {
	for _, b := range c.backs {
		if b == back {
			return
		}
	}
	c.backs = append(c.backs, back)
}

// The facts of callbacks, noted by the web server that has one.
type (
	// A CallbackBegan is the fact that a callback is worked on.
	CallbackBegan struct {
		Boot  uint64
		Job   string
		Limit int // of callbacks at a time
	}
	// A CallbackEnded is the fact that it is answered, or left to the next try.
	CallbackEnded struct {
		Boot uint64
		Job  string
	}
)
