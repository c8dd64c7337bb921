package node

import (
	"fmt"
	"io"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/actors/wal"
	"github.com/simrun/simrun/live"
)

// metrics count what the actors of a host note. They are written in the text format of
// Prometheus.
type metrics struct {
	host    string
	started time.Time

	committed, reads, others, syncs, configs, damages atomic.Uint64
}

func newMetrics(host string) *metrics { return &metrics{host: host, started: time.Now()} }

// note counts a fact. It does not block.
func (m *metrics) note(fact any) {
	switch f := fact.(type) {
	case store.Committed:
		m.committed.Add(uint64(len(f.Requests)))
	case store.Served:
		m.reads.Add(1)
	case store.Replied:
		m.others.Add(1)
	case store.Persisted:
		m.syncs.Add(1)
	case store.Published, store.Adopted:
		m.configs.Add(1)
	case wal.Damage:
		m.damages.Add(1)
	}
}

// write prints everything that is known of a host.
func (m *metrics) write(w io.Writer, c live.Counts) {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	for _, row := range []struct {
		name, kind, help string
		value            uint64
	}{
		{"simrun_uptime_seconds", "gauge", "Time since the start of the process.", uint64(time.Since(m.started).Seconds())},
		{"simrun_store_committed_total", "counter", "Changes that this host, as the head of a chain, answered with success.", m.committed.Load()},
		{"simrun_store_served_total", "counter", "Answers from the copy of this host alone, under a lease.", m.reads.Load()},
		{"simrun_store_replies_total", "counter", "Answers other than the success of a change.", m.others.Load()},
		{"simrun_store_syncs_total", "counter", "Syncs of the log that made something durable.", m.syncs.Load()},
		{"simrun_store_configurations_total", "counter", "Configurations published or adopted.", m.configs.Load()},
		{"simrun_log_damages_total", "counter", "Damaged files found at the start.", m.damages.Load()},
		{"simrun_messages_sent_total", "counter", "Messages written to a connection.", c.Sent},
		{"simrun_messages_received_total", "counter", "Messages delivered to an actor.", c.Received},
		{"simrun_messages_overflow_total", "counter", "Messages dropped because the queue of their link was full.", c.Overflow},
		{"simrun_messages_oversize_total", "counter", "Messages dropped because they are larger than a frame.", c.Oversize},
		{"simrun_messages_broken_total", "counter", "Messages in a write that failed.", c.Broken},
		{"simrun_messages_flooded_total", "counter", "Messages dropped because the mailbox was full.", c.Flooded},
		{"simrun_messages_stale_total", "counter", "Replies to requests of an earlier start.", c.Stale},
		{"simrun_messages_dead_letters_total", "counter", "Messages to actors that are not there.", c.DeadLetters},
		{"simrun_connections_total", "counter", "Connections that were set up.", c.Connects},
		{"simrun_connections_refused_total", "counter", "Connections closed for what came in on them.", c.Refused},
		{"simrun_connections_crowded_total", "counter", "Connections closed because too many newer ones came.", c.Crowded},
		{"simrun_goroutines", "gauge", "Goroutines of the process.", uint64(runtime.NumGoroutine())},
		{"simrun_heap_bytes", "gauge", "Bytes of the heap in use.", mem.HeapInuse},
	} {
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n%s{host=%q} %d\n", row.name, row.help, row.name, row.kind, row.name, m.host, row.value)
	}
}
