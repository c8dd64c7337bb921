package models

import "fmt"

// A JobPhase is where a job is in a queue.
type JobPhase uint8

const (
	// NoJob: it was never taken in, or is settled; a queue does not remember.
	NoJob JobPhase = iota
	// JobReady: it waits for a worker.
	JobReady
	// JobLeased: it was handed to a worker, under a token, for a time.
	JobLeased
)

// A Job is the state of one job in a queue that hands jobs out at least once. The
// zero Job is one that is not there.
type Job struct {
	Phase      JobPhase
	Token      uint64 // of the present lease
	Deliveries int    // leases so far that were to carry the job out, and were tried
	Unsure     bool   // the queue restarted, and may have forgotten deliveries
	Dead       bool   // it was delivered too often and is handed out to be buried
}

// A JobVerb says what happens to a job.
type JobVerb uint8

// The verbs of a JobOp.
const (
	JobEnqueue JobVerb = iota // it is taken in; again is as good as once
	JobLease                  // it is handed out under Token
	JobAck                    // the holder of Token is done with it
	JobNack                   // the holder of Token could not do it
	JobReturn                 // the holder of Token had no room and did not try
	JobExpire                 // the lease Token has run out
	JobForget                 // the queue restarted: leases are gone, and all jobs if it has no disk
)

// A JobOp is one event in the life of a job.
type JobOp struct {
	Verb    JobVerb
	Token   uint64
	Dead    bool // of a lease: to be buried, not carried out
	Durable bool // of a JobForget: the queue has a disk
}

// ApplyJob carries out an event that the queue reports for a job of at most limit
// deliveries, or says why it cannot be. A token is used once: fresh tells of the one
// of a lease.
func ApplyJob(j Job, op JobOp, limit int, fresh bool) (Job, error) {
	switch op.Verb {
	case JobEnqueue:
		if j.Phase == NoJob {
			return Job{Phase: JobReady}, nil
		}
		return j, nil
	case JobForget:
		if !op.Durable {
			return Job{}, nil
		}
		if j.Phase != NoJob {
			j.Phase, j.Token, j.Unsure = JobReady, 0, true
		}
		return j, nil
	case JobLease:
		switch {
		case j.Phase != JobReady:
			return j, fmt.Errorf("handed out while it is not ready")
		case !fresh:
			return j, fmt.Errorf("handed out under token %d, which was used before", op.Token)
		case j.Deliveries >= limit && !op.Dead && !j.Unsure:
			return j, fmt.Errorf("delivered more than %d times", limit)
		case op.Dead && j.Deliveries < limit && !j.Unsure:
			return j, fmt.Errorf("given up after %d of %d deliveries", j.Deliveries, limit)
		}
		if !op.Dead {
			j.Deliveries++
		}
		j.Phase, j.Token, j.Dead = JobLeased, op.Token, op.Dead
		return j, nil
	}
	if j.Phase != JobLeased || j.Token != op.Token {
		return j, fmt.Errorf("token %d is accepted, and is not that of the present lease", op.Token)
	}
	switch op.Verb {
	case JobAck:
		return Job{}, nil
	case JobReturn:
		if !j.Dead {
			j.Deliveries--
		}
	}
	j.Phase, j.Token = JobReady, 0
	return j, nil
}
