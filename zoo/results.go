package zoo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// A record is one line of the results file: a block, what the first kill was shrunk
// to, or what the witness showed.
type record struct {
	Mutant  string   `json:"mutant"`
	Key     string   `json:"key"` // see mutant.key; mutant.witnessKey for a witness
	Block   *block   `json:"block,omitempty"`
	Shrunk  *shrunk  `json:"shrunk,omitempty"`
	Witness *witness `json:"witness,omitempty"`
}

// A block is what came of some independent seeds.
type block struct {
	N       int            `json:"n"` // from 0
	Killed  bool           `json:"killed"`
	Seed    seed           `json:"seed,omitempty"` // that killed
	Check   string         `json:"check,omitempty"`
	Why     string         `json:"why,omitempty"`
	Tried   int            `json:"tried"`           // seeds, the killing one included
	Seconds float64        `json:"seconds"`         // of wall time, without the build
	Apart   map[string]int `json:"apart,omitempty"` // seeds that failed otherwise, by check
}

// shrunk is the smallest plan that was found for a kill.
type shrunk struct {
	Seed  seed   `json:"seed"`
	From  size   `json:"from"`
	To    size   `json:"to"`
	Check string `json:"check"`
	Plan  string `json:"plan"`
}

// A size is how much there is in a plan.
type size struct {
	Ops    int `json:"operations"`
	Faults int `json:"faults"`
}

// A witness is what a plan showed on the build with the patch and on the one without.
type witness struct {
	With    string `json:"with"`    // verdict and check
	Without string `json:"without"` // verdict and check
	Good    bool   `json:"good"`
}

// results is the file of records. It is only added to, but for compact.
type results struct {
	path    string
	records []record
}

// openResults reads the records of a file, which need not be there. What is left of
// a line that a crash cut off is removed.
func openResults(path string) (*results, error) {
	r := &results{path: path}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	if len(whole) < len(text) {
		if err := os.Truncate(path, int64(len(whole))); err != nil {
			return nil, err
		}
	}
	n := 0
	for line := range bytes.Lines(whole) {
		n++
		var rec record
		if err := json.Unmarshal(line, &rec); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		r.records = append(r.records, rec)
	}
	return r, nil
}

// add appends a record; it is on disk when add returns.
func (r *results) add(rec record) error {
	if err := write(r.path, os.O_APPEND, rec); err != nil {
		return err
	}
	r.records = append(r.records, rec)
	return nil
}

// compact drops the records that keep refuses. The file is replaced at once, so a
// crash leaves the old one or the new one.
func (r *results) compact(keep func(record) bool) error {
	kept := slices.DeleteFunc(slices.Clone(r.records), func(rec record) bool { return !keep(rec) })
	if len(kept) == len(r.records) {
		return nil
	}
	fresh := r.path + ".new"
	if err := write(fresh, os.O_TRUNC, kept...); err != nil {
		return err
	}
	r.records = kept
	return os.Rename(fresh, r.path)
}

// write writes records to a file, one a line, and syncs it.
func write(path string, mode int, list ...record) error {
	var text []byte
	for _, rec := range list {
		line, err := json.Marshal(rec)
		if err != nil {
			return err
		}
		text = append(append(text, line...), '\n')
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|mode, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Sync(), file.Close())
}

// block returns the block of a mutant, or nil.
func (r *results) block(key string, n int) *block {
	for _, rec := range r.records {
		if rec.Key == key && rec.Block != nil && rec.Block.N == n {
			return rec.Block
		}
	}
	return nil
}

// blocks returns all blocks of a mutant, in their order.
func (r *results) blocks(key string) []*block {
	var out []*block
	for n := 0; ; n++ {
		b := r.block(key, n)
		if b == nil {
			return out
		}
		out = append(out, b)
	}
}

// lastKill returns the newest block in which a mutant was killed, with any sources,
// or nil.
func (r *results) lastKill(name string) *block {
	var last *block
	for _, rec := range r.records {
		if rec.Mutant == name && rec.Block != nil && rec.Block.Killed {
			last = rec.Block
		}
	}
	return last
}

// survived reports that a mutant was looked for, with any sources, and never killed.
func (r *results) survived(name string) bool {
	tried := slices.ContainsFunc(r.records, func(rec record) bool { return rec.Mutant == name && rec.Block != nil })
	return tried && r.lastKill(name) == nil
}

// evaded reports that a mutant survived a block, with any sources.
func (r *results) evaded(name string) bool {
	return slices.ContainsFunc(r.records, func(rec record) bool {
		return rec.Mutant == name && rec.Block != nil && !rec.Block.Killed
	})
}

// shrunk returns what the first kill of a mutant was shrunk to, or nil.
func (r *results) shrunk(key string) *shrunk {
	for _, rec := range r.records {
		if rec.Key == key && rec.Shrunk != nil {
			return rec.Shrunk
		}
	}
	return nil
}

// witness returns what the witness of a mutant showed, or nil.
func (r *results) witness(key string) *witness {
	for _, rec := range r.records {
		if rec.Key == key && rec.Witness != nil {
			return rec.Witness
		}
	}
	return nil
}
