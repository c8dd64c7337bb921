package main

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"strings"

	"golang.org/x/tools/go/ast/inspector"
)

const oneThread = "an actor has one thread; use messages"

// checkSyntax reports concurrency, pointers that get an order or a text, and
// contexts that outlive their message.
func (c *checker) checkSyntax() {
	for cur := range c.root.Preorder() {
		switch n := cur.Node().(type) {
		case *ast.GoStmt:
			c.report(n.Pos(), "go statement: an actor has one thread; use env.Spawn")
		case *ast.SelectStmt:
			c.report(n.Pos(), "select: %s", oneThread)
		case *ast.SendStmt:
			c.report(n.Pos(), "send on a channel: %s", oneThread)
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				c.report(n.Pos(), "receive from a channel: %s", oneThread)
			}
		case *ast.RangeStmt:
			if isChan(c.under(n.X)) {
				c.report(n.Pos(), "range over a channel: %s", oneThread)
			}
		case *ast.MapType:
			if comparesPIDs(c.under(n.Key)) && declares(cur) {
				c.report(n.Pos(), "map with PIDs as keys: env.PID makes a fresh pointer every time; use the path")
			}
		case *ast.StructType:
			c.checkStoredContext(n)
		case *ast.CallExpr:
			c.checkChanBuiltin(n)
			c.checkPointerFormat(n)
		}
	}
}

func isChan(t types.Type) bool {
	_, ok := t.(*types.Chan)
	return ok
}

// declares reports whether a type is written where a type, variable or field is
// declared. A literal for something declared elsewhere is reported there.
func declares(typ inspector.Cursor) bool {
	value := typ.Parent()
	switch value.Node().(type) {
	case *ast.CompositeLit, *ast.CallExpr:
	default:
		return true
	}
	switch place := value.Parent().Node().(type) {
	case *ast.AssignStmt:
		return place.Tok == token.DEFINE
	case *ast.ValueSpec:
		return place.Type == nil
	}
	return false
}

// comparesPIDs reports whether comparing values of type t compares the addresses
// of PIDs. Other pointers may be keys: they are looked up by identity, and a
// range over them is reported as any range over a map.
func comparesPIDs(t types.Type) bool {
	switch t := t.Underlying().(type) {
	case *types.Pointer:
		named, ok := types.Unalias(t.Elem()).(*types.Named)
		return ok && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == protoPath && named.Obj().Name() == "PID"
	case *types.Array:
		return comparesPIDs(t.Elem())
	case *types.Struct:
		for f := range t.Fields() {
			if comparesPIDs(f.Type()) {
				return true
			}
		}
	}
	return false
}

func (c *checker) checkChanBuiltin(call *ast.CallExpr) {
	switch c.builtin(call) {
	case "make":
		if isChan(c.under(call.Args[0])) {
			c.report(call.Pos(), "make of a channel: %s", oneThread)
		}
	case "close":
		c.report(call.Pos(), "close of a channel: %s", oneThread)
	}
}

var pointerVerb = regexp.MustCompile(`%[-+# 0]*(\[\d+\])?(\d+|\*)?p`)

// checkPointerFormat reports %p in any constant argument; which functions format
// does not matter then.
func (c *checker) checkPointerFormat(call *ast.CallExpr) {
	for _, arg := range call.Args {
		v := c.pass.TypesInfo.Types[arg].Value
		if v == nil || v.Kind() != constant.String {
			continue
		}
		text := strings.ReplaceAll(constant.StringVal(v), "%%", "")
		if pointerVerb.MatchString(text) {
			c.report(arg.Pos(), "%%p in a format: addresses differ between runs; print an id or a path")
		}
	}
}

func (c *checker) checkStoredContext(s *ast.StructType) {
	for _, f := range s.Fields.List {
		t := types.Unalias(c.pass.TypesInfo.TypeOf(f.Type))
		if named, ok := t.(*types.Named); ok && types.IsInterface(named) &&
			named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == protoPath && strings.HasSuffix(named.Obj().Name(), "Context") {
			c.report(f.Pos(), "actor.%s in a struct: it belongs to one message; keep env, or pass it on as a parameter", named.Obj().Name())
		}
	}
}

func isComment(n ast.Node) bool {
	switch n.(type) {
	case *ast.Comment, *ast.CommentGroup:
		return true
	}
	return false
}
