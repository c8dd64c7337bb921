package faults

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Net is the behaviour of every link of a run, and of the disks.
type Net struct {
	DelayMin, DelayMax time.Duration // one way, uniform between the two, a message
	Drop, Duplicate    Permille      // of messages between hosts
	Late               Permille      // of messages: delayed by up to LateMax more
	LateMax            time.Duration
	FIFO               bool
	DiskMin, DiskMax   time.Duration // duration of a Disk call, uniform
	Drift              Permille      // each host's Now runs up to this much fast or slow; at most 40
	Offset             time.Duration // each host's Wall begins up to this much fast or slow
	Jitter             Permille      // a timer fires up to this share of its time late, never early
	Corrupt            Permille      // of messages between hosts: a bit flips or the end is missing; the frame's checksum must tell
	Capacity           int           // messages on their way on a link, beyond which it drops; 0: no bound
}

// maxDrift is what actors are promised: their clocks run at most 4 % fast or slow.
const maxDrift Permille = 40

// String prints the net as [ParseNet] reads it: "delay 1ms..20ms drop 0.05
// duplicate 0.01 late 0.002..5s fifo disk 0s..3ms drift 0.02 offset 10s jitter 0.5
// corrupt 0.01 capacity 20". All parts but the delay are left out where they are
// zero.
func (n Net) String() string {
	parts := []string{"delay " + rangeText(n.DelayMin, n.DelayMax)}
	if n.Drop != 0 {
		parts = append(parts, "drop "+n.Drop.String())
	}
	if n.Duplicate != 0 {
		parts = append(parts, "duplicate "+n.Duplicate.String())
	}
	if n.Late != 0 || n.LateMax != 0 {
		parts = append(parts, fmt.Sprintf("late %v..%v", n.Late, n.LateMax))
	}
	if n.FIFO {
		parts = append(parts, "fifo")
	}
	if n.DiskMin != 0 || n.DiskMax != 0 {
		parts = append(parts, "disk "+rangeText(n.DiskMin, n.DiskMax))
	}
	if n.Drift != 0 {
		parts = append(parts, "drift "+n.Drift.String())
	}
	if n.Offset != 0 {
		parts = append(parts, fmt.Sprintf("offset %v", n.Offset))
	}
	if n.Jitter != 0 {
		parts = append(parts, "jitter "+n.Jitter.String())
	}
	if n.Corrupt != 0 {
		parts = append(parts, "corrupt "+n.Corrupt.String())
	}
	if n.Capacity != 0 {
		parts = append(parts, fmt.Sprintf("capacity %d", n.Capacity))
	}
	return strings.Join(parts, " ")
}

func rangeText(lo, hi time.Duration) string {
	if lo == hi {
		return lo.String()
	}
	return fmt.Sprintf("%v..%v", lo, hi)
}

// ParseNet reads what Net.String prints, with its parts in any order. Parts that
// are missing are zero. Its errors are of type [*SyntaxError].
func ParseNet(text string) (Net, error) {
	var n Net
	seen := map[string]bool{}
	for w := NewWords(text); ; {
		part := w.Next()
		if part.Text == "" {
			return n, nil
		}
		if seen[part.Text] {
			return Net{}, &SyntaxError{Column: part.Column, Msg: fmt.Sprintf("%s is given twice", part.Text)}
		}
		seen[part.Text] = true
		var err error
		switch part.Text {
		case "delay":
			n.DelayMin, n.DelayMax, err = w.Next().durations()
		case "drop":
			n.Drop, err = w.Next().permille()
		case "duplicate":
			n.Duplicate, err = w.Next().permille()
		case "late":
			n.Late, n.LateMax, err = w.Next().late()
		case "fifo":
			n.FIFO = true
		case "disk":
			n.DiskMin, n.DiskMax, err = w.Next().durations()
		case "drift":
			n.Drift, err = w.Next().drift()
		case "offset":
			n.Offset, err = w.Next().Duration()
		case "jitter":
			n.Jitter, err = w.Next().permille()
		case "corrupt":
			n.Corrupt, err = w.Next().permille()
		case "capacity":
			n.Capacity, err = w.Next().capacity()
		default:
			err = part.Expected("delay, drop, duplicate, late, fifo, disk, drift, offset, jitter, corrupt or capacity")
		}
		if err != nil {
			return Net{}, err
		}
	}
}

// durations reads "1ms..20ms", or "1ms" for both ends.
func (w Word) durations() (lo, hi time.Duration, err error) {
	first, second, isRange := strings.Cut(w.Text, "..")
	if lo, err = (Word{Text: first, Column: w.Column}).Duration(); err != nil {
		return 0, 0, w.Expected("a range of durations such as 1ms..20ms")
	}
	if !isRange {
		return lo, lo, nil
	}
	end := w.after(len(w.Text) - len(second))
	if hi, err = end.Duration(); err != nil {
		return 0, 0, err
	}
	if hi < lo {
		return 0, 0, end.Expected(fmt.Sprintf("a duration of at least %v", lo))
	}
	return lo, hi, nil
}

// late reads "0.002..5s": a share of the messages and their longest extra delay.
func (w Word) late() (Permille, time.Duration, error) {
	share, longest, ok := strings.Cut(w.Text, "..")
	if !ok {
		return 0, 0, w.Expected("a share and a duration such as 0.002..5s")
	}
	p, err := Word{Text: share, Column: w.Column}.permille()
	if err != nil {
		return 0, 0, err
	}
	d, err := w.after(len(w.Text) - len(longest)).Duration()
	return p, d, err
}

func (w Word) drift() (Permille, error) {
	p, err := w.permille()
	if err == nil && p > maxDrift {
		return 0, w.Expected(fmt.Sprintf("a drift of at most %v", maxDrift))
	}
	return p, err
}

// capacity reads how many messages a link holds.
func (w Word) capacity() (int, error) {
	n, err := strconv.Atoi(w.Text)
	if err != nil || n < 1 {
		return 0, w.Expected("how many messages a link holds, from 1")
	}
	return n, nil
}
