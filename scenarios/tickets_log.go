package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// A line of a log plan is a LogLine, a ReadLog, a Sleep, or DrainLog at the end.
type (
	// LogLine says a message, one word, to the dispatcher of a number.
	LogLine struct {
		Dispatcher int
		Text       string
	}
	// ReadLog reads what is new in the log, if the collector answers.
	ReadLog struct{}
	// DrainLog waits until none of so many dispatchers has anything left to deliver,
	// and reads the log.
	DrainLog struct{ Dispatchers int }
)

// String is: log 0 c0.7.
func (l LogLine) String() string { return fmt.Sprintf("log %d %s", l.Dispatcher, l.Text) }

// String is: read.
func (ReadLog) String() string { return "read" }

// String is: drain 2.
func (l DrainLog) String() string { return fmt.Sprintf("drain %d", l.Dispatchers) }

// LogAnswered is the fact that a client learned what became of its message.
type LogAnswered struct {
	ID   tickets.LogID
	Fate tickets.LogFate
}

const (
	logClients  = 3
	logPatience = 200 * time.Millisecond // the limit of a request phase
)

// ticketsLog is the log path of seed text 2: dispatchers that return at once, and a
// collector that is away for hours.
func ticketsLog() sim.Scenario {
	profile := faults.Profile{
		DelayMin: time.Millisecond, DelayMax: 30 * time.Millisecond,
		DropMax: 200, DuplicateMax: 300, LateMax: 10 * time.Second,
		DiskMax: 30 * time.Millisecond, DriftMax: 40, FIFO: 300, Random: 200, JitterMax: 500, CorruptMax: 5,
		OffsetMax: 288 * time.Second,
		Span:      4 * time.Second, DownMin: 5 * time.Millisecond, DownMax: 4 * time.Second,
		Counts: faults.Counts{
			faults.Crash: 3, faults.PowerLoss: 3, faults.Stop: 1, faults.Pause: 2, faults.Slow: 1,
			faults.Partition: 1, faults.Cut: 1, faults.Isolate: 1, faults.Clog: 1, faults.Reset: 1,
			faults.DropMessage: 2, faults.Replay: 3,
			faults.SlowDisk: 1, faults.SyncError: 1, faults.WriteError: 1, faults.ReadError: 1, faults.DiskFull: 1, faults.ReadOnly: 1,
			faults.ClockStep: 1,
		},
		Messages:     []string{"tickets.log", "tickets.log-taken", "tickets.log-batch", "tickets.log-batch-taken"},
		PowerLossAll: 200, ClientCrashes: 1, Points: []string{"wal.before-append", "wal.before-sync", "wal.after-sync", "wal.before-rename", "wal.before-remove", "wal.recovering"},
		Servers: []string{"dispatcher", tickets.CollectorHost}, Clients: []string{"c"},
	}
	return sim.Scenario{
		Name: "tickets/log",
		Doc:  "log dispatchers that return at once and buffer while the collector is away for hours",
		Knobs: func(d *faults.Draw) sim.Knobs {
			return sim.Knobs{}.
				With("dispatchers", d.Between("dispatchers", 1, 2)).
				With("messages", []int{20, 60, 200, 1000}[d.IntN("messages", 4)]).
				With("batch", []int{1, 10, 200}[d.IntN("batch", 3)]).
				With("compact", []int{300, 2000, 100_000}[d.IntN("compact", 3)]).
				With("away", []string{"0s", "1h5m", "3h", "7h"}[d.IntN("away", 4)])
		},
		Topology: func(k sim.Knobs) actors.Topology {
			compact := int64(k.Int("compact", 0))
			return tickets.LogTopology(tickets.LogOptions{
				Dispatchers: k.Int("dispatchers", 1), Clients: logClients,
				Dispatcher: tickets.DispatcherOptions{Messages: k.Int("messages", 0), Batch: k.Int("batch", 0), Compact: compact},
				Collector:  tickets.CollectorOptions{Compact: compact},
			})
		},
		Profile: profile,
		Script: func(d *faults.Draw, k sim.Knobs) (faults.Net, faults.Schedule) {
			return awayFor(d, profile, k)
		},
		Workload: sim.Workload{
			Generate: generateLog,
			Final: func(k sim.Knobs, _ []sim.Op) []sim.Op {
				return []sim.Op{{Client: "final", Do: DrainLog{Dispatchers: k.Int("dispatchers", 1)}}}
			},
			Parse:  parseLogLine,
			Client: newLogClient,
		},
		Checks: []sim.Check{{Name: "log", Func: checkLog}},
		Sometimes: []string{
			string(tickets.SawCollectorAway), string(tickets.SawLogOverflow), string(tickets.SawLogRedelivered),
			string(tickets.SawLogRecovered), string(tickets.SawLargeBatch),
		},
		// Clients sleep for hours; what must happen soon is bounded by drainPatience.
		Limits: sim.Limits{Time: 24 * time.Hour, Settle: 24 * time.Hour},
	}
}

// awayFor draws what the profile bounds, and on top of it the hours that the
// collector is away: down, or cut off.
func awayFor(d *faults.Draw, p faults.Profile, k sim.Knobs) (faults.Net, faults.Schedule) {
	hosts := []string{tickets.CollectorHost}
	for i := range k.Int("dispatchers", 1) {
		hosts = append(hosts, tickets.DispatcherHost(i))
	}
	for i := range logClients {
		hosts = append(hosts, fmt.Sprintf("c%d", i))
	}
	drawn := p.Draw(d, hosts)
	if away := k.Duration("away", 0); away > 0 {
		f := faults.Fault{
			Kind: faults.Crash, Hosts: []string{tickets.CollectorHost},
			At: time.Duration(d.Between("away at", 10, 3000)) * time.Millisecond, For: away,
		}
		if d.Permille("cut off", 400) {
			f.Kind = faults.Isolate
		}
		at, _ := slices.BinarySearchFunc(drawn.Faults, f.At, func(g faults.Fault, at time.Duration) int {
			if g.Point != "" || g.At > at {
				return 1
			}
			return -1
		})
		drawn.Faults = slices.Insert(drawn.Faults, at, f)
	}
	return drawn.Net, drawn.Faults
}

// generateLog has the clients say 40 to 120 lines each, with pauses, a few of them
// long enough for the collector to be away and to come back.
func generateLog(d *faults.Draw, k sim.Knobs) []sim.Op {
	var ops []sim.Op
	away := k.Duration("away", 0)
	for c := range logClients {
		client := fmt.Sprintf("c%d", c)
		lines := d.Sub(client, 0).Between("lines", 40, 120)
		for n := 1; n <= lines; n++ {
			d := d.Sub(client, n)
			ops = append(ops, sim.Op{Client: client, N: n, Do: LogLine{Dispatcher: c % k.Int("dispatchers", 1), Text: fmt.Sprintf("%s.%d", client, n)}})
			switch {
			case away > 0 && (n == lines/2 || n == lines-5):
				ops = append(ops, sim.Op{Client: client, Do: Sleep{For: away * time.Duration(d.Between("long", 40, 70)) / 100}})
			case d.Permille("pause", 200):
				ops = append(ops, sim.Op{Client: client, Do: Sleep{For: time.Duration(d.Between("short", 1, 400)) * time.Millisecond}})
			case d.Permille("read", 50):
				ops = append(ops, sim.Op{Client: client, Do: ReadLog{}})
			}
		}
	}
	return ops
}

// parseLogLine reads what the String methods of the lines print.
func parseLogLine(text string) (fmt.Stringer, error) {
	words := faults.NewWords(text)
	first := words.Next()
	if first.Text == "sleep" {
		return parseLine(text)
	}
	switch first.Text {
	case "read":
		return ReadLog{}, words.End()
	case "log", "drain":
	default:
		return nil, first.Expected("log, read, drain or sleep")
	}
	word := words.Next()
	n, err := strconv.Atoi(word.Text)
	if err != nil || n < 0 {
		return nil, word.Expected("a number")
	}
	if first.Text == "drain" {
		return DrainLog{Dispatchers: n}, words.End()
	}
	said := words.Next()
	if said.Text == "" {
		return nil, said.Expected("a word to log")
	}
	return LogLine{Dispatcher: n, Text: said.Text}, words.End()
}

// newLogClient is the Client function of the workload.
func newLogClient(env actors.Env, rec *linearizability.Recorder) func(sim.Op) error {
	c := &logClient{env: env, rec: rec, logger: tickets.NewLogger(env, logPatience)}
	return c.do
}

type logClient struct {
	env    actors.Env
	rec    *linearizability.Recorder
	logger *tickets.Logger
	seen   int // messages of the log
}

func (c *logClient) do(op sim.Op) error {
	switch do := op.Do.(type) {
	case LogLine:
		c.log(op.N, do)
	case ReadLog:
		if page, ok := c.page(c.seen); ok {
			c.seen += len(page.Messages)
			c.env.Note(LogSeen{From: page.From, Messages: page.Messages})
		}
	case Sleep:
		c.env.Clock.Sleep(do.For)
	case DrainLog:
		c.env.Note(LogDraining{})
		for i := range do.Dispatchers {
			if err := c.drain(dispatcherPath(i)); err != nil {
				return err
			}
		}
		return c.read()
	default:
		return fmt.Errorf("no line of a log: %v", op.Do)
	}
	return nil
}

func dispatcherPath(i int) string {
	return tickets.DispatcherHost(i) + "/" + tickets.DispatcherActor
}

func (c *logClient) log(n int, l LogLine) {
	c.rec.Call(n, l)
	id, fate := c.logger.Log(dispatcherPath(l.Dispatcher), l.Text)
	c.env.Note(LogAnswered{ID: id, Fate: fate})
	out := linearizability.Outcome{Output: fate}
	if fate == tickets.LogUnanswered {
		out = linearizability.Outcome{Certainty: linearizability.Unknown}
	}
	c.rec.Return(n, out)
}

const (
	// askAgain is how long the reader waits for an answer, and between two questions.
	askAgain = 500 * time.Millisecond
	// drainPatience is how long a dispatcher may take to deliver everything once all
	// has healed. It tries once a minute in the end.
	drainPatience = 5 * time.Minute
)

// drain waits until a dispatcher has delivered everything.
func (c *logClient) drain(dispatcher string) error {
	for began := c.env.Clock.Now(); c.env.Clock.Now()-began < drainPatience; c.env.Clock.Sleep(askAgain) {
		reply, err := c.env.Request(c.env.PID(dispatcher), tickets.AskBacklog{}, askAgain)
		if b, ok := reply.(tickets.Backlog); err == nil && ok && b.Messages == 0 {
			return nil
		}
	}
	return fmt.Errorf("%s has not delivered everything %v after all has healed", dispatcher, drainPatience)
}

// read notes what the collector has.
func (c *logClient) read() error {
	var all []tickets.Collected
	for began := c.env.Clock.Now(); c.env.Clock.Now()-began < drainPatience; {
		page, ok := c.page(len(all))
		if !ok {
			continue
		}
		if len(page.Messages) == 0 {
			c.env.Note(LogRead{Messages: all})
			return nil
		}
		all = append(all, page.Messages...)
	}
	return fmt.Errorf("the collector could not be read within %v after all has healed", drainPatience)
}

// page asks the collector for messages.
func (c *logClient) page(from int) (tickets.LogPage, bool) {
	reply, err := c.env.Request(c.env.PID(tickets.CollectorHost+"/"+tickets.CollectorActor), tickets.ReadLog{From: from}, askAgain)
	page, ok := reply.(tickets.LogPage)
	return page, err == nil && ok
}
