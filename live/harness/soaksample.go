package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// sampleEvery is the time between two samples, and sampleTime how long a process may
// take for its part.
const (
	sampleEvery = 5 * time.Second
	sampleTime  = 5 * time.Second
)

// Held is what a process holds at a time.
type Held struct {
	Heap        uint64 `json:"heap"`     // bytes that are reachable
	Resident    uint64 `json:"resident"` // bytes of the machine's memory; 0 where the system has no /proc
	Goroutines  int    `json:"goroutines"`
	Descriptors int    `json:"descriptors"` // 0 where the system has no /proc
}

// A Sample is how far a soak has come at a time, and what that takes.
type Sample struct {
	At                 time.Duration
	Rounds, Ops, Kills int
	Disk               int64 // bytes below the folder of the disks
	Held                     // of this process
	// Hosts is by name, if hosts are processes, of those that were up.
	Hosts map[string]Held
}

// weigh says what this process holds.
func weigh() Held {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h := Held{Heap: m.HeapAlloc, Goroutines: runtime.NumGoroutine()}
	if names, err := os.ReadDir("/proc/self/fd"); err == nil {
		h.Descriptors = len(names)
	}
	if b, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := bytes.Fields(b); len(fields) > 1 {
			pages, _ := strconv.ParseUint(string(fields[1]), 10, 64)
			h.Resident = pages * uint64(os.Getpagesize())
		}
	}
	return h
}

func takeSample(at time.Duration) Sample { return Sample{At: at, Held: weigh()} }

// settledSample is a sample once what has ended is gone: the kernel and the runtime
// may take a moment for the last connection, goroutine and timer. It gives up after
// some seconds: then there is a leak.
func settledSample(before Sample, at time.Duration) Sample {
	const most = 200
	for n := 0; ; n++ {
		s := takeSample(at)
		if n == most || s.Goroutines <= before.Goroutines && s.Descriptors <= before.Descriptors && s.Heap <= before.Heap+heapLearnt {
			return s
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// sample takes one if it is time.
func (k *soaking) sample(ctx context.Context) {
	at := k.clock()
	if n := len(k.report.Samples); n > 0 && at < k.report.Samples[n-1].At+sampleEvery {
		return
	}
	s := takeSample(at)
	s.Rounds, s.Ops, s.Disk = k.report.Rounds, k.report.Ops, folderSize(k.Dir)
	k.mu.Lock()
	for _, n := range k.report.Kills {
		s.Kills += n
	}
	k.mu.Unlock()
	if k.Process != nil {
		s.Hosts = k.weighHosts(ctx)
	}
	k.report.Samples = append(k.report.Samples, s)
	if k.Sampled != nil {
		k.Sampled(s)
	}
}

// weighHosts asks the processes of hosts. One that is down, or going down, has no
// answer.
func (k *soaking) weighHosts(ctx context.Context) map[string]Held {
	ctx, cancel := context.WithTimeout(ctx, sampleTime)
	defer cancel()
	all := map[string]Held{}
	for name, h := range k.hosts {
		p, ok := h.node.(*process)
		if !ok || !h.mu.TryLock() {
			continue
		}
		if held, ok := p.weigh(ctx); ok {
			all[name] = held
		}
		h.mu.Unlock()
	}
	return all
}

// weigh asks the process what it holds, unless it is gone.
func (p *process) weigh(ctx context.Context) (Held, bool) {
	life := p.life()
	if err := life.order(order{Weigh: true}); err != nil {
		return Held{}, false
	}
	select {
	case h := <-life.held:
		return h, true
	case <-life.gone:
	case <-ctx.Done():
	}
	return Held{}, false
}

const (
	// heapLearnt is what a process learns in a run: types, codecs.
	heapLearnt = 4 << 20
	// samplesMin is from how many samples on something can be seen to grow.
	samplesMin = 20
)

// leaks lists what is held after the end, and what has grown. The first quarter is
// for what fills once: the registry of proto.actor has 32,768 tables for each system,
// which requests fill one after the other.
func (r *SoakReport) leaks() (all []string) {
	left := func(what string, before, after, free uint64) {
		if after > before+free {
			all = append(all, fmt.Sprintf("%d %s before the soak, %d after it", before, what, after))
		}
	}
	left("goroutines", uint64(r.Before.Goroutines), uint64(r.After.Goroutines), 0)
	left("descriptors", uint64(r.Before.Descriptors), uint64(r.After.Descriptors), 0)
	left("bytes of heap", r.Before.Heap, r.After.Heap, heapLearnt)
	series := map[string][]Held{"": nil}
	for _, s := range r.Samples {
		series[""] = append(series[""], s.Held)
		for name, h := range s.Hosts {
			series[name] = append(series[name], h)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(series)) {
		all = append(all, growth(name, series[name])...)
	}
	return all
}

// growth compares the second quarter of what a process held with the last.
func growth(name string, held []Held) (all []string) {
	n := len(held)
	if n < samplesMin {
		return nil
	}
	where := ""
	if name != "" {
		where = "host " + name + ": "
	}
	for _, m := range measures {
		early, late := median(held[n/4:n/2], m.of), median(held[3*n/4:], m.of)
		if late > early*5/4+m.free {
			all = append(all, fmt.Sprintf("%s%d %s in the second quarter, %d in the last", where, early, m.what, late))
		}
	}
	return all
}

// measures are what must not grow by more than a quarter and what is free.
var measures = []struct {
	what string
	of   func(Held) uint64
	free uint64
}{
	{"bytes of heap", func(h Held) uint64 { return h.Heap }, 8 << 20},
	{"resident bytes", func(h Held) uint64 { return h.Resident }, 32 << 20},
	{"goroutines", func(h Held) uint64 { return uint64(h.Goroutines) }, 20},
	{"descriptors", func(h Held) uint64 { return uint64(h.Descriptors) }, 10},
}

func median(held []Held, of func(Held) uint64) uint64 {
	var all []uint64
	for _, h := range held {
		all = append(all, of(h))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// folderSize adds up the files of a folder while they change: what is gone when it
// gets there does not count.
func folderSize(dir string) (sum int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				sum += info.Size()
			}
		}
		return nil
	})
	return sum
}
