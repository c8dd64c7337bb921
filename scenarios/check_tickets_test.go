package scenarios

import (
	"strings"
	"testing"
	"time"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// created, ended and expired are changes of ticket 1, of job j, in the log of the
// tracker; now is the group's time.
func created(index uint64, now time.Duration) tickets.Changed {
	return tickets.Changed{Index: index, Now: now, Ticket: 1, Key: "j", To: models.TicketInProgress}
}

func ended(index uint64, now time.Duration, text string) tickets.Changed {
	return tickets.Changed{Index: index, Now: now, Ticket: 1, Key: "j", From: models.TicketInProgress, To: models.TicketFinished, Text: text}
}

func expired(index uint64, now time.Duration, text string) tickets.Changed {
	return tickets.Changed{Index: index, Now: now, Ticket: 1, Key: "j", From: models.TicketFinished, To: models.NoTicket, Text: text}
}

func pollOf(n uint64) tickets.PollSent { return tickets.PollSent{Boot: 1, N: n, Ticket: 1, Most: 9} }

func toldThat(n uint64, state models.TicketState, text string) tickets.PollAnswered {
	return tickets.PollAnswered{Boot: 1, N: n, Ticket: tickets.Ticket{ID: 1, State: state, Text: text}}
}

var (
	toldOne = TicketTold{Job: "j", Ticket: 1}
	sentR   = tickets.OutcomeSent{Boot: 1, N: 1, Ticket: 1, Job: "j", Text: "r"}
)

// Facts are two seconds apart. Each wrong run differs from the right one in one fact.
func TestTicketsCheck(t *testing.T) {
	second := time.Second
	short := sim.Knobs{}.With("ttl", 2*second).With("lease", 2*second)
	right := func(change func(f []any) []any) []sim.Note {
		facts := []any{
			"tracker1", created(1, 0), "c0", toldOne, "tracker2", created(1, 0), "c0", pollOf(1), "c0", toldThat(1, models.TicketInProgress, ""),
			"worker1", sentR, "tracker1", ended(2, 10*second, "r"), "c0", pollOf(2), "c0", toldThat(2, models.TicketFinished, "r"),
			"tracker1", expired(3, 14*second, "r"), "c0", pollOf(3), "c0", toldThat(3, models.NoTicket, ""),
		}
		return notes(change(facts)...)
	}
	with := func(at int, fact any) []sim.Note {
		return right(func(f []any) []any { f[2*at+1] = fact; return f })
	}
	other := created(4, 12*second)
	other.Key = "k"
	judge(t, checkTickets, []control{
		{"a ticket from its creation to its expiry", with(1, toldOne), short, ""},
		{"two members disagree", with(2, created(1, 1)), short,
			"tracker2 at 4s: applied {Index:1 Now:1ns Ticket:t1 Key:j From:NOT_FOUND To:IN_PROGRESS Text:}, and another member {Index:1 Now:0s Ticket:t1 Key:j From:NOT_FOUND To:IN_PROGRESS Text:}"},
		{"a number is given twice", with(10, other), short, "c0 at 20s: t1 of k is the number of j's ticket too"},
		{"the number of a ticket that is not there", with(0, tickets.QueueBegan{}), short, "c0 at 2s: t1 was told for j before it was committed"},
		{"the number of another's ticket", with(1, TicketTold{Job: "k", Ticket: 1}), short, "c0 at 2s: t1 was told for k and is the ticket of j"},
		{"it is finished twice", with(7, ended(3, 11*second, "s")), short, `c0 at 14s: t1 goes from IN_PROGRESS to FINISHED, but is FINISHED "r"`},
		{"it expires before its TTL", with(9, expired(3, 11*second, "r")), short, "tracker1 at 18s: t1 expires 1s after its end, before its TTL of 2s"},
		{"the group's time runs ahead", with(6, ended(2, 20*second, "r")), short, "tracker1 at 12s: the group's time is 20s and runs ahead of all clocks"},
		{"it is gone too soon", with(8, toldThat(2, models.NoTicket, "")), sim.Knobs{}.With("ttl", 10*second).With("lease", time.Minute),
			"c0 at 16s: t1 cannot be found, though it ended at 10s at the earliest and its TTL is 10s"},
		{"it was finished and is in progress", with(11, toldThat(3, models.TicketInProgress, "")), short, "c0 at 22s: t1 is in progress, and was FINISHED \"r\" before"},
		{"it says something else", with(11, toldThat(3, models.TicketFinished, "s")), short, "c0 at 22s: t1 says FINISHED \"s\", and has said FINISHED \"r\""},
		{"an answer to nobody", with(10, tickets.QueueBegan{}), short, "c0 at 22s: an answer to poll 3 that was never sent"},
	})
}

func TestTicketHistoryCheck(t *testing.T) {
	answered := tickets.OutcomeAnswered{Boot: 1, N: 1, Ticket: tickets.Ticket{ID: 1, State: models.TicketFinished, Text: "r"}}
	worker := func(facts ...any) []sim.Note {
		n := notes(facts...)
		for i := range n {
			n[i].Path = n[i].Host + "/worker"
		}
		return n
	}
	begin := []any{"tracker1", created(1, 0), "c0", toldOne, "worker1", sentR, "tracker1", ended(2, 1, "r"), "worker1", answered}
	judge(t, checkTicketHistory, []control{
		{"finished, and read", worker(append(begin, "c0", pollOf(1), "c0", toldThat(1, models.TicketFinished, "r"))...), nil, ""},
		{"finished, read, and gone", worker(append(begin, "c0", pollOf(1), "tracker1", expired(3, 9, "r"), "c0", toldThat(1, models.NoTicket, ""))...), nil, ""},
		{"an answer that was lost, and the ticket gone at the next try", worker(
			"tracker1", created(1, 0), "c0", toldOne, "worker1", sentR, "tracker1", ended(2, 1, "r"), "tracker1", expired(3, 9, "r"),
			"worker1", tickets.OutcomeAnswered{Boot: 1, N: 1, Status: tickets.NotFound}), nil, ""},
		{"finished and in progress again", worker(append(begin, "c0", pollOf(1), "c0", toldThat(1, models.TicketInProgress, ""))...), nil,
			`t1#2 on "t1" answered IN_PROGRESS, although t1#1 had been acknowledged before`},
		{"told and not found", worker("tracker1", created(1, 0), "c0", toldOne, "c0", pollOf(1), "c0", toldThat(1, models.NoTicket, "")), nil,
			`t1#1 on "t1" answered NOT_FOUND, although t1#0 had been acknowledged before`},
		{"two results are accepted", worker(append(begin,
			"worker2", tickets.OutcomeSent{Boot: 1, N: 1, Ticket: 1, Job: "j", Text: "s"},
			"worker2", tickets.OutcomeAnswered{Boot: 1, N: 1, Ticket: tickets.Ticket{ID: 1, State: models.TicketFinished, Text: "s"}})...), nil,
			`no order of the operations on "t1" explains that t1#2 answered FINISHED "s"`},
	})
}

func TestQueuedJobsCheck(t *testing.T) {
	token := func(n uint64) tickets.Token { return tickets.Token{Boot: 1, N: n} }
	leased := func(n uint64) tickets.JobLeased { return tickets.JobLeased{Job: "j", Token: token(n)} }
	began := func(durable bool, jobs ...string) tickets.QueueBegan {
		return tickets.QueueBegan{Boot: 1, Durable: durable, Jobs: jobs}
	}
	in, stored := tickets.JobEnqueued{Job: "j"}, tickets.JobStored{Job: "j"}
	done, gone := tickets.JobSettled{Job: "j", Token: token(1), Done: true}, tickets.JobDone{Job: "j", Token: token(1)}
	back := tickets.JobSettled{Job: "j", Token: token(1)}
	one := sim.Knobs{}.With("deliveries", 1).With("jobs", 1)
	judge(t, checkQueuedJobs, []control{
		{"enqueued, handed out, done", notes("queue", began(true), "queue", in, "queue", stored, "queue", leased(1), "queue", done, "queue", began(true)), one, ""},
		{"a lease runs out", notes("queue", in, "queue", leased(1), "queue", tickets.LeaseExpired{Job: "j", Token: token(1)}, "queue", leased(2)), nil, ""},
		{"kept over a restart", notes("queue", in, "queue", stored, "queue", leased(1), "queue", began(true, "j"), "queue", leased(2)), one, ""},
		{"done, but not for certain", notes("queue", in, "queue", stored, "queue", leased(1), "queue", done, "queue", began(true, "j"), "queue", leased(2)), one, ""},
		{"done for certain", notes("queue", in, "queue", leased(1), "queue", done, "queue", gone, "queue", began(true, "j")), one,
			"queue at 8s: job j was done, its worker was told so, and the queue has it again"},
		{"done, and submitted again meanwhile", notes("queue", in, "queue", leased(1), "queue", done, "queue", in, "queue", gone, "queue", began(true, "j")), one, ""},
		{"forgotten by a queue without a disk", notes("queue", in, "queue", stored, "queue", began(false)), nil, ""},
		{"forgotten", notes("queue", in, "queue", stored, "queue", began(true)), nil, "queue at 4s: job j was accepted, and the queue has forgotten it"},
		{"out of nothing", notes("queue", began(true, "j")), nil, "queue at 0s: job j is in the queue, and nobody has put it there"},
		{"two holders", notes("queue", in, "queue", leased(1), "queue", leased(2)), nil, "queue at 4s: job j: handed out while it is not ready"},
		{"a token twice", notes("queue", in, "queue", leased(1), "queue", back, "queue", leased(1)), nil, "queue at 6s: job j: handed out under token 1, which was used before"},
		{"a stale token", notes("queue", in, "queue", leased(1), "queue", tickets.LeaseExpired{Job: "j", Token: token(1)}, "queue", leased(2), "queue", done), nil,
			"queue at 8s: job j: token 1 is accepted, and is not that of the present lease"},
		{"once too often", notes("queue", in, "queue", leased(1), "queue", back, "queue", leased(2)), one, "queue at 6s: job j: delivered more than 1 times"},
		{"given up too soon", notes("queue", in, "queue", tickets.JobLeased{Job: "j", Token: token(1), Dead: true}), one, "queue at 2s: job j: given up after 0 of 1 deliveries"},
		{"one job too many", notes("queue", in, "queue", tickets.JobEnqueued{Job: "k"}), one, "queue at 2s: the queue has 2 jobs and room for 1"},
	})
}

func TestOutcomesOnceCheck(t *testing.T) {
	stored := tickets.Indexed{Job: "j", Ticket: 1, Text: "r"}
	done := tickets.JobSettled{Job: "j", Done: true}
	asked, told := tickets.PollSent{Boot: 1, N: 1, Job: "j"}, toldThat(1, models.TicketFinished, "r")
	judge(t, checkOutcomesOnce, []control{
		{"stored, listed, finished", notes("index", tickets.IndexBegan{}, "index", stored, "tracker1", ended(2, 1, "r"), "final", JobsListed{Jobs: []string{"j"}}), nil, ""},
		{"durable before anybody knew", notes("index", tickets.IndexBegan{Jobs: []string{"j"}}, "tracker1", ended(2, 1, "r")), nil, ""},
		{"no index, no callback", notes("tracker1", ended(2, 1, "r")), nil, ""},
		{"twice", notes("index", stored, "index", stored), nil, "index at 2s: the outcome of j is listed twice"},
		{"twice over a restart", notes("index", stored, "index", tickets.IndexBegan{Jobs: []string{"j", "j"}}), nil, "index at 2s: the outcome of j is listed twice"},
		{"out of nothing", notes("final", JobsListed{Jobs: []string{"j"}}), nil, "j is listed, and was never stored"},
		{"done when it is stored", notes("index", tickets.IndexBegan{}, "index", stored, "queue", done), nil, ""},
		{"done first", notes("index", tickets.IndexBegan{}, "queue", done), nil, "queue at 2s: job j is done, and its outcome is not stored"},
		{"done when its ticket ends", notes("tracker1", created(1, 0), "tracker1", ended(2, 1, "r"), "queue", done), nil, ""},
		{"done before its ticket ends", notes("tracker1", created(1, 0), "queue", done), nil, "queue at 2s: job j is done, and its ticket is in progress"},
		{"given back before that", notes("tracker1", created(1, 0), "queue", tickets.JobSettled{Job: "j"}), nil, ""},
		{"told when it is stored", notes("index", tickets.IndexBegan{}, "c0", asked, "index", stored, "c0", told), nil, ""},
		{"told first", notes("index", tickets.IndexBegan{}, "c0", asked, "c0", told), nil, "c0 at 4s: was told the outcome of j, which is not stored"},
		{"finished first", notes("index", tickets.IndexBegan{}, "tracker1", ended(2, 1, "r"), "index", stored), nil,
			"tracker1 at 2s: t1 of j is finished, and its result is not stored"},
	})
	accepted := SubmitEnded{Job: "j"}
	disk, none := tickets.QueueBegan{Durable: true}, tickets.QueueBegan{}
	judge(t, checkAcceptedAreStored, []control{
		{"accepted and stored", notes("queue", disk, "c0", accepted, "final", JobsListed{Jobs: []string{"j"}}), nil, ""},
		{"refused", notes("queue", disk, "c0", SubmitEnded{Job: "j", Status: tickets.Full}, "final", JobsListed{}), nil, ""},
		{"forgotten by a queue without a disk", notes("queue", none, "c0", accepted, "queue", none, "final", JobsListed{}), nil, ""},
		{"accepted and gone", notes("queue", disk, "c0", accepted, "queue", disk, "final", JobsListed{}), nil,
			"j was accepted, the queue is empty, and its outcome is not stored"},
	})
}

func TestPagesCheck(t *testing.T) {
	page := tickets.PageAnswered{Status: tickets.TryAgain, Took: 300 * time.Millisecond}
	work := func(job string) tickets.WorkBegan { return tickets.WorkBegan{Job: job} }
	call := func(job string) tickets.CallbackBegan { return tickets.CallbackBegan{Boot: 1, Job: job, Limit: 1} }
	sent := func(n uint64) tickets.PollSent {
		return tickets.PollSent{Boot: 1, N: n, Watch: 1, Most: 2, Gap: 1500 * time.Millisecond}
	}
	judge(t, checkPages, []control{
		{"a page in time", notes("web1", tickets.PageAnswered{Took: 200 * time.Millisecond}), nil, ""},
		{"late, and not its fault", notes("web1", sim.FaultBegan{Text: "0s pause web1 for 3s"}, "web1", page), nil, ""},
		{"late", notes("web1", sim.FaultBegan{Text: "0s pause web2 for 3s"}, "web1", page), nil,
			"web1 at 2s: a page was answered TRY_AGAIN after 300ms, later than 200ms"},
		{"one job after the other", notes("w", tickets.WorkerBegan{Parallel: 1}, "w", work("a"), "w", tickets.WorkEnded{Job: "a"}, "w", work("b")), nil, ""},
		{"after a crash", notes("w", tickets.WorkerBegan{Parallel: 1}, "w", work("a"), "w", tickets.WorkerBegan{Parallel: 1}, "w", work("b")), nil, ""},
		{"two jobs at a time", notes("w", tickets.WorkerBegan{Parallel: 1}, "w", work("a"), "w", work("b")), nil,
			"w at 4s: works on 2 jobs at a time, more than 1"},
		{"one callback after the other", notes("web1", call("a"), "web1", tickets.CallbackEnded{Boot: 1, Job: "a"}, "web1", call("b")), nil, ""},
		{"two callbacks at a time", notes("web1", call("a"), "web1", call("b")), nil, "web1 at 2s: works on 2 callbacks at a time, more than 1"},
		{"two polls", notes("c0", sent(1), "c0", sent(2)), nil, ""},
		{"three polls", notes("c0", sent(1), "c0", sent(2), "c0", sent(3)), nil, "c0 at 4s: watch 1 polls for the 3. time, more than 2"},
	})
	soon := notes("c0", sent(1), "c0", sent(2))
	soon[1].At = soon[0].At + time.Second
	if err := checkPages(&sim.Observation{Notes: soon}); err == nil || !strings.Contains(err.Error(), "sooner than 1.5s") {
		t.Errorf("two polls within a second: %v", err)
	}
}

// The lines of a plan read as they are written.
func TestTicketLinesReadBack(t *testing.T) {
	for _, text := range []string{
		"submit c0-1 300ms", "submit c0-1 300ms poison", "await c0-1", "await c0-1 for 5s", "cancel c0-1", "follow c0-1",
		"forget c0-1", "drain", "list", "sleep 5ms", "point cut",
	} {
		line, err := parseTicketLine(text)
		if err != nil || line.String() != text {
			t.Errorf("%s reads as %v, %v", text, line, err)
		}
	}
	for _, text := range []string{"", "put a", "submit", "submit a", "submit a 3", "submit a 3s venom", "await", "await a for", "cancel", "drain it", "list x", "follow a b"} {
		if line, err := parseTicketLine(text); err == nil {
			t.Errorf("%q reads as %v", text, line)
		}
	}
}
