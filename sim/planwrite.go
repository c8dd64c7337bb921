package sim

import (
	"fmt"
	"io"
	"strings"

	"github.com/simrun/simrun/faults"
)

// String returns the text of the plan, as WriteTo writes it.
func (p Plan) String() string {
	var b strings.Builder
	line := func(keyword, format string, args ...any) {
		fmt.Fprintf(&b, "%-8s ", keyword)
		fmt.Fprintf(&b, format, args...)
		b.WriteByte('\n')
	}
	line("plan", "%d", planVersion)
	line("scenario", "%s", p.Scenario)
	line("seed", "%#x", p.Seed)
	line("policy", "%s", p.Policy)
	if len(p.Knobs) > 0 {
		pairs := make([]string, len(p.Knobs))
		for i, k := range p.Knobs {
			pairs[i] = k.Name + " " + k.Value
		}
		line("knobs", "%s", strings.Join(pairs, "  "))
	}
	line("net", "%v", p.Net)
	if len(p.Swarm) > 0 {
		line("swarm", "%s", strings.Join(p.Swarm, " "))
	}
	if p.WarmUp > 0 {
		line("warm-up", "%d", p.WarmUp)
	}
	if p.Budget != AsTold {
		line("budget", "%s", p.Budget)
	}
	if p.Heal != HealAll {
		line("heal", "%s", p.Heal)
	}
	for _, op := range p.Ops {
		line(op.label(), "%v", op.Do)
	}
	for _, f := range p.Faults {
		line("fault", "%v", f)
	}
	for _, d := range p.Deviations {
		line(d.verb(), "%s", d.detail())
	}
	return b.String()
}

// WriteTo writes the plan as text that ReadPlan reads back to an equal plan. It
// writes nothing and returns an error if the plan has a part that no text can
// say, such as an operation with a line break.
func (p Plan) WriteTo(w io.Writer) (int64, error) {
	if err := p.Validate(); err != nil {
		return 0, err
	}
	n, err := io.WriteString(w, p.String())
	return int64(n), err
}

// Validate reports the first part of the plan that would not survive its text.
func (p Plan) Validate() error {
	if !isWord(p.Scenario) {
		return fmt.Errorf("plan: scenario %q is no single word", p.Scenario)
	}
	if p.Policy != Timed && p.Policy != Random {
		return fmt.Errorf("plan: unknown policy %q", p.Policy)
	}
	names := map[string]bool{}
	for _, k := range p.Knobs {
		if !isWord(k.Name) || !isWord(k.Value) || names[k.Name] {
			return fmt.Errorf("plan: knob %q %q: a knob is two words, and set once", k.Name, k.Value)
		}
		names[k.Name] = true
	}
	if back, err := faults.ParseNet(p.Net.String()); err != nil || back != p.Net {
		return fmt.Errorf("plan: net %v cannot be: %w", p.Net, err)
	}
	for _, name := range p.Swarm {
		if !isWord(name) {
			return fmt.Errorf("plan: swarm has %q, which is no word", name)
		}
	}
	if p.Budget != AsTold && p.Budget != Within || p.Heal != HealAll && p.Heal != HealCore {
		return fmt.Errorf("plan: unknown budget %q or heal %q", p.Budget, p.Heal)
	}
	if p.WarmUp < 0 {
		return fmt.Errorf("plan: a warm-up of %d operations", p.WarmUp)
	}
	ids := map[string]bool{}
	for _, op := range p.Ops {
		if err := op.validate(); err != nil {
			return err
		}
		if op.N > 0 && ids[op.label()] {
			return fmt.Errorf("plan: two operations %s", op.label())
		}
		ids[op.label()] = true
	}
	for _, f := range p.Faults {
		if err := f.Validate(); err != nil {
			return fmt.Errorf("plan: %w", err)
		}
	}
	return validateDeviations(p.Deviations)
}

func (op Op) validate() error {
	if !isWord(op.Client) || strings.Contains(op.Client, "#") || planKeywords[op.Client] {
		return fmt.Errorf("plan: %q is no name for a client", op.Client)
	}
	if op.N < 0 {
		return fmt.Errorf("plan: operation %s has a negative number", op.label())
	}
	if op.Do == nil {
		return fmt.Errorf("plan: operation %s does nothing", op.label())
	}
	text := op.Do.String()
	if text == "" || text != strings.Trim(text, " \t") || strings.ContainsAny(text, "\r\n") || len(text) > maxPlanLine/2 {
		return fmt.Errorf("plan: operation %s: %.80q is no line of text", op.label(), text)
	}
	return nil
}

func validateDeviations(ds []Deviation) error {
	type kind struct {
		key  uint64
		copy bool
	}
	seen := map[kind]bool{}
	for _, d := range ds {
		switch {
		case d.Late < 0, d.Drop && (d.Copy || d.Late != 0):
			return fmt.Errorf("plan: deviation %#x is dropped, late by a positive time or copied, not %+v", d.Key, d)
		case strings.ContainsAny(d.Name, "\r\n") || d.Name != strings.Trim(d.Name, " \t"):
			return fmt.Errorf("plan: deviation %#x: name %q is no line of text", d.Key, d.Name)
		case seen[kind{d.Key, d.Copy}]:
			return fmt.Errorf("plan: two deviations %s %#x", d.verb(), d.Key)
		}
		seen[kind{d.Key, d.Copy}] = true
	}
	return nil
}

// label names the operation at the start of its line: c0#1, or c0 without a
// number.
func (op Op) label() string {
	if op.N == 0 {
		return op.Client
	}
	return fmt.Sprintf("%s#%d", op.Client, op.N)
}

func (d Deviation) verb() string {
	switch {
	case d.Drop:
		return "drop"
	case d.Copy:
		return "copy"
	}
	return "late"
}

func (d Deviation) detail() string {
	text := fmt.Sprintf("%#x", d.Key)
	if !d.Drop {
		text += " " + d.Late.String()
	}
	if d.Name != "" {
		text += "  # " + d.Name
	}
	return text
}

func isWord(s string) bool {
	return s != "" && s[0] != '#' && !strings.ContainsAny(s, " \t\r\n")
}
