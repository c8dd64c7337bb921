package zoo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/simrun/simrun/scenarios"
	"github.com/simrun/simrun/sim"
)

// A mutant is one patch file, with its witness if there is one.
type mutant struct {
	name       string // M14
	title      string // where it is and what is wrong
	scenario   string
	checkers   []string // the guarantees it breaks
	checks     []string // any of which is a kill for the right reason
	difficulty difficulty
	source     string
	hunks      []hunk
	witness    string // the text of its plan; "" for none
}

// A difficulty says how many fresh seeds must be enough.
type difficulty string

const (
	easy   difficulty = "easy"
	medium difficulty = "medium"
	hard   difficulty = "hard"
	needle difficulty = "needle" // no number of seeds is; there is a witness
)

// budget is how many seeds a block has.
func (d difficulty) budget() int {
	return map[difficulty]int{easy: 200, medium: 2_000, hard: 20_000}[d]
}

// blocks is how many blocks a mutant is looked for in.
func (d difficulty) blocks() int {
	return map[difficulty]int{easy: 20, medium: 20, hard: 5}[d]
}

// guarantees maps what a checker of the catalogue promises to the checks of the
// code that watch over it.
var guarantees = map[string][]string{
	"LIN":   {"linearizable", "stale"},
	"DUR":   {"durable", "vanished"},
	"GHOST": {"ghost"},
	"ONCE":  {"once"},
	"CONV":  {"replicas"},
	"CFG":   {"configuration"},
	"CLI":   {"client"},
	"LIVE":  {"liveness", "program"},
	"RES":   {"resources"},
	"TKT":   {"ticket", "once"},
	"DISK":  {"disk"},
	"RAFT":  {"raft"},
	"RESP":  {"responses"},
	"JOB":   {"jobs"},
	"LEASE": {"leases"},
	"LOG":   {"log"},
}

// isCheck reports whether a check watches over one of the guarantees.
func isCheck(name string) bool {
	for _, checks := range guarantees {
		if slices.Contains(checks, name) {
			return true
		}
	}
	return false
}

// readMutants reads the patches of some names below the root of the module, with
// their witnesses; of no names, all. An error names the file. Other patches may be
// broken.
func readMutants(root string, names []string) ([]*mutant, error) {
	files, err := filepath.Glob(filepath.Join(root, "zoo", "*.patch"))
	if err != nil {
		return nil, err
	}
	var all []string
	for _, file := range files {
		all = append(all, strings.TrimSuffix(filepath.Base(file), ".patch"))
	}
	if len(all) == 0 {
		return nil, errors.New("there is no patch in zoo/")
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("no mutant %q: there is no zoo/%s.patch", name, name)
		}
	}
	var out []*mutant
	for _, name := range all {
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		m, err := readMutant(root, name)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// readMutant reads a patch, sees that it applies, and reads its witness.
func readMutant(root, name string) (*mutant, error) {
	text, err := os.ReadFile(filepath.Join(root, "zoo", name+".patch"))
	if err != nil {
		return nil, err
	}
	m, err := parseMutant(name, text)
	if err == nil {
		_, err = apply(root, m.hunks)
	}
	if err != nil {
		return nil, fmt.Errorf("zoo/%s.patch: %w", name, err)
	}
	if m.witness, err = readWitness(filepath.Join(root, "zoo", name+".plan")); err != nil {
		return nil, err
	}
	return &m, nil
}

// readWitness returns the text of a plan that can be run, or "" if there is no file.
func readWitness(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	_, _, err = parsePlan("zoo/"+filepath.Base(path), string(text))
	return string(text), err
}

// parsePlan reads a plan of any scenario of the catalogue. An error begins with the
// name.
func parsePlan(name, text string) (sim.Scenario, sim.Plan, error) {
	of, err := sim.PlanScenario(named{strings.NewReader(text), name})
	if err != nil {
		return sim.Scenario{}, sim.Plan{}, err
	}
	s, err := scenario(of)
	if err != nil {
		return sim.Scenario{}, sim.Plan{}, fmt.Errorf("%s: %w", name, err)
	}
	p, err := sim.ReadPlan(named{strings.NewReader(text), name}, s)
	return s, p, err
}

// named is text with the name of the file that it is from.
type named struct {
	*strings.Reader
	name string
}

// Name is what errors about the text begin with.
func (n named) Name() string { return n.name }

// scenario finds a scenario of the catalogue.
func scenario(name string) (sim.Scenario, error) {
	for _, s := range scenarios.All() {
		if s.Name == name {
			return s, nil
		}
	}
	return sim.Scenario{}, fmt.Errorf("no scenario %q", name)
}

// parseMutant reads a patch file.
func parseMutant(name string, text []byte) (mutant, error) {
	m := mutant{name: name}
	head, diff := splitHead(string(text))
	title, ok := strings.CutPrefix(head[0], name+" ")
	if !ok {
		return m, fmt.Errorf("the first line is no title that begins with %s", name)
	}
	m.title = title
	if err := m.parseKeys(head); err != nil {
		return m, err
	}
	var err error
	m.hunks, err = parseHunks(diff)
	return m, err
}

// splitHead separates the comments at the top, without their marks, from the diff.
func splitHead(text string) (head []string, diff string) {
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		head = append(head, strings.TrimSpace(comment))
		diff = text[len(line):]
		text = diff
	}
	if head == nil {
		return []string{""}, text
	}
	return head, diff
}

// keys are what the last paragraph of a head has, each once.
var keys = []string{"scenario", "checker", "checks", "difficulty", "source"}

// parseKeys reads the last paragraph of a head.
func (m *mutant) parseKeys(head []string) error {
	last := len(head)
	for last > 0 && head[last-1] != "" {
		last--
	}
	values := map[string]string{}
	for _, line := range head[last:] {
		key, value, ok := strings.Cut(line, ":")
		switch _, twice := values[key]; {
		case !ok || !slices.Contains(keys, key):
			return fmt.Errorf("%q does not begin with a key: want %s", line, strings.Join(keys, ", "))
		case twice:
			return fmt.Errorf("key %s is there twice", key)
		case strings.TrimSpace(value) == "":
			return fmt.Errorf("key %s has no value", key)
		}
		values[key] = strings.TrimSpace(value)
	}
	for _, key := range keys {
		if values[key] == "" {
			return fmt.Errorf("key %s is missing", key)
		}
	}
	m.scenario, m.source = values["scenario"], values["source"]
	m.difficulty = difficulty(values["difficulty"])
	words := func(key string) []string { return strings.Fields(strings.ReplaceAll(values[key], ",", " ")) }
	m.checkers, m.checks = words("checker"), words("checks")
	return m.validate()
}

// validate refuses a head whose words mean nothing here.
func (m *mutant) validate() error {
	if _, err := scenario(m.scenario); err != nil {
		return err
	}
	if !slices.Contains([]difficulty{easy, medium, hard, needle}, m.difficulty) {
		return fmt.Errorf("difficulty %q: want easy, medium, hard or needle", m.difficulty)
	}
	for _, check := range m.checks {
		if !isCheck(check) {
			return fmt.Errorf("no check %q", check)
		}
	}
	for _, id := range m.checkers {
		checks, ok := guarantees[id]
		if !ok {
			return fmt.Errorf("no checker %q", id)
		}
		if !slices.ContainsFunc(checks, func(c string) bool { return slices.Contains(m.checks, c) }) {
			return fmt.Errorf("checker %s: the checks have none of %s", id, strings.Join(checks, ", "))
		}
	}
	return nil
}
