package sim

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
)

const (
	planVersion  = 1
	maxPlanBytes = 64 << 20
	maxPlanLine  = 4 << 20
)

// planKeywords begin the lines of a plan that are no operations, so no client can
// be called like one of them.
var planKeywords = map[string]bool{
	"plan": true, "scenario": true, "seed": true, "policy": true, "knobs": true, "net": true,
	"swarm": true, "warm-up": true, "budget": true, "heal": true,
	"fault": true, "late": true, "drop": true, "copy": true,
}

// ReadPlan reads a plan of the scenario. It is strict: an error names file, line
// and column (in bytes, from 1) of the first wrong word, and what was expected.
// The file is named if r has a method Name, as os.File does. Hosts that the
// scenario's topology does not have are errors too, and so are knobs that it
// cannot use.
func ReadPlan(r io.Reader, s Scenario) (Plan, error) {
	pr := newPlanReader(r)
	pr.scenario = &s
	for pr.next() {
		if err := pr.parseLine(); err != nil {
			return Plan{}, pr.locate(err)
		}
	}
	if err := pr.end(); err != nil {
		return Plan{}, err
	}
	if err := pr.checkHosts(); err != nil {
		return Plan{}, err
	}
	return pr.plan, nil
}

// PlanScenario reads only the head of a plan and returns the name of its
// scenario, for callers that have several.
func PlanScenario(r io.Reader) (string, error) {
	pr := newPlanReader(r)
	for pr.next() {
		if err := pr.parseLine(); err != nil {
			return "", pr.locate(err)
		}
		if pr.plan.Scenario != "" {
			return pr.plan.Scenario, nil
		}
	}
	return "", pr.end()
}

// A planReader holds the plan as far as it was read, and where its parts stand,
// for errors that show only at the end.
type planReader struct {
	scenario *Scenario // nil: any
	file     string
	limit    *io.LimitedReader
	scanner  *bufio.Scanner
	number   int // of the line
	words    *faults.Words
	plan     Plan
	head     map[string]place // by keyword that may come once
	knobs    map[string]place // where each knob has its value
	hosts    []namedHost
	ops      map[string]int // line by label
	fates    map[string]int // line by verb and key
}

// A place is a line and a column, both from 1.
type place struct{ line, column int }

type namedHost struct {
	place
	name string
}

func newPlanReader(r io.Reader) *planReader {
	pr := &planReader{
		file:  "plan",
		limit: &io.LimitedReader{R: r, N: maxPlanBytes + 1},
		plan:  Plan{Policy: Timed},
		head:  map[string]place{},
		knobs: map[string]place{},
		ops:   map[string]int{},
		fates: map[string]int{},
	}
	if named, ok := r.(interface{ Name() string }); ok {
		pr.file = named.Name()
	}
	pr.scanner = bufio.NewScanner(pr.limit)
	pr.scanner.Buffer(nil, maxPlanLine)
	return pr
}

// next goes to the next line that is neither empty nor a comment.
func (pr *planReader) next() bool {
	for pr.scanner.Scan() {
		pr.number++
		pr.words = faults.NewWords(pr.scanner.Text())
		if pr.words.Peek().Text != "" {
			return true
		}
	}
	return false
}

// end reports why there are no more lines, if it is not the end of a whole plan.
func (pr *planReader) end() error {
	switch err := pr.scanner.Err(); {
	case pr.limit.N <= 0:
		return fmt.Errorf("%s: a plan has at most %d MiB", pr.file, maxPlanBytes>>20)
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("%s:%d:1: a line has at most %d MiB", pr.file, pr.number+1, maxPlanLine>>20)
	case err != nil:
		return fmt.Errorf("%s: read: %w", pr.file, err)
	}
	for _, keyword := range []string{"plan", "scenario", "seed"} {
		if _, ok := pr.head[keyword]; !ok {
			return fmt.Errorf("%s:%d:1: expected a line %q, got the end of the file", pr.file, pr.number+1, keyword)
		}
	}
	return nil
}

// locate adds file and line to the error of a line.
func (pr *planReader) locate(err error) error {
	var syntax *faults.SyntaxError
	if errors.As(err, &syntax) {
		return pr.errorAt(place{pr.number, syntax.Column}, syntax.Msg)
	}
	return pr.errorAt(place{pr.number, 1}, err.Error())
}

func (pr *planReader) errorAt(at place, msg string) error {
	return fmt.Errorf("%s:%d:%d: %s", pr.file, at.line, at.column, msg)
}

func wrongWord(w faults.Word, format string, args ...any) error {
	return &faults.SyntaxError{Column: w.Column, Msg: fmt.Sprintf(format, args...)}
}

// parseLine reads one line. The first two say what the file is, so that a wrong
// file is refused by name and not by its first odd word.
func (pr *planReader) parseLine() error {
	first := pr.words.Next()
	for _, keyword := range []string{"plan", "scenario"} {
		if _, ok := pr.head[keyword]; !ok && first.Text != keyword {
			return first.Expected(fmt.Sprintf("a line %q", keyword))
		} else if !ok {
			break
		}
	}
	switch first.Text {
	case "fault":
		return pr.parseFault()
	case "late", "drop", "copy":
		return pr.parseDeviation(first)
	}
	if !planKeywords[first.Text] {
		return pr.parseOp(first)
	}
	if before, ok := pr.head[first.Text]; ok {
		return wrongWord(first, "a second line %q; the first is line %d", first.Text, before.line)
	}
	pr.head[first.Text] = place{pr.number, pr.words.Peek().Column}
	switch first.Text {
	case "knobs":
		return pr.parseKnobs()
	case "swarm":
		for word := pr.words.Next(); word.Text != ""; word = pr.words.Next() {
			pr.plan.Swarm = append(pr.plan.Swarm, word.Text)
		}
		return nil
	case "net":
		rest := pr.words.Rest()
		net, err := faults.ParseNet(rest.Text)
		pr.plan.Net = net
		return shift(err, rest)
	}
	if err := pr.parseHead(first.Text, pr.words.Next()); err != nil {
		return err
	}
	return pr.words.End()
}

// parseHead reads the lines that have one word after the keyword.
func (pr *planReader) parseHead(keyword string, word faults.Word) error {
	switch keyword {
	case "plan":
		if word.Text != strconv.Itoa(planVersion) {
			return word.Expected(fmt.Sprintf("version %d of plans", planVersion))
		}
	case "scenario":
		if word.Text == "" {
			return word.Expected("the name of a scenario")
		}
		if pr.scenario != nil && word.Text != pr.scenario.Name {
			return wrongWord(word, "this is a plan of scenario %.80q, not of %s", word.Text, pr.scenario.Name)
		}
		pr.plan.Scenario = word.Text
	case "seed":
		seed, err := strconv.ParseUint(word.Text, 0, 64)
		if err != nil {
			return word.Expected("a seed such as 0x51c2")
		}
		pr.plan.Seed = seed
	case "warm-up":
		n, err := strconv.Atoi(word.Text)
		if err != nil || n < 1 {
			return word.Expected("a number of operations from 1")
		}
		pr.plan.WarmUp = n
	case "budget":
		if pr.plan.Budget = Budget(word.Text); pr.plan.Budget != Within {
			return word.Expected(string(Within) + "; without the line every fault is carried out")
		}
	case "heal":
		if pr.plan.Heal = Heal(word.Text); pr.plan.Heal != HealCore {
			return word.Expected(string(HealCore) + "; without the line every host comes back")
		}
	case "policy":
		pr.plan.Policy = Policy(word.Text)
		if pr.plan.Policy != Timed && pr.plan.Policy != Random {
			return word.Expected(fmt.Sprintf("%s or %s", Timed, Random))
		}
	}
	return nil
}

func (pr *planReader) parseKnobs() error {
	for {
		name := pr.words.Next()
		if name.Text == "" {
			return nil
		}
		for _, k := range pr.plan.Knobs {
			if k.Name == name.Text {
				return wrongWord(name, "knob %.80q is set twice", name.Text)
			}
		}
		value := pr.words.Next()
		if value.Text == "" {
			return value.Expected("the value of knob " + name.Text)
		}
		pr.knobs[name.Text] = place{pr.number, value.Column}
		pr.plan.Knobs = append(pr.plan.Knobs, Knob{Name: name.Text, Value: value.Text})
	}
}

func (pr *planReader) parseOp(label faults.Word) error {
	op := Op{Client: label.Text}
	if hash := strings.LastIndexByte(label.Text, '#'); hash >= 0 {
		n, err := strconv.Atoi(label.Text[hash+1:])
		if err != nil || n < 1 || hash == 0 || strings.Contains(label.Text[:hash], "#") || planKeywords[label.Text[:hash]] {
			return label.Expected("a client and a number from 1 such as c0#1")
		}
		if line, ok := pr.ops[label.Text]; ok {
			return wrongWord(label, "a second operation %.80q; the first is line %d", label.Text, line)
		}
		op.Client, op.N = label.Text[:hash], n
		pr.ops[label.Text] = pr.number
	}
	pr.hosts = append(pr.hosts, namedHost{place{pr.number, label.Column}, op.Client})
	if pr.scenario == nil || pr.scenario.Workload.Parse == nil {
		return label.Expected("fault, late, drop or copy (the scenario has no operations)")
	}
	text := pr.words.Rest()
	if text.Text == "" {
		return text.Expected("an operation")
	}
	do, err := pr.scenario.Workload.Parse(text.Text)
	if err != nil {
		return shift(err, text)
	}
	if op.Do = do; do == nil {
		return text.Expected("an operation")
	}
	pr.plan.Ops = append(pr.plan.Ops, op)
	return nil
}

func (pr *planReader) parseFault() error {
	rest := pr.words.Rest()
	f, err := faults.ParseFault(rest.Text)
	if err != nil {
		return shift(err, rest)
	}
	for _, h := range slices.Concat([]string{f.Host}, f.Hosts, f.Others) {
		if h != "" && h != faults.All {
			pr.hosts = append(pr.hosts, namedHost{place{pr.number, rest.Column}, h})
		}
	}
	pr.plan.Faults = append(pr.plan.Faults, f)
	return nil
}

func (pr *planReader) parseDeviation(verb faults.Word) error {
	word := pr.words.Next()
	key, err := strconv.ParseUint(word.Text, 0, 64)
	if err != nil {
		return word.Expected("the key of a message such as 0x5b1f")
	}
	d := Deviation{Key: key, Drop: verb.Text == "drop", Copy: verb.Text == "copy"}
	if !d.Drop {
		if d.Late, err = pr.words.Next().Duration(); err != nil {
			return err
		}
	}
	if err := pr.words.End(); err != nil {
		return err
	}
	kind := fmt.Sprintf("%v %#x", d.Copy, key)
	if line, ok := pr.fates[kind]; ok {
		return wrongWord(word, "message %#x has a fate already, in line %d", key, line)
	}
	pr.fates[kind] = pr.number
	d.Name = strings.Trim(strings.TrimPrefix(pr.words.Rest().Text, "#"), " \t")
	pr.plan.Deviations = append(pr.plan.Deviations, d)
	return nil
}

// shift turns the column of an error within a text into that within the line.
func shift(err error, text faults.Word) error {
	var syntax *faults.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return wrongWord(faults.Word{Column: text.Column + syntax.Column - 1}, "%s", syntax.Msg)
	}
	return wrongWord(text, "%v", err)
}

// checkHosts compares the hosts of operations and faults with the topology, which
// needs all knobs.
func (pr *planReader) checkHosts() error {
	topology, err := topologyOf(*pr.scenario, pr.plan.Knobs)
	if err != nil {
		return pr.errorAt(pr.knobsPlace(err), err.Error())
	}
	known := map[string]bool{}
	for _, h := range topology.Hosts {
		known[h.Name] = true
	}
	for _, h := range pr.hosts {
		if !known[h.name] {
			return pr.errorAt(h.place, fmt.Sprintf("the topology has no host %.80q", h.name))
		}
	}
	return nil
}

// knobsPlace is where the knob stands that the scenario refuses, as far as that is
// known.
func (pr *planReader) knobsPlace(err error) place {
	var knob KnobError
	if errors.As(err, &knob) {
		if at, ok := pr.knobs[knob.Knob.Name]; ok {
			return at
		}
	}
	if at, ok := pr.head["knobs"]; ok {
		return at
	}
	return place{pr.number + 1, 1}
}

// topologyOf makes the topology of a scenario. Knobs of a plan that was edited
// may be anything, so a panic about them is an error.
func topologyOf(s Scenario, k Knobs) (t actors.Topology, err error) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case KnobError:
			err = cause
		default:
			err = fmt.Errorf("scenario %s cannot use these knobs: %v", s.Name, cause)
		}
	}()
	t = s.Topology(k)
	return t, t.Validate()
}
