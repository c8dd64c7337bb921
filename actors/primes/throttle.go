package primes

import "time"

// A throttle is a token bucket for each client: a client that asks less often than
// rate is never refused, whatever the others do.
type throttle struct {
	rate  int // requests a second of one client; 0: no bound
	burst int // requests at once
	room  int // clients that are remembered

	buckets map[string]*bucket
	order   []string // clients by the time of their first request
}

// A bucket holds time in place of tokens: it is full when it is at burst requests'
// worth of time, and nothing has to run to refill it.
type bucket struct {
	credit time.Duration
	at     time.Duration // when credit was right
}

// allow takes a token of the client if it has one.
func (t *throttle) allow(client string, now time.Duration) bool {
	if t.rate <= 0 {
		return true
	}
	price := time.Second / time.Duration(t.rate)
	full := price * time.Duration(max(t.burst, 1))
	b := t.buckets[client]
	if b == nil {
		t.forget(now, full)
		b = &bucket{credit: full, at: now}
		if t.buckets == nil {
			t.buckets = map[string]*bucket{}
		}
		t.buckets[client] = b
		t.order = append(t.order, client)
	}
	b.credit = min(full, b.credit+now-b.at)
	b.at = now
	if b.credit < price {
		return false
	}
	b.credit -= price
	return true
}

// forget makes room for one more client. Those with a full bucket go first: nothing
// is lost with them. If there are none the oldest goes, which at most gives it a burst.
func (t *throttle) forget(now, full time.Duration) {
	if len(t.buckets) < t.room {
		return
	}
	kept := t.order[:0]
	for _, c := range t.order {
		if b := t.buckets[c]; b.credit+now-b.at >= full {
			delete(t.buckets, c)
		} else {
			kept = append(kept, c)
		}
	}
	if len(kept) >= t.room {
		delete(t.buckets, kept[0])
		kept = kept[1:]
	}
	t.order = kept
}
