package zoo

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// A survey looks for mutants in blocks and by witness, and does nothing twice.
type survey struct {
	*keeper
	blocks int  // of each mutant; 0: by its difficulty
	blind  bool // look in blocks, and shrink the first kill
	save   bool // write the shrunk plan as the witness of a mutant that has none
}

// run does what is not among the results yet.
func (s *survey) run(ctx context.Context, list []*mutant) error {
	var open []*mutant
	for _, m := range list {
		if s.open(m) {
			open = append(open, m)
		}
	}
	s.tell.begin(len(open))
	return s.each(ctx, open, func(m *mutant, b binary) error { return s.examine(ctx, m, b) })
}

// count is how many blocks a mutant is looked for in.
func (s *survey) count(m *mutant) int {
	switch {
	case !s.blind || m.difficulty == needle:
		return 0
	case s.blocks > 0:
		return s.blocks
	}
	return m.difficulty.blocks()
}

// open reports whether there is anything left to do for a mutant.
func (s *survey) open(m *mutant) bool {
	key := m.key(s.sources)
	for n := range s.count(m) {
		if s.results.block(key, n) == nil {
			return true
		}
	}
	kill := s.kill(m)
	return kill != nil && s.blind && s.results.shrunk(key) == nil ||
		kill != nil && s.save && m.witness == "" ||
		m.witness != "" && s.results.witness(m.witnessKey(s.sources)) == nil
}

// kill is the first block in which a mutant was killed, or nil.
func (s *survey) kill(m *mutant) *block {
	for _, b := range s.results.blocks(m.key(s.sources)) {
		if b.Killed {
			return b
		}
	}
	return nil
}

// examine does what is left to do for a mutant.
func (s *survey) examine(ctx context.Context, m *mutant, bin binary) error {
	key := m.key(s.sources)
	for n := range s.count(m) {
		if s.results.block(key, n) != nil {
			continue
		}
		b, err := s.block(ctx, m, bin, n)
		if err != nil {
			return err
		}
		if err := s.add(record{Mutant: m.name, Key: key, Block: b}); err != nil {
			return err
		}
		s.tell.block(m, b)
	}
	kill := s.kill(m)
	if kill != nil && (s.blind || s.save) && s.results.shrunk(key) == nil {
		small, err := s.shrink(ctx, m, bin, kill)
		if err != nil {
			return err
		}
		if err := s.add(record{Mutant: m.name, Key: key, Shrunk: small}); err != nil {
			return err
		}
	}
	if err := s.saveWitness(m); err != nil {
		return err
	}
	if m.witness != "" && s.results.witness(m.witnessKey(s.sources)) == nil {
		w, err := s.witness(ctx, m, bin)
		if err != nil {
			return err
		}
		return s.add(record{Mutant: m.name, Key: m.witnessKey(s.sources), Witness: w})
	}
	return nil
}

// saveWitness writes the shrunk plan as the witness, if that was asked for and there
// is none.
func (s *survey) saveWitness(m *mutant) error {
	small := s.results.shrunk(m.key(s.sources))
	if !s.save || m.witness != "" || small == nil {
		return nil
	}
	path := filepath.Join(s.root, "zoo", m.name+".plan")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	m.witness = small.Plan
	return os.WriteFile(path, []byte(small.Plan), 0o644)
}
