package zoo

import (
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/simrun/simrun/internal/view"
)

// A row is what is known of a mutant.
type row struct {
	*mutant
	blocks  []*block
	shrunk  *shrunk
	witness *witness
}

// rowsOf collects the results of mutants, under the sources they belong to.
func rowsOf(list []*mutant, r *results, sources string) []row {
	var out []row
	for _, m := range list {
		key := m.key(sources)
		out = append(out, row{m, r.blocks(key), r.shrunk(key), r.witness(m.witnessKey(sources))})
	}
	return out
}

// killed counts the blocks in which the mutant was killed.
func (r row) killed() int {
	n := 0
	for _, b := range r.blocks {
		if b.Killed {
			n++
		}
	}
	return n
}

// median is the block in the middle, by a measure of which one that did not kill has
// more than any other; nil if that is the one in the middle.
func (r row) median(by func(*block) float64) *block {
	sorted := slices.SortedFunc(slices.Values(r.blocks), func(a, b *block) int {
		if a.Killed != b.Killed {
			return cmp.Compare(strconv.FormatBool(b.Killed), strconv.FormatBool(a.Killed))
		}
		return cmp.Compare(by(a), by(b))
	})
	if len(sorted) == 0 || !sorted[(len(sorted)-1)/2].Killed {
		return nil
	}
	return sorted[(len(sorted)-1)/2]
}

// Name, Title, Checkers and Difficulty are for the page.
func (r row) Name() string { return r.name }

// Title says what is wrong.
func (r row) Title() string { return r.title }

// Checkers are the guarantees that are broken.
func (r row) Checkers() string { return strings.Join(r.checkers, " ") }

// Difficulty says how many seeds must be enough.
func (r row) Difficulty() string { return string(r.difficulty) }

// Killed says in how many blocks the mutant was killed.
func (r row) Killed() string {
	if len(r.blocks) == 0 {
		return "-"
	}
	return fmt.Sprintf("%d of %d", r.killed(), len(r.blocks))
}

// Seeds is the median of the seeds that a block took.
func (r row) Seeds() string {
	if b := r.median(func(b *block) float64 { return float64(b.Tried) }); b != nil {
		return strconv.Itoa(b.Tried)
	}
	if len(r.blocks) == 0 {
		return "-"
	}
	return fmt.Sprintf("> %d", r.difficulty.budget())
}

// Seconds is the median of the wall time that a block took.
func (r row) Seconds() string {
	if b := r.median(func(b *block) float64 { return b.Seconds }); b != nil {
		return fmt.Sprintf("%.1f", b.Seconds)
	}
	return "-"
}

// Checks are those that killed, most frequent first.
func (r row) Checks() string {
	count := map[string]int{}
	for _, b := range r.blocks {
		if b.Killed {
			count[b.Check]++
		}
	}
	return cmp.Or(tallied(count), "-")
}

// Witness says whether the plan shows the bug.
func (r row) Witness() string {
	switch {
	case r.mutant.witness == "":
		return "none"
	case r.witness == nil:
		return "-"
	case r.witness.Good:
		return "yes"
	}
	return "no: " + r.witness.With + "; without the bug " + r.witness.Without
}

// Shrunk is what the first kill was shrunk to.
func (r row) Shrunk() string {
	if r.shrunk == nil {
		return "-"
	}
	return fmt.Sprintf("%d + %d", r.shrunk.To.Ops, r.shrunk.To.Faults)
}

// From is what the first kill was shrunk from.
func (r row) From() string {
	if r.shrunk == nil {
		return "-"
	}
	return fmt.Sprintf("%d + %d", r.shrunk.From.Ops, r.shrunk.From.Faults)
}

// Apart counts the seeds that failed otherwise, in all blocks.
func (r row) Apart() string {
	count := map[string]int{}
	for _, b := range r.blocks {
		for name, n := range b.Apart {
			count[name] += n
		}
	}
	return tallied(count)
}

// apartText is what a line about a block says of the seeds that failed otherwise.
func apartText(apart map[string]int) string {
	if len(apart) == 0 {
		return ""
	}
	return ", apart from " + tallied(apart)
}

// tallied lists names with their counts, most frequent first.
func tallied(count map[string]int) string {
	names := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, count[name])
	}
	return strings.Join(names, ", ")
}

// shortfalls says what is missing: an easy or medium mutant that a block did not
// kill, too many hard ones that more than a fifth of the blocks did not kill, a
// witness that does not show its bug or is not there.
func shortfalls(rows []row, blind bool) []string {
	var out, weak []string
	hardOnes := 0
	for _, r := range rows {
		missed := len(r.blocks) - r.killed()
		switch {
		case !blind || r.difficulty == needle:
		case r.difficulty == hard:
			hardOnes++
			if 5*missed > len(r.blocks) {
				weak = append(weak, r.name)
			}
		case missed > 0:
			out = append(out, fmt.Sprintf("%s is %s and was killed in %s blocks", r.name, r.difficulty, r.Killed()))
		}
		if w := r.Witness(); w != "yes" {
			out = append(out, fmt.Sprintf("%s: witness: %s", r.name, w))
		}
	}
	if 5*len(weak) > hardOnes {
		out = append(out, fmt.Sprintf("%d of %d hard mutants were killed in less than four fifths of their blocks: %s",
			len(weak), hardOnes, strings.Join(weak, ", ")))
	}
	return out
}

// table lays rows out for a terminal.
func table(rows []row) string {
	cells := [][]string{{"MUTANT", "DIFFICULTY", "CHECKER", "KILLED", "SEEDS", "SECONDS", "WITNESS", "SHRUNK TO", "BY", "APART"}}
	for _, r := range rows {
		cells = append(cells, []string{r.name, r.Difficulty(), r.Checkers(), r.Killed(), r.Seeds(), r.Seconds(), r.Witness(), r.Shrunk(), r.Checks(), r.Apart()})
	}
	return view.Table(cells)
}

//go:embed page.md
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"cell": func(text string) string { return strings.ReplaceAll(text, "|", `\|`) },
}).Parse(pageText))

// page is what docs/ZOO.md is made of.
type page struct {
	Rows, Apart                     []row
	Mutants, Blind, Always, Witness int
	Blocks, BlocksKilled            int
	Short                           []string
}

// writePage writes the table as docs/ZOO.md has it.
func writePage(w io.Writer, rows []row) error {
	p := page{Rows: rows, Mutants: len(rows), Short: shortfalls(rows, true)}
	for _, r := range rows {
		killed := r.killed()
		p.Blocks += len(r.blocks)
		p.BlocksKilled += killed
		if killed > 0 {
			p.Blind++
			if killed == len(r.blocks) {
				p.Always++
			}
		}
		if r.witness != nil && r.witness.Good {
			p.Witness++
		}
		if r.Apart() != "" {
			p.Apart = append(p.Apart, r)
		}
	}
	return pageTemplate.Execute(w, p)
}
