package view

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode"

	"github.com/simrun/simrun/internal/trace"
)

const (
	// evidenceRoots is how many events a story shows because Why speaks of them.
	evidenceRoots = 8
	// evidenceLines is how many lines each of them is explained in.
	evidenceLines = 6
)

// evidence chooses the events that the reason of a failure speaks of, best told by
// what actors and programs noted. It prefers those of paths and hosts that the
// reason names, then those that share words and numbers with it, then later ones.
// If the reason names the very time of an event, nothing later is evidence. An
// operation that did not return is as good as a fact.
//
// If there are none, it takes logs, then messages, and only then operations that
// ended as they should.
func evidence(events []trace.Event, f Failure) []int {
	why := newReason(f.Why)
	events = events[:moment(events, why.text)]
	returned := map[string]bool{}
	for _, e := range events {
		if e.Kind == trace.Return {
			returned[e.Msg] = true
		}
	}
	operation := func(e trace.Event) bool { return e.Kind == trace.Call || e.Kind == trace.Return }
	for _, kind := range []func(trace.Event) bool{
		func(e trace.Event) bool { return isFact(e) || e.Kind == trace.Call && !returned[e.Msg] },
		func(e trace.Event) bool { return e.Kind == trace.Log },
		func(e trace.Event) bool { return e.Kind == trace.Deliver && telling(e) || e.Kind == trace.Drop },
		operation,
	} {
		if found := why.best(events, kind); len(found) > 0 {
			return found
		}
	}
	return nil
}

// lastOf returns what the actors and programs that the reason names did last, for a
// run that was ended because they did nothing more.
func lastOf(events []trace.Event, f Failure) []int {
	const most = 4
	last := map[string]int{}
	for i, e := range events {
		if e.Path != "" && telling(e) && e.Kind != trace.Fail {
			last[e.Path] = i
		}
	}
	var found []int
	for _, path := range slices.Sorted(maps.Keys(last)) {
		if len(found) < most && mentions(f.Why, path) {
			found = append(found, last[path])
		}
	}
	return found
}

// A reason is why a run failed, as words to look for.
type reason struct {
	text  string
	words map[string]bool
}

func newReason(why string) reason {
	first, _, _ := strings.Cut(why, "\ngoroutine ")
	r := reason{text: first, words: map[string]bool{}}
	for _, w := range fields(first) {
		r.words[w] = true
	}
	return r
}

// fields are the words and numbers of a text.
func fields(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// best returns the wanted events that fit best, in their order. If some fit, those
// that do not are left out.
func (r reason) best(events []trace.Event, wanted func(trace.Event) bool) []int {
	type candidate struct{ i, score int }
	var all []candidate
	for i, e := range events {
		if wanted(e) {
			all = append(all, candidate{i, r.place(e) + r.shared(e)})
		}
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.i, a.i))
	})
	var found []int
	for _, c := range all[:min(len(all), evidenceRoots)] {
		if c.score > 0 || all[0].score == 0 {
			found = append(found, c.i)
		}
	}
	slices.Sort(found)
	return found
}

// place is how well the reason names where an event happened.
func (r reason) place(e trace.Event) int {
	switch {
	case mentions(r.text, e.Path):
		return 4
	case mentions(r.text, e.Host):
		return 2
	}
	return 0
}

// shared is how many words of an event are words of the reason.
func (r reason) shared(e trace.Event) int {
	words := fields(e.Msg + " " + e.Text)
	slices.Sort(words)
	n := 0
	for _, w := range slices.Compact(words) {
		if r.words[w] {
			n++
		}
	}
	return n
}

// moment returns how many events had happened at the last of the times that a text
// names, all if it names none. A duration is a time only if something happened then.
func moment(events []trace.Event, text string) int {
	last := -1
	for _, word := range strings.Fields(text) {
		at, err := time.ParseDuration(strings.Trim(word, ".,:;()"))
		if err != nil || at <= 0 {
			continue
		}
		n := sort.Search(len(events), func(i int) bool { return events[i].At > at })
		if n > 0 && events[n-1].At == at {
			last = max(last, n)
		}
	}
	if last < 0 {
		return len(events)
	}
	return last
}

// mentions says whether a text has a name that is no part of a longer one: "db1" is
// not in "db10 is down".
func mentions(text, name string) bool {
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for name != "" {
		i := strings.Index(text, name)
		if i < 0 {
			return false
		}
		before, after := text[:i], text[i+len(name):]
		if strings.TrimRightFunc(before, inWord) == before && strings.TrimLeftFunc(after, inWord) == after {
			return true
		}
		text = after
	}
	return false
}
