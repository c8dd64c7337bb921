package view

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/simrun/simrun/internal/trace"
)

// StoryLines is how long a story gets: a shrunk failure needs about ten lines, and
// nobody reads a hundred.
const StoryLines = 40

// Story tells how a failure came about, one event a line with its time and host:
// the operations that show it, the messages their outcomes follow from, the facts
// noted on the way, and the faults that befell the hosts. If no operation shows it
// and no step failed, it tells what led to the facts that the reason speaks of. It
// has at most StoryLines lines, and is empty if the trace has nothing to tell.
func Story(events []trace.Event, f Failure) string {
	events = withSenders(events)
	s := explain(events, f, true)
	told := s.told()
	if len(told) > StoryLines {
		s = explain(events, f, false)
		told = s.told()
	}
	n := len(told)
	if n > StoryLines {
		told = s.shorten(told)
	}
	lines := make([]trace.Event, len(told))
	for k, i := range told {
		lines[k] = events[i]
	}
	return layOut(lines, n-len(told))
}

// told returns what gets a line. A fact that is noted again and again, such as that
// a lease still holds, gets one when it is news.
func (s *slice) told() (told []int) {
	news := map[string]string{} // by path and type, the last text
	for i, e := range s.events {
		if !s.in[i] || !telling(e) {
			continue
		}
		if isFact(e) {
			at := e.Path + " " + e.Msg
			if news[at] == e.Text && !s.root[i] {
				continue
			}
			news[at] = e.Text
		}
		told = append(told, i)
	}
	return told
}

// Events prints every event of a trace, one a line.
func Events(events []trace.Event) string { return layOut(withSenders(events), 0) }

// withSenders names who sent a message at its other end: a reply comes from no
// address, and a request from an address of its own.
func withSenders(events []trace.Event) []trace.Event {
	paths := map[uint64]string{}
	out := slices.Clone(events)
	for i, e := range out {
		switch e.Kind {
		case trace.Send:
			paths[e.Key] = e.Path
		case trace.Duplicate:
			paths[e.Key] = e.Peer
		case trace.Deliver, trace.Drop:
			if path, ok := paths[e.Key]; ok {
				out[i].Peer = path
			}
		}
	}
	return out
}

// telling reports that an event has a line of its own. A send does not: its
// delivery or its loss says as much.
func telling(e trace.Event) bool {
	switch e.Kind {
	case trace.Deliver:
		return e.Peer != "" && hostOf(e.Peer) != e.Host
	case trace.Start, trace.Send, trace.Resume, trace.Timer, trace.Disk, trace.Clock:
		return false
	}
	return true
}

// rank says how much an event matters to a story that is too long, 0 the most:
// what the story is about and the hosts that went down, then what was noted and
// the other faults, then messages.
func (s *slice) rank(i int) int {
	e := s.events[i]
	switch {
	case s.root[i], e.Kind.Down(), e.Kind == trace.Fail:
		return 0
	case isFact(e), isFault(e):
		return 1
	}
	return 2
}

// shorten keeps what matters most, and of that which matters the same what came
// last. If even the first rank is too long it leaves out its middle. One line is
// for the number of those that are missing.
func (s *slice) shorten(told []int) (kept []int) {
	const room = StoryLines - 1
	ranks := make([][]int, 3)
	for _, i := range told {
		r := s.rank(i)
		ranks[r] = append(ranks[r], i)
	}
	if n := len(ranks[0]); n > room {
		head := room / 4
		return slices.Concat(ranks[0][:head], ranks[0][n-(room-head):])
	}
	for _, rank := range ranks {
		kept = append(kept, rank[max(0, len(rank)-(room-len(kept))):]...)
	}
	slices.Sort(kept)
	return kept
}

func layOut(told []trace.Event, left int) string {
	if len(told) == 0 {
		return ""
	}
	times, hosts := make([]string, len(told)), make([]string, len(told))
	timeWidth, hostWidth := 0, 0
	for i, e := range told {
		times[i], hosts[i] = clock(e.At), Cut(e.Host, 20)
		timeWidth = max(timeWidth, len(times[i]))
		hostWidth = max(hostWidth, utf8.RuneCountInString(hosts[i]))
	}
	var b strings.Builder
	for i, e := range told {
		pad := strings.Repeat(" ", hostWidth-utf8.RuneCountInString(hosts[i]))
		fmt.Fprintf(&b, "%*s  %s%s  %s\n", timeWidth, times[i], hosts[i], pad, Words(e))
	}
	if left > 0 {
		fmt.Fprintf(&b, "(%d more lines in the trace)\n", left)
	}
	return b.String()
}

// clock prints a time of the run; below a microsecond nothing is of interest.
func clock(d time.Duration) string { return d.Round(time.Microsecond).String() }

// textWidth is how much of a message's content, or of other text, is shown.
const textWidth = 90

// Words says what happened in an event, without its time and host, on one line.
func Words(e trace.Event) string {
	msg, text, peer := Cut(e.Msg, 60), Cut(firstLine(e), textWidth), Cut(e.Peer, 60)
	actor := ""
	if _, name, ok := strings.Cut(e.Path, "/"); ok {
		actor = Cut(name, 60)
	}
	var s string
	switch e.Kind {
	case trace.Start:
		s = words(actor, "starts", text)
	case trace.Send:
		s = words(actor, "sends", msg, paren(text), "to", peer)
	case trace.Deliver:
		s = words(actor, "receives", msg, paren(text), after("from", peer))
	case trace.Timer:
		s = words(actor, "timer", msg, text)
	case trace.Resume:
		s = words(actor, "goes on", text)
	case trace.Drop:
		s = words("LOST:", msg, after("from", peer), "to", actor, paren(text))
	case trace.Duplicate:
		s = words("DOUBLED:", msg, after("from", peer), "to", actor)
	case trace.Sync:
		s = words(actor, "syncs", strings.TrimPrefix(text, "sync "))
	case trace.Disk:
		s = words(actor, "disk:", text)
	case trace.Crash:
		s = words("CRASH", paren(text))
	case trace.PowerLoss:
		s = words("POWER LOSS", paren(text))
	case trace.Wipe:
		s = words("CRASH, disk lost", paren(text))
	case trace.Stop:
		s = words("stops", text)
	case trace.Halt:
		s = words("HALTS:", text)
	case trace.Restart:
		s = words("restarts", text)
	case trace.Partition:
		s = words("PARTITION", text)
	case trace.Cut:
		s = words("CUT", text)
	case trace.Fault:
		s = words("FAULT", text)
	case trace.Heal:
		s = label("HEALED", text)
	case trace.Call:
		s = words("calls", label(msg, text))
	case trace.Return:
		s = words("is told", label(msg, text))
	case trace.Note:
		s = words(actor, "notes", msg, text)
	case trace.Log:
		s = words(actor, "logs", text)
	case trace.Fail:
		s = words(actor, "FAILS:", text)
	default:
		s = words(e.Kind.String(), actor, msg, text)
	}
	return s
}

// firstLine is the text of an event without the stack of an error.
func firstLine(e trace.Event) string {
	if e.Kind != trace.Fail && e.Kind != trace.Halt && e.Kind != trace.Log {
		return e.Text
	}
	line, _, _ := strings.Cut(strings.Trim(e.Text, "\r\n"), "\n")
	return line
}

// words joins what is not empty.
func words(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		if p == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(p)
	}
	return b.String()
}

// after is a word and what follows it, or nothing.
func after(word, s string) string {
	if s == "" {
		return ""
	}
	return word + " " + s
}

// label is an id and what is said of it, if anything.
func label(id, text string) string {
	if text == "" {
		return id
	}
	return id + ": " + text
}

func paren(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}
