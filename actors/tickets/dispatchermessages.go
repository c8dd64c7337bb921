package tickets

import (
	"fmt"

	"github.com/simrun/simrun/actors"
)

// Names of the actors of the log path; a path is host/name.
const (
	DispatcherActor = "dispatcher"
	CollectorActor  = "collector"
)

// A LogID identifies a log message for ever: the host that said it, the boot of
// that host, and a number that counts from 1.
type LogID struct {
	Host string
	Boot uint64
	N    uint64
}

// String is host/boot/number.
func (id LogID) String() string { return fmt.Sprintf("%s/%d/%d", id.Host, id.Boot, id.N) }

// A LogMessage is one line of a log. Sent to a dispatcher it is answered with
// LogTaken or LogRefused; the same message may be sent again.
type LogMessage struct {
	ID   LogID
	Text string
}

// LogTaken says that a message is on the disk of the dispatcher: from now on it is
// owed to the collector, whatever crashes.
type LogTaken struct{ ID LogID }

// LogRefused says that the dispatcher has no room for a message, or was not up
// long enough to know. It is owed to nobody.
type LogRefused struct{ ID LogID }

// LogBatch is what a dispatcher sends to the collector, in the order in which it
// took the messages. Boot and N identify it.
type LogBatch struct {
	From     string // path of the dispatcher
	Boot     uint64
	N        uint64
	Messages []LogMessage
}

// LogBatchTaken says that a batch is on the disk of the collector.
type LogBatchTaken struct {
	Boot uint64
	N    uint64
}

// AskBacklog asks a dispatcher for its Backlog.
type AskBacklog struct{}

// Backlog is what a dispatcher has taken and not delivered.
type Backlog struct{ Messages int }

// ReadLog asks the collector for messages, beginning with number From from 0 on.
type ReadLog struct{ From int }

// A LogPage has the messages from number From on, as many as fit; none at the end
// of the log.
type LogPage struct {
	From     int
	Messages []Collected
}

// A Collected message is one that the collector has on its disk. Again flags a
// further copy of a message that is in the log already.
type Collected struct {
	Message LogMessage
	Again   bool
}

func init() {
	actors.Message("tickets.log", LogMessage{})
	actors.Message("tickets.log-taken", LogTaken{})
	actors.Message("tickets.log-refused", LogRefused{})
	actors.Message("tickets.log-batch", LogBatch{})
	actors.Message("tickets.log-batch-taken", LogBatchTaken{})
	actors.Message("tickets.ask-backlog", AskBacklog{})
	actors.Message("tickets.backlog", Backlog{})
	actors.Message("tickets.read-log", ReadLog{})
	actors.Message("tickets.log-page", LogPage{})
}

// Facts of the log path.
type (
	// LogSaid is the fact that a client is about to send a message.
	LogSaid struct{ Message LogMessage }
	// LogOwed is the fact that a dispatcher has made a message durable and answers
	// for it.
	LogOwed struct{ ID LogID }
	// LogOverflow is the fact that a dispatcher has refused a message for lack of
	// room.
	LogOverflow struct{ ID LogID }
)

// States of the log path that a campaign should reach.
const (
	SawCollectorAway  actors.Sometimes = "tickets.collector-away-for-an-hour"
	SawLogOverflow    actors.Sometimes = "tickets.log-overflow"
	SawLogRedelivered actors.Sometimes = "tickets.log-redelivered"
	SawLogRecovered   actors.Sometimes = "tickets.log-buffer-recovered"
	SawLargeBatch     actors.Sometimes = "tickets.log-batch-of-a-hundred"
)

func (e *encoder) message(m LogMessage) {
	e.string(m.ID.Host)
	e.uint(m.ID.Boot)
	e.uint(m.ID.N)
	e.string(m.Text)
}

func (d *decoder) message() LogMessage {
	return LogMessage{ID: LogID{Host: d.string(), Boot: d.uint(), N: d.uint()}, Text: d.string()}
}
