package primes

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/wal"
)

// A queueLog has the jobs of a durable queue on disk, one record a change. Only what was
// added is synced at once: when another change is lost, a job is delivered once more, or
// counted once less.
type queueLog struct {
	env   actors.Env
	limit int64 // bytes after which the log is written anew
	log   *wal.Log
}

// open returns the jobs in the log. What a corrupt log has lost is given up: nobody renews
// those jobs any more, so their entries fail.
func (l *queueLog) open() []*queuedJob {
	log, found, err := wal.Open(l.env.Disk, l.env.Note)
	l.must(err)
	l.log = log
	switch {
	case found.Corrupt:
		l.must(log.Wipe())
	case found.Torn:
		l.must(log.Settle()) // there is no other copy that could know better
	}
	var jobs []*queuedJob
	for line := range bytes.Lines(found.Snapshot) {
		l.replay(&jobs, line)
	}
	for _, record := range found.Records {
		l.replay(&jobs, record)
	}
	return jobs
}

// What a record says of a job.
const (
	jobHeld = "held"
	jobDone = "done"
)

// replay carries out a record.
func (l *queueLog) replay(jobs *[]*queuedJob, record []byte) {
	var verb string
	j := &queuedJob{}
	if _, err := fmt.Sscan(string(record), &verb, &j.id, &j.a, &j.b, &j.deliveries); err != nil {
		l.must(fmt.Errorf("record %q: %w", record, err))
	}
	*jobs = slices.DeleteFunc(*jobs, func(other *queuedJob) bool { return other.id == j.id })
	if verb == jobHeld {
		*jobs = append(*jobs, j)
	}
}

func recordOf(verb string, j *queuedJob) []byte {
	return fmt.Appendf(nil, "%s %s %d %d %d", verb, j.id, j.a, j.b, j.deliveries)
}

// added returns when the job is durable.
func (l *queueLog) added(j *queuedJob) {
	l.must(l.log.Append(recordOf(jobHeld, j)))
	l.must(l.log.Sync())
}

func (l *queueLog) delivered(j *queuedJob) { l.must(l.log.Append(recordOf(jobHeld, j))) }

func (l *queueLog) removed(j *queuedJob) { l.must(l.log.Append(recordOf(jobDone, j))) }

// compact writes the log anew when it is long.
func (l *queueLog) compact(jobs []*queuedJob) {
	if l.log.Bytes() < l.limit {
		return
	}
	var state []byte
	for _, j := range jobs {
		state = append(append(state, recordOf(jobHeld, j)...), '\n')
	}
	l.must(l.log.Snapshot(state))
}

// must stops the host: a disk that failed once cannot be trusted with what is queued.
func (l *queueLog) must(err error) {
	if err != nil {
		l.env.Halt(fmt.Errorf("queue %s: %w", l.env.Host, err))
	}
}
