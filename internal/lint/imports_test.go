package lint

import (
	"slices"
	"strings"
)

// A row says what one package, or "x/*" for all below x, may import of this
// module.
type row struct{ pkg, imports string }

// mayImport is the import graph of this module: a package may import those of
// its own that its row names, and no others. No two rows are about one package.
var mayImport = []row{
	{"cmd/simrun", "sim/simcli scenarios live/node zoo"},
	{"cmd/node", "live/node"},
	{"cmd/actorvet", ""},

	{"sim/simcli", "sim live live/bench live/harness live/proxy faults linearizability actors internal/view internal/trace"},
	{"examples/*", "sim live live/harness actors faults linearizability models"},

	{"zoo", "sim scenarios models faults linearizability internal/view"},

	{"scenarios", "sim actors actors/* faults linearizability models"},
	{"live/harness", "sim live live/proxy actors faults linearizability internal/wire internal/trace"},
	{"live/node", "live actors actors/* models"},

	{"sim", "actors faults linearizability internal/wire internal/trace internal/view"},
	{"live", "actors internal/wire internal/trace"},
	{"live/bench", "live actors actors/store models"},
	{"live/proxy", ""},
	{"actors/primes", "actors models actors/group actors/store actors/wal"},
	{"actors/store", "actors models actors/group actors/wal"},
	{"actors/tickets", "actors models actors/group actors/wal"},
	{"actors/tuples", "actors models actors/group"},
	{"actors/group", "actors models actors/wal"},
	{"actors/wal", "actors"},
	{"actors/hop", "actors"},
	{"actors/actorstest", "actors"},

	{"internal/wire", "actors"},
	{"internal/view", "internal/trace"},

	{"actors", ""},
	{"faults", ""},
	{"linearizability", ""},
	{"models", ""},
	{"internal/trace", ""},
	{"internal/lint", ""},
}

// rowOf returns the row of a package.
func rowOf(pkg string) (row, bool) {
	for _, r := range mayImport {
		if matches(pkg, []string{r.pkg}) {
			return r, true
		}
	}
	return row{}, false
}

// checkImports holds every package to its row. Tests may import what they like,
// except that the two worlds do not test each other: what both must do is in
// actors/actorstest.
func checkImports(t *tree) []finding {
	var out []finding
	for _, s := range t.files {
		if s.ast == nil {
			continue
		}
		r, ok := rowOf(s.dir())
		if !ok && !s.isTest() {
			out = append(out, t.at(s, s.ast.Package, "package %s has no row in mayImport", s.dir()))
		}
		for _, spec := range s.ast.Imports {
			pkg, own := strings.CutPrefix(importPath(spec), module+"/")
			switch {
			case !own:
			case s.isTest() && otherWorld(s.dir(), pkg):
				out = append(out, t.at(s, spec.Pos(), "%s must not be tested with %s: the worlds do not know each other", s.dir(), pkg))
			case !s.isTest() && ok && !matches(pkg, strings.Fields(r.imports)):
				out = append(out, t.at(s, spec.Pos(), "%s must not import %s", s.dir(), pkg))
			}
		}
	}
	return out
}

// otherWorld reports whether pkg is of the world that dir is not of. The command
// and the harness are of both.
func otherWorld(dir, pkg string) bool {
	switch dir {
	case "sim":
		return within(pkg, "live")
	case "live", "live/node":
		return within(pkg, "sim")
	}
	return false
}

// production lists the binaries that run for real, with what must not be linked
// into them, not even through other packages.
var production = []struct {
	binary string
	never  []string
}{
	{"cmd/node", []string{module + "/sim", module + "/linearizability", gopter, porcupine}},
}

// checkLinks follows the imports of the production binaries through this module.
// A binary that does not exist links nothing.
func checkLinks(t *tree) []finding {
	var out []finding
	for _, p := range production {
		out = append(out, t.links(p.binary, p.never, p.binary, map[string]bool{})...)
	}
	return out
}

// links finds the imports of never in package dir and in what it imports; chain
// says how it was reached.
func (t *tree) links(dir string, never []string, chain string, seen map[string]bool) []finding {
	seen[dir] = true
	var out []finding
	for _, s := range t.code() {
		if s.dir() != dir {
			continue
		}
		for _, spec := range s.ast.Imports {
			imported := importPath(spec)
			if slices.ContainsFunc(never, func(n string) bool { return within(imported, n) }) {
				out = append(out, t.at(s, spec.Pos(), "%s must not be linked: %s", imported, chain))
				continue
			}
			if own, ok := strings.CutPrefix(imported, module+"/"); ok && !seen[own] {
				out = append(out, t.links(own, never, chain+" -> "+own, seen)...)
			}
		}
	}
	return out
}
