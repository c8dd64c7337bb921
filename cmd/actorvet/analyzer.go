package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

const (
	module     = "github.com/simrun/simrun"
	actorsPath = module + "/actors"
	protoRoot  = "github.com/asynkron/protoactor-go"
	protoPath  = protoRoot + "/actor"
)

// worlds are the parts of this module that run actors rather than being run as
// actors, so that they may use the machine.
var worlds = []string{module + "/sim", module + "/live", module + "/internal", module + "/cmd"}

// extra is the flag -packages.
var extra string

var analyzer = &analysis.Analyzer{
	Name: "actorvet",
	Doc: `report what actor code must not do

Actors live in simulated time, on one thread and from one seed. Whatever a
package that imports ` + actorsPath + ` gets from
elsewhere (goroutines, channels, locks, clocks, global randomness, files,
sockets, map order, package variables) makes its runs impossible to replay.
A comment "//actorvet:allow <reason>" silences one line.`,
	Run: run,
}

func init() {
	analyzer.Flags.StringVar(&extra, "packages", "",
		"comma-separated import paths to check as well; path/... stands for the path and all below it")
}

// A checker reports on the files of one package that are neither tests nor
// generated.
type checker struct {
	pass   *analysis.Pass
	files  []*ast.File
	root   inspector.Cursor
	allows map[line]*allow
	found  []analysis.Diagnostic
}

func run(pass *analysis.Pass) (any, error) {
	var files []*ast.File
	imported := false
	for _, f := range pass.Files {
		if strings.HasSuffix(pass.Fset.File(f.FileStart).Name(), "_test.go") {
			continue
		}
		imported = imported || imports(f, actorsPath)
		if !ast.IsGenerated(f) {
			files = append(files, f)
		}
	}
	path := pass.Pkg.Path()
	if !listed(extra, path) && (!imported || isWorld(path)) {
		return nil, nil
	}
	c := &checker{pass: pass, files: files, root: inspector.New(files).Root()}
	c.readAllows()
	c.checkImports()
	c.checkSyntax()
	c.checkCalls()
	c.checkMapOrder()
	c.checkState()
	c.checkPIDs()
	c.checkAllowsUsed()
	slices.SortStableFunc(c.found, func(a, b analysis.Diagnostic) int { return cmp.Compare(a.Pos, b.Pos) })
	for _, d := range c.found {
		pass.Report(d)
	}
	return nil, nil
}

func imports(f *ast.File, path string) bool {
	for _, spec := range f.Imports {
		if importPath(spec) == path {
			return true
		}
	}
	return false
}

func importPath(spec *ast.ImportSpec) string { return strings.Trim(spec.Path.Value, "\"`") }

func isWorld(path string) bool {
	for _, w := range worlds {
		if within(path, w) {
			return true
		}
	}
	return false
}

// within reports whether path is dir or below it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, dir+"/")
}

func listed(patterns, path string) bool {
	for p := range strings.SplitSeq(patterns, ",") {
		if dir, below := strings.CutSuffix(p, "/..."); below && within(path, dir) || p == path {
			return true
		}
	}
	return false
}

// report notes a finding at pos unless its line is allowed.
func (c *checker) report(pos token.Pos, format string, args ...any) {
	if a := c.allows[c.lineOf(pos)]; a != nil {
		a.used = true
		return
	}
	c.add(pos, format, args...)
}

// add notes a finding, allowed or not.
func (c *checker) add(pos token.Pos, format string, args ...any) {
	c.found = append(c.found, analysis.Diagnostic{Pos: pos, Message: fmt.Sprintf(format, args...)})
}

// object returns what an identifier or a qualified identifier stands for.
func (c *checker) object(e ast.Expr) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return c.pass.TypesInfo.ObjectOf(e)
	case *ast.SelectorExpr:
		return c.pass.TypesInfo.ObjectOf(e.Sel)
	case *ast.IndexExpr: // a generic function with its type argument
		return c.object(e.X)
	}
	return nil
}

// calls reports whether call calls one of the named functions of package path;
// no name stands for all of them.
func (c *checker) calls(call *ast.CallExpr, path string, names ...string) bool {
	fn, ok := c.object(call.Fun).(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Pkg().Path() != path || fn.Signature().Recv() != nil {
		return false
	}
	if len(names) == 0 {
		return true
	}
	for _, n := range names {
		if fn.Name() == n {
			return true
		}
	}
	return false
}

// builtin returns the name of the builtin that call calls, or "".
func (c *checker) builtin(call *ast.CallExpr) string {
	if b, ok := c.object(call.Fun).(*types.Builtin); ok {
		return b.Name()
	}
	return ""
}

// under returns the underlying type of e; an invalid type if it has none.
func (c *checker) under(e ast.Expr) types.Type {
	if t := c.pass.TypesInfo.TypeOf(e); t != nil {
		return t.Underlying()
	}
	return types.Typ[types.Invalid]
}
