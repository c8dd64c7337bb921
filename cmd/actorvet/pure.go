package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// purePackages have functions that, where they can stand in an expression, change
// nothing and read nothing but their arguments.
var purePackages = []string{
	"bytes", "cmp", "errors", "math", "math/bits", "maps", "path", "slices", "strconv", "strings",
	"unicode", "unicode/utf8",
}

// pure reports, as the methods of body do, what a node does besides computing a
// value from what the loop does not change. A nil node is pure.
func (b *body) pure(n ast.Node) string {
	if n == nil {
		return ""
	}
	why := ""
	ast.Inspect(n, func(n ast.Node) bool {
		if why != "" {
			return false
		}
		switch n := n.(type) {
		case *ast.CallExpr:
			why = b.call(n)
		case *ast.FuncLit:
			why = "makes a function"
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				why = "receives from a channel"
			}
		case *ast.IndexExpr:
			if b.isKey(n.Index) { // this round's own element, whatever the loop does to the others
				return false
			}
		case *ast.Ident:
			why = b.read(n)
		case *ast.SelectorExpr:
			why = b.read(n)
		}
		return true
	})
	return why
}

func (b *body) pureAll(list []ast.Expr) string {
	for _, e := range list {
		if why := b.pure(e); why != "" {
			return why
		}
	}
	return ""
}

func (b *body) read(e ast.Expr) string {
	text := types.ExprString(e)
	if _, ok := b.changed[text]; ok {
		return "reads " + text + ", which it changes"
	}
	return ""
}

func (b *body) call(call *ast.CallExpr) string {
	if b.c.pass.TypesInfo.Types[call.Fun].IsType() {
		return ""
	}
	switch obj := b.c.object(call.Fun).(type) {
	case *types.Builtin:
		if slices.Contains([]string{"append", "cap", "len", "make", "max", "min", "new"}, obj.Name()) {
			return ""
		}
	case *types.Func:
		if isPure(obj) {
			return ""
		}
	}
	return "calls " + types.ExprString(call.Fun)
}

func isPure(fn *types.Func) bool {
	if fn.Pkg() == nil {
		return fn.Name() == "Error" // of the type error
	}
	path, method := fn.Pkg().Path(), fn.Signature().Recv() != nil
	switch path {
	case "fmt":
		return strings.HasPrefix(fn.Name(), "Sprint") || fn.Name() == "Errorf"
	case "time":
		return method // of Duration and Time; the functions read clocks
	}
	return !method && slices.Contains(purePackages, path)
}
