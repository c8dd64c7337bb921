package lint

import (
	"go/ast"
	"go/token"
	"strings"
)

const (
	protoactor = "github.com/asynkron/protoactor-go"
	porcupine  = "github.com/anishathalye/porcupine"
	gopter     = "github.com/leanovate/gopter"
)

// reserved lists what only some code may use. A thing is an import path, which
// covers what is below it, or one of the words that uses gives to syntax. Where
// it may be used is a list of packages, as in mayImport, and of single files.
var reserved = []struct {
	things string
	where  string
	why    string
}{
	{protoactor, "actors actors/* sim live live/bench examples/*", "only actors and the worlds that run them know proto.actor"},
	{porcupine, "linearizability", "a Model describes the system; how it is checked is the business of linearizability"},
	{gopter, "sim/property.go", "gopter stays at the rim"},
	{"testing", "", "only tests have a testing.T; take an interface"},
	{"net os", world + " sim/settings.go", "files and sockets belong to the real world"},
	{"syscall", world + " sim/diskfault.go", "the system belongs to the real world; its error numbers are those of a simulated disk too"},
	{"time.Now time.Since time.Until", world + " sim/settings.go sim/run.go sim/bench.go", "the clock belongs to the real world"},
	{"time.Sleep time.After time.AfterFunc time.NewTicker time.NewTimer time.Tick", world + " sim/watchdog.go", "timers belong to the real world"},
	{"go", world + " sim/run.go sim/watchdog.go", "goroutines belong to the real world"},
}

// world is the code that touches the machine.
const world = "live live/* sim/simcli zoo cmd/*"

// checkReserved applies reserved to all but tests and generated files.
func checkReserved(t *tree) []finding {
	var out []finding
	for _, s := range t.code() {
		if s.generated() {
			continue
		}
		for _, u := range uses(s.ast) {
			for _, r := range reserved {
				where := strings.Fields(r.where)
				if covers(r.things, u.thing) && !matches(s.dir(), where) && !matches(s.path, where) {
					out = append(out, t.at(s, u.pos, "%s uses %s: %s", s.dir(), u.thing, r.why))
				}
			}
		}
	}
	return out
}

func covers(things, thing string) bool {
	for _, t := range strings.Fields(things) {
		if within(thing, t) {
			return true
		}
	}
	return false
}

type use struct {
	thing string
	pos   token.Pos
}

// uses returns the imports of a file, its go statements as "go" and its uses of
// package time as "time.Name".
func uses(f *ast.File) []use {
	var out []use
	clock := ""
	for _, spec := range f.Imports {
		out = append(out, use{importPath(spec), spec.Pos()})
		if importPath(spec) == "time" {
			clock = "time"
			if spec.Name != nil {
				clock = spec.Name.Name
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			out = append(out, use{"go", n.Pos()})
		case *ast.SelectorExpr:
			if id, ok := n.X.(*ast.Ident); ok && clock != "" && id.Name == clock {
				out = append(out, use{"time." + n.Sel.Name, n.Pos()})
			}
		}
		return true
	})
	return out
}
