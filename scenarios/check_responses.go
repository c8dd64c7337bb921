package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simrun/simrun/actors/primes"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// States of the sum-of-primes service that only the whole run shows.
const (
	sawResubmission = "primes.resubmission" // a client submitted again what had been accepted
	sawDiedMidJob   = "primes.died-mid-job" // a server crashed with a job that it had accepted
	sawRecompute    = "primes.recompute"    // the same range was computed for a second request, or twice for one
	sawMissing      = "primes.missing"      // a poll was answered 404
)

// clockDrift is how many thousandths a clock of a run may be fast or slow.
const clockDrift = 41

// A requestLife is what was seen of one request.
type requestLife struct {
	a, b      int64
	client    string
	submitted models.ResponseView
	views     []models.ResponseView
	created   time.Duration // -1: never
	ended     []primesEnd
	evicted   time.Duration // -1: never
}

// A primesEnd is that an entry became terminal.
type primesEnd struct {
	at     time.Duration // it was not before; 0 if nothing is known of that
	status primes.Status
}

// A primesRun is what was seen of all requests.
type primesRun struct {
	byID   map[string]*requestLife
	order  []string
	losses map[string][]time.Duration // when a response store in memory began, by host; the first is no loss
	asked  map[string]sim.Note        // the question under way, by client
}

// requestLives follows every request that a client was told the id of. An id that was
// given to two submissions is an error.
func requestLives(o *sim.Observation) (*primesRun, error) {
	r := &primesRun{byID: map[string]*requestLife{}, losses: map[string][]time.Duration{}, asked: map[string]sim.Note{}}
	replicated := primesOptions(o.Knobs).Store == primes.Replicated
	known := map[string]time.Duration{} // when a server had the result
	hasResult := func(id string, at time.Duration) {
		if _, had := known[id]; !had {
			known[id] = at
		}
	}
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case primes.StoreBegan:
			r.losses[n.Host] = append(r.losses[n.Host], n.At)
		case primes.Created:
			r.life(f.ID).created = n.At
		case primes.Computed:
			hasResult(f.ID, n.At)
		case primes.GaveUp:
			hasResult(f.ID, n.At)
		case primes.Ended:
			at := n.At
			if replicated {
				// Who notes it hears from the store, and that may be late by any time.
				at = known[f.ID]
			}
			l := r.life(f.ID)
			l.ended = append(l.ended, primesEnd{at, f.Status})
		case primes.Evicted:
			r.life(f.ID).evicted = n.At
		case primes.Asked:
			r.asked[n.Host] = n
		case primes.Told:
			if err := r.told(n, f); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

func (r *primesRun) life(id string) *requestLife {
	l := r.byID[id]
	if l == nil {
		l = &requestLife{created: -1, evicted: -1}
		r.byID[id] = l
		r.order = append(r.order, id)
	}
	return l
}

// told adds a view to the request that it is about.
func (r *primesRun) told(n sim.Note, f primes.Told) error {
	q := r.asked[n.Host]
	question := q.Fact.(primes.Asked)
	v := models.ResponseView{Call: q.At, Return: n.At, Payload: f.Payload}
	switch {
	case f.Code == primes.NotFound:
		v.Stage = models.ResponseExpired
	case f.Code != primes.OK:
		return nil
	case f.Status == primes.Finished:
		v.Stage = models.ResponseFinished
	case f.Status == primes.Failed:
		v.Stage = models.ResponseFailed
	case f.Status != primes.InProgress:
		return fmt.Errorf("%s was told status %q", n.Host, f.Status)
	}
	if !f.Submit {
		if f.Code == primes.OK && f.ID != question.ID {
			return fmt.Errorf("%s polled %s and was told of %s", n.Host, question.ID, f.ID)
		}
		l := r.life(question.ID)
		l.views = append(l.views, v)
		return nil
	}
	l := r.life(f.ID)
	switch {
	case l.client != "":
		return fmt.Errorf("request id %s was given to %s and to %s", f.ID, l.client, n.Host)
	case l.created < 0:
		return fmt.Errorf("%s was given request id %s, and no entry is stored for it", n.Host, f.ID)
	}
	l.client, l.a, l.b, l.submitted = n.Host, question.A, question.B, v
	l.views = append(l.views, v)
	return nil
}

// checkResponses holds the service to the timed model of a response store, request by
// request: stages do not go back, the sum is right, the entry is stored before its id is
// told, and it lives as long as it must and no longer.
func checkResponses(o *sim.Observation) error {
	r, err := requestLives(o)
	if err != nil {
		return err
	}
	r.note(o)
	for _, id := range r.order {
		if err := r.check(o.Knobs, id); err != nil {
			return fmt.Errorf("request %s: %w", id, err)
		}
	}
	return nil
}

func (r *primesRun) check(k sim.Knobs, id string) error {
	l := r.byID[id]
	if l.client == "" {
		// Nobody was told the id. Somebody may have guessed it.
		if i := slices.IndexFunc(l.views, func(v models.ResponseView) bool { return v.Stage != models.ResponseExpired }); i >= 0 && l.created < 0 {
			return fmt.Errorf("%v, and it was never stored", l.views[i].Stage)
		}
		return nil
	}
	o := primesOptions(k)
	if primes.CheckRange(l.a, l.b) != nil {
		return fmt.Errorf("the range [%d, %d) was accepted", l.a, l.b)
	}
	life := models.ResponseLife{A: l.a, B: l.b, TTL: o.Timing.TTL, Drift: clockDrift, Late: -1}
	if o.Store != primes.Replicated {
		// A store in memory looks at the time whenever it is asked.
		life.Late = time.Millisecond
	}
	return r.judge(life, id, l)
}

// judge goes through the times between losses of the store one by one: what it lost it
// may have again, if the message that made it was late.
func (r *primesRun) judge(life models.ResponseLife, id string, l *requestLife) error {
	losses := r.lossesOf(id)
	from := time.Duration(0)
	for i := 0; i <= len(losses); i++ {
		to := time.Duration(1<<63 - 1)
		if i < len(losses) {
			to = losses[i]
		}
		first := l.submitted.Return < to && l.submitted.Call >= from
		var views []models.ResponseView
		for _, v := range l.views {
			excused := v.Stage == models.ResponseExpired && (!first || l.evicted >= 0 && l.evicted <= v.Return)
			if v.Call >= from && v.Return < to && !excused {
				views = append(views, v)
			}
		}
		life.Ended = 0
		ends := 0
		for _, e := range l.ended {
			if e.at >= from && e.at < to {
				life.Ended = e.at
				ends++
			}
		}
		if ends > 1 && l.evicted < 0 {
			return fmt.Errorf("it became terminal %d times", ends)
		}
		if err := life.Judge(views); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// lossesOf are the times when the store of a request forgot everything.
func (r *primesRun) lossesOf(id string) []time.Duration {
	host, _, _ := strings.Cut(id, "-")
	began := r.losses[primes.StoreHost]
	if len(began) == 0 {
		began = r.losses[host]
	}
	if len(began) == 0 {
		return nil
	}
	return began[1:]
}

// note marks the states that the requests show.
func (r *primesRun) note(o *sim.Observation) {
	ranges := map[[2]int64]bool{}
	computed := map[string]bool{}
	for _, id := range r.order {
		if slices.ContainsFunc(r.byID[id].views, func(v models.ResponseView) bool { return v.Stage == models.ResponseExpired }) {
			o.Sometimes(sawMissing)
		}
	}
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case sim.Down:
			for _, id := range r.order {
				if l := r.byID[id]; strings.HasPrefix(id, n.Host+"-") && l.created >= 0 && l.created < n.At && !computed[id] {
					o.Sometimes(sawDiedMidJob)
				}
			}
		case primes.Computed:
			l := r.byID[f.ID]
			if l == nil || l.client == "" {
				continue
			}
			if computed[f.ID] || ranges[[2]int64{l.a, l.b}] {
				o.Sometimes(sawRecompute)
			}
			computed[f.ID], ranges[[2]int64{l.a, l.b}] = true, true
		}
	}
}

// checkResubmissions holds the client library to its patience: a range is submitted
// again when the last proof that somebody works on it is as old as that, and not before.
func checkResubmissions(o *sim.Observation) error {
	type call struct {
		open     bool
		proof    time.Duration
		accepted bool // or may have been
		asked    sim.Note
	}
	calls := map[string]*call{}
	wait := primesPatience.Resubmit * 1000 / (1000 + clockDrift)
	for _, n := range o.Notes {
		c := calls[n.Host]
		if c == nil {
			c = &call{}
			calls[n.Host] = c
		}
		switch f := n.Fact.(type) {
		case linearizability.Called:
			*c = call{open: true}
		case linearizability.Returned:
			c.open = false
		case primes.Asked:
			if c.asked = n; f.ID != "" || !c.open || !c.accepted {
				continue
			}
			if n.At < c.proof+wait {
				return fmt.Errorf("%s submitted [%d, %d) again at %v, %v after it had heard that it was worked on", n.Host, f.A, f.B, n.At, n.At-c.proof)
			}
			o.Sometimes(sawResubmission)
		case primes.Told:
			switch {
			case f.Submit && f.Code == primes.OK:
				c.accepted, c.proof = true, n.At
			case f.Submit && f.Code == 0:
				c.accepted, c.proof = true, c.asked.At
			case f.Status == primes.InProgress:
				c.proof = n.At
			}
		}
	}
	return nil
}

// checkPolls holds the service to having polls answered where they belong: by the
// progress services, if there are any.
func checkPolls(o *sim.Observation) error {
	if o.Knobs.Int("progress", 0) == 0 {
		return nil
	}
	for _, n := range o.Notes {
		if f, ok := n.Fact.(primes.Polled); ok && strings.HasPrefix(n.Host, "sv") {
			return fmt.Errorf("%s was sent a poll of %s, which is for the progress service", n.Host, f.Client)
		}
	}
	return nil
}
