package simcli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simrun/simrun/sim"
)

// A folder is where a campaign keeps what it finds. One campaign uses it at a
// time.
type folder struct {
	path string
	lock *os.File
	// orphans are the seeds that a campaign which was killed had been running, and
	// left the files that name them.
	orphans []running
	left    []string
}

// running is the content of a file in running/: what a worker does now.
type running struct {
	Schema   int    `json:"schema"`
	Build    string `json:"build"` // what the seed means depends on it
	Scenario string `json:"scenario"`
	Policy   string `json:"policy,omitempty"`
	// Seed runs now. The worker goes on up to Last; after a power failure of the
	// machine, not of the process, any of the seeds up to it may have been running.
	Seed uint64 `json:"seed"`
	Last uint64 `json:"last"`
	// Head is the beginning of the plan, as far as it is known: all but the
	// operations and the faults.
	Head string `json:"head,omitempty"`
}

// headMost bounds a Head, in bytes: a record is to be written at once, into one
// page of the file.
const headMost = 1500

// head notes the beginning of the plan.
func (r *running) head(p sim.Plan) {
	p.Ops, p.Faults, p.Deviations = nil, nil, nil
	r.Head = p.String()
	if len(r.Head) > headMost {
		r.Head = r.Head[:headMost]
	}
}

// lockPatience is how long openFolder waits for the lock of another campaign.
const lockPatience = 500 * time.Millisecond

// openFolder creates the folder if need be, checks that it can be written to,
// locks it, and collects what a killed campaign left in it.
func openFolder(path string) (*folder, error) {
	if err := os.MkdirAll(filepath.Join(path, "running"), 0o755); err != nil {
		return nil, fmt.Errorf("output folder %s: %w", path, cause(err))
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("output folder %s: %w", path, cause(err))
	}
	f := &folder{path: path, lock: lock}
	// A campaign that was killed while it started a worker gives its lock back when
	// the new process has closed what it inherited: a moment later.
	locked := lockFile(lock)
	for deadline := time.Now().Add(lockPatience); locked != nil && time.Now().Before(deadline); {
		time.Sleep(lockPatience / 50)
		locked = lockFile(lock)
	}
	if locked != nil {
		lock.Close()
		return nil, fmt.Errorf("output folder %s: another campaign is using it", path)
	}
	if err := f.probe(); err != nil {
		f.close()
		return nil, fmt.Errorf("output folder %s: %w", path, cause(err))
	}
	return f, f.collect()
}

// cause drops the operation and the path of a file error, which the caller names.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// probe finds out before the first run whether results could be kept.
func (f *folder) probe() error {
	name := filepath.Join(f.path, "running", "probe")
	if err := os.WriteFile(name, []byte("ok"), 0o644); err != nil {
		return err
	}
	return os.Remove(name)
}

// collect reads what is left in running/.
func (f *folder) collect() error {
	names, err := filepath.Glob(filepath.Join(f.path, "running", "*.json"))
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		r, err := readRunning(name)
		if err != nil {
			return fmt.Errorf("seeds of a killed campaign: %w", err)
		}
		if r.Scenario != "" {
			f.orphans = append(f.orphans, r)
		}
	}
	f.left = names
	return nil
}

// readRunning reads what a worker does or did. A worker that was killed before its
// first seed leaves an empty file, and that is a zero running.
func readRunning(name string) (r running, err error) {
	b, err := os.ReadFile(name)
	if err != nil || json.Unmarshal(b, &r) != nil {
		return running{}, err
	}
	return r, nil
}

// adopt adds lines about the seeds of the killed campaign to the list killed.txt,
// and removes the files they were in.
func (f *folder) adopt(lines string) error {
	if len(f.left) == 0 {
		return nil
	}
	list, err := os.OpenFile(filepath.Join(f.path, "killed.txt"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("seeds of a killed campaign: %w", err)
	}
	_, err = list.WriteString(lines)
	if err = errors.Join(err, list.Sync(), list.Close()); err != nil {
		return fmt.Errorf("seeds of a killed campaign: %w", err)
	}
	for _, name := range f.left {
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("seeds of a killed campaign: %w", err)
		}
	}
	f.orphans, f.left = nil, nil
	return nil
}

// close unlocks the folder.
func (f *folder) close() error { return f.lock.Close() }

// save writes a file durably and returns its path. The name is made of the name
// of a scenario and a seed, never of anything that a run produced.
func (f *folder) save(name string, write func(w io.Writer) error) (string, error) {
	path := filepath.Join(f.path, name)
	file, err := os.CreateTemp(f.path, "."+name+".*")
	if err != nil {
		return "", fmt.Errorf("save %s: %w", path, err)
	}
	defer os.Remove(file.Name())
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("save %s: %w", path, err)
	}
	return path, nil
}

// fileName is the name of what is kept of a run, without its extension.
func fileName(scenario string, seed uint64) string {
	safe := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '-'
	}, scenario)
	return safe + "-" + strconv.FormatUint(seed, 16)
}

// A slot is the file in which a worker names the seed it runs.
type slot struct {
	file *os.File
	size int
}

// slotName is the file of a worker.
func (f *folder) slotName(worker int) string {
	return filepath.Join(f.path, "running", strconv.Itoa(worker)+".json")
}

func (f *folder) slot(worker int) (*slot, error) {
	file, err := os.OpenFile(f.slotName(worker), os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("record running seeds: %w", err)
	}
	return &slot{file: file}, nil
}

// record names the seed that runs next. The write reaches the system before the
// seed starts, so a kill of the process cannot lose it; sync, once for each row of
// seeds, makes the row survive a failure of the machine.
func (s *slot) record(r running, sync bool) error {
	r.Schema, r.Build = schema, build()
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("record running seed: %w", err)
	}
	// In place and padded: the file is never empty or half of two records.
	n := len(b)
	for len(b) < s.size {
		b = append(b, ' ')
	}
	s.size = max(s.size, n)
	if _, err := s.file.WriteAt(append(b, '\n'), 0); err != nil {
		return fmt.Errorf("record running seed: %w", err)
	}
	if sync {
		if err := s.file.Sync(); err != nil {
			return fmt.Errorf("record running seed: %w", err)
		}
	}
	return nil
}
