package primes

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"slices"

	"github.com/simrun/simrun/actors"
)

// A queueLog has the jobs of a durable queue on disk: one line a change, each with a
// checksum. Only what was added is synced at once: when the other changes are lost a
// job is delivered once more, or counted once less.
type queueLog struct {
	env   actors.Env
	limit int // lines after which the file is written anew
	lines int
}

const (
	queueFile    = "jobs"
	queueFileNew = "jobs.new"
)

// open returns the jobs in the log. A line that is broken, and all after it, were never
// synced: a sync covers the whole file.
func (l *queueLog) open() []*queuedJob {
	if err := l.env.Disk.Remove(queueFileNew); err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.env.Halt(err)
	}
	l.must(l.env.Disk.Append(queueFile, nil))
	text, err := l.env.Disk.ReadFile(queueFile)
	l.must(err)
	var jobs []*queuedJob
	good := 0
	for {
		line, _, ended := bytes.Cut(text[good:], []byte("\n"))
		if !ended || !l.replay(&jobs, line) {
			break
		}
		good += len(line) + 1
		l.lines++
	}
	l.must(l.env.Disk.Truncate(queueFile, int64(good)))
	l.must(l.env.Disk.Sync(queueFile))
	l.must(l.env.Disk.SyncDir())
	return jobs
}

// replay carries out a line and reports whether it is whole.
func (l *queueLog) replay(jobs *[]*queuedJob, line []byte) bool {
	sum, text, ok := bytes.Cut(line, []byte(" "))
	if !ok || string(sum) != checksum(text) {
		return false
	}
	var verb, id string
	var a, b int64
	var deliveries int
	if _, err := fmt.Sscan(string(text), &verb, &id, &a, &b, &deliveries); err != nil {
		return false
	}
	*jobs = slices.DeleteFunc(*jobs, func(j *queuedJob) bool { return j.id == id })
	if verb == "has" {
		*jobs = append(*jobs, &queuedJob{id: id, a: a, b: b, deliveries: deliveries})
	}
	return true
}

func checksum(text []byte) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE(text)) }

func (l *queueLog) line(verb string, j *queuedJob) []byte {
	text := fmt.Appendf(nil, "%s %s %d %d %d", verb, j.id, j.a, j.b, j.deliveries)
	return fmt.Appendf(nil, "%s %s\n", checksum(text), text)
}

// added returns when the job is durable.
func (l *queueLog) added(j *queuedJob) {
	l.append("has", j)
	l.must(l.env.Disk.Sync(queueFile))
}

func (l *queueLog) delivered(j *queuedJob) { l.append("has", j) }

func (l *queueLog) removed(j *queuedJob) { l.append("done", j) }

func (l *queueLog) append(verb string, j *queuedJob) {
	l.must(l.env.Disk.Append(queueFile, l.line(verb, j)))
	l.lines++
}

// compact writes the file anew when most of it says what is no longer so.
func (l *queueLog) compact(jobs []*queuedJob) {
	if l.lines < l.limit || l.lines < 2*len(jobs) {
		return
	}
	var text []byte
	for _, j := range jobs {
		text = append(text, l.line("has", j)...)
	}
	l.must(l.env.Disk.WriteFile(queueFileNew, text))
	l.must(l.env.Disk.Sync(queueFileNew))
	l.must(l.env.Disk.Rename(queueFileNew, queueFile))
	l.must(l.env.Disk.SyncDir())
	l.lines = len(jobs)
}

// must stops the host: a disk that failed once cannot be trusted with what is queued.
func (l *queueLog) must(err error) {
	if err != nil {
		l.env.Halt(fmt.Errorf("queue %s: %w", l.env.Host, err))
	}
}
