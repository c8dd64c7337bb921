package harness

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// sampleEvery is the time between two samples.
const sampleEvery = 5 * time.Second

// A Sample is what the process holds at a time of a soak.
type Sample struct {
	At          time.Duration
	Rounds      int
	Heap        uint64 // bytes that are reachable
	Goroutines  int
	Descriptors int   // 0 where the system has no /proc
	Disk        int64 // bytes below the folder of the disks
}

func takeSample(at time.Duration) Sample {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s := Sample{At: at, Heap: m.HeapAlloc, Goroutines: runtime.NumGoroutine()}
	if names, err := os.ReadDir("/proc/self/fd"); err == nil {
		s.Descriptors = len(names)
	}
	return s
}

// settledSample is a sample once what has ended is gone: the kernel and the runtime
// may take a moment for the last connection, goroutine and timer. It gives up after
// some seconds: then there is a leak.
func settledSample(before Sample, at time.Duration) Sample {
	const (
		most = 200
		heap = 4 << 20 // what the process learns in a run: types, codecs
	)
	for n := 0; ; n++ {
		s := takeSample(at)
		if n == most || s.Goroutines <= before.Goroutines && s.Descriptors <= before.Descriptors && s.Heap <= before.Heap+heap {
			return s
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// sample takes one if it is time.
func (k *soaking) sample() {
	at := time.Since(k.began)
	if n := len(k.report.Samples); n > 0 && at < k.report.Samples[n-1].At+sampleEvery {
		return
	}
	s := takeSample(at)
	s.Rounds = k.report.Rounds
	s.Disk = folderSize(k.dir)
	k.report.Samples = append(k.report.Samples, s)
	if k.Sampled != nil {
		k.Sampled(s)
	}
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
