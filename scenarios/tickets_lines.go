package scenarios

import (
	"fmt"
	"strings"
	"time"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/faults"
)

// A line of a tickets plan is one of these, or a Sleep or a Point.
type (
	// SubmitJob has a job done, and blocks until it is accepted or not.
	SubmitJob struct{ Job tickets.Job }
	// AwaitJob watches a job that the same client has submitted, until it is over or for
	// so long; 0 means for ever. The watch goes on meanwhile.
	AwaitJob struct {
		Name string
		For  time.Duration
	}
	// CancelJob ends the watch of a job. The job itself goes on.
	CancelJob struct{ Name string }
	// FollowJob asks about a job by its name until its end is known, or that nobody knows
	// it. The host "final" follows every job.
	FollowJob struct{ Name string }
	// ForgetJob asks about a job until nobody knows it any more.
	ForgetJob struct{ Name string }
	// DrainQueue waits until the queue is empty.
	DrainQueue struct{}
	// ListJobs reads which jobs the index has.
	ListJobs struct{}
	// AwaitNoAlarm waits until the monitor has no alarm on.
	AwaitNoAlarm struct{}
)

// String is: submit c0-1 300ms, or: submit c0-1 300ms poison.
func (l SubmitJob) String() string {
	text := "submit " + l.Job.Name + " " + l.Job.Work.String()
	if l.Job.Poison {
		text += " poison"
	}
	return text
}

// String is: await c0-1, or: await c0-1 for 5s.
func (l AwaitJob) String() string { return "await " + l.Name + within(l.For) }

// String is: cancel c0-1.
func (l CancelJob) String() string { return "cancel " + l.Name }

// String is: follow c0-1.
func (l FollowJob) String() string { return "follow " + l.Name }

// String is: forget c0-1.
func (l ForgetJob) String() string { return "forget " + l.Name }

// String is: drain.
func (DrainQueue) String() string { return "drain" }

// String is: list.
func (ListJobs) String() string { return "list" }

// String is: calm.
func (AwaitNoAlarm) String() string { return "calm" }

// parseTicketLine reads what the String methods of the lines print.
func parseTicketLine(text string) (fmt.Stringer, error) {
	words := faults.NewWords(text)
	verb := words.Next()
	switch verb.Text {
	case "sleep", "point":
		return parseLine(text)
	case "drain":
		return DrainQueue{}, words.End()
	case "list":
		return ListJobs{}, words.End()
	case "calm":
		return AwaitNoAlarm{}, words.End()
	case "submit", "await", "cancel", "follow", "forget":
	default:
		return nil, verb.Expected("submit, await, cancel, follow, forget, drain, list, calm, sleep or point")
	}
	word := words.Next()
	if word.Text == "" || strings.Contains(word.Text, "#") {
		return nil, word.Expected("the name of a job")
	}
	name := word.Text
	switch verb.Text {
	case "submit":
		work, err := words.Next().Duration()
		if err != nil {
			return nil, err
		}
		job := tickets.Job{Name: name, Work: work}
		if last := words.Peek(); last.Text == "poison" {
			words.Next()
			job.Poison = true
		}
		return SubmitJob{Job: job}, words.End()
	case "await":
		d, err := parseWithin(words)
		return AwaitJob{Name: name, For: d}, err
	case "cancel":
		return CancelJob{Name: name}, words.End()
	case "follow":
		return FollowJob{Name: name}, words.End()
	}
	return ForgetJob{Name: name}, words.End()
}
