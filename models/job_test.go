package models

import "testing"

// The automaton of a job: what may follow what.
func TestApplyJob(t *testing.T) {
	const limit = 2
	enqueue := JobOp{Verb: JobEnqueue}
	lease := func(token uint64) JobOp { return JobOp{Verb: JobLease, Token: token} }
	bury := func(token uint64) JobOp { return JobOp{Verb: JobLease, Token: token, Dead: true} }
	by := func(v JobVerb, token uint64) JobOp { return JobOp{Verb: v, Token: token} }
	restart := JobOp{Verb: JobForget, Durable: true}
	for _, tt := range []struct {
		name string
		ops  []JobOp
		fine bool // all of them; else the last one cannot be
	}{
		{"done at once", []JobOp{enqueue, lease(1), by(JobAck, 1)}, true},
		{"done by the second", []JobOp{enqueue, lease(1), by(JobExpire, 1), lease(2), by(JobAck, 2)}, true},
		{"enqueued twice", []JobOp{enqueue, lease(1), enqueue, by(JobAck, 1)}, true},
		{"again after it was done", []JobOp{enqueue, lease(1), by(JobAck, 1), enqueue, lease(2)}, true},
		{"buried", []JobOp{enqueue, lease(1), by(JobNack, 1), lease(2), by(JobNack, 2), bury(3), by(JobAck, 3)}, true},
		{"not tried counts for nothing", []JobOp{enqueue, lease(1), by(JobReturn, 1), lease(2), by(JobNack, 2), lease(3)}, true},
		{"a restart forgets deliveries", []JobOp{enqueue, lease(1), by(JobNack, 1), lease(2), restart, lease(3)}, true},
		{"never enqueued", []JobOp{lease(1)}, false},
		{"two holders", []JobOp{enqueue, lease(1), lease(2)}, false},
		{"a token twice", []JobOp{enqueue, lease(1), by(JobNack, 1), lease(1)}, false},
		{"a stale token", []JobOp{enqueue, lease(1), by(JobExpire, 1), lease(2), by(JobAck, 1)}, false},
		{"done without a lease", []JobOp{enqueue, by(JobAck, 1)}, false},
		{"a lease does not outlive a restart", []JobOp{enqueue, lease(1), restart, by(JobAck, 1)}, false},
		{"nothing outlives a restart without a disk", []JobOp{enqueue, {Verb: JobForget}, lease(1)}, false},
		{"too often", []JobOp{enqueue, lease(1), by(JobNack, 1), lease(2), by(JobNack, 2), lease(3)}, false},
		{"buried too soon", []JobOp{enqueue, lease(1), by(JobNack, 1), bury(2)}, false},
	} {
		var j Job
		used := map[uint64]bool{}
		for i, op := range tt.ops {
			next, err := ApplyJob(j, op, limit, !used[op.Token])
			if last := i == len(tt.ops)-1; (err == nil) != (tt.fine || !last) {
				t.Errorf("%s: step %d on %+v: %v", tt.name, i+1, j, err)
			}
			j = next
			used[op.Token] = true
		}
	}
}
