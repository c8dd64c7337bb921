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
// the operations that show it, the messages their outcomes follow from, and the
// faults that befell the hosts on the way. It is empty for an empty trace.
func Story(events []trace.Event, f Failure) string {
	events = withSenders(events)
	told := tell(events, explain(events, f, true))
	if len(told) > StoryLines {
		told = tell(events, explain(events, f, false))
	}
	left := 0
	if len(told) > StoryLines {
		told, left = shorten(told)
	}
	return layOut(told, left)
}

func tell(events []trace.Event, in []bool) (told []trace.Event) {
	for i, e := range events {
		if in[i] && telling(e) {
			told = append(told, e)
		}
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
	case trace.Start, trace.Send, trace.Resume, trace.Timer, trace.Disk:
		return false
	}
	return true
}

// essential reports that an event stays in a story that is too long.
func essential(e trace.Event) bool {
	switch e.Kind {
	case trace.Call, trace.Return, trace.Fail:
		return true
	}
	return e.Kind.Down()
}

// shorten leaves out what is not essential, then the middle.
func shorten(told []trace.Event) (kept []trace.Event, left int) {
	n := len(told)
	for _, e := range told {
		if essential(e) {
			kept = append(kept, e)
		}
	}
	if len(kept) == 0 {
		kept = told
	}
	if len(kept) > StoryLines {
		head := StoryLines / 4
		kept = append(kept[:head:head], kept[len(kept)-(StoryLines-head):]...)
	}
	return kept, n - len(kept)
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
	msg, text, peer := Cut(e.Msg, 60), Cut(e.Text, textWidth), Cut(e.Peer, 60)
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
