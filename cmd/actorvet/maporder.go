package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// checkMapOrder reports what depends on the order of a map: ranges whose bodies
// do not commute, and the iterators of package maps unless their result is
// sorted.
func (c *checker) checkMapOrder() {
	for cur := range c.root.Preorder((*ast.RangeStmt)(nil), (*ast.CallExpr)(nil)) {
		switch n := cur.Node().(type) {
		case *ast.RangeStmt:
			if _, ok := c.under(n.X).(*types.Map); ok {
				c.checkMapRange(cur, n)
			}
		case *ast.CallExpr:
			if c.calls(n, "maps", "Keys", "Values", "All") && !c.orderedLater(cur) {
				c.report(n.Pos(), "maps.%s in random order: use slices.Sorted(maps.Keys(m))", c.object(n.Fun).Name())
			}
		}
	}
}

func (c *checker) checkMapRange(cur inspector.Cursor, rng *ast.RangeStmt) {
	b := newBody(c, rng)
	why := b.block(rng.Body.List, false)
	if rng.Tok == token.ASSIGN {
		why = "leaves the last key in " + types.ExprString(rng.Key)
	}
	for _, s := range b.collected {
		if why == "" && !c.sortedAfter(cur, s) {
			why = "appends to " + s + ", which is not sorted afterwards"
		}
	}
	if why != "" {
		c.report(rng.Pos(), "map range in random order: the body %s; range over slices.Sorted(maps.Keys(m))", why)
	}
}

// orderedLater reports whether an iterator over a map goes straight into
// something that forgets its order.
func (c *checker) orderedLater(iter inspector.Cursor) bool {
	call, ok := iter.Parent().Node().(*ast.CallExpr)
	if !ok || iter.ParentEdgeKind() != edge.CallExpr_Args {
		return false
	}
	if c.calls(call, "slices", "Sorted", "SortedFunc", "SortedStableFunc") || c.calls(call, "maps", "Collect", "Insert") {
		return true
	}
	if !c.calls(call, "slices", "Collect", "AppendSeq") {
		return false
	}
	outer := iter.Parent()
	assign, ok := outer.Parent().Node().(*ast.AssignStmt)
	if !ok || len(assign.Lhs) != len(assign.Rhs) {
		return false
	}
	return c.sortedAfter(outer.Parent(), types.ExprString(assign.Lhs[outer.ParentEdgeIndex()]))
}

// sortedAfter reports whether a later statement, in the block of cur or in one
// around it in the same function, sorts the slice written as target.
func (c *checker) sortedAfter(cur inspector.Cursor, target string) bool {
	for ; cur.Valid(); cur = cur.Parent() {
		switch cur.Node().(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			return false
		}
		switch cur.ParentEdgeKind() {
		case edge.BlockStmt_List, edge.CaseClause_Body, edge.CommClause_Body:
			for next, ok := cur.NextSibling(); ok; next, ok = next.NextSibling() {
				if c.sorts(next, target) {
					return true
				}
			}
		}
	}
	return false
}

func (c *checker) sorts(stmt inspector.Cursor, target string) bool {
	for cur := range stmt.Preorder((*ast.CallExpr)(nil)) {
		call := cur.Node().(*ast.CallExpr)
		fn, ok := c.object(call.Fun).(*types.Func)
		if !ok || fn.Pkg() == nil || len(call.Args) == 0 {
			continue
		}
		if path := fn.Pkg().Path(); path != "sort" && !(path == "slices" && strings.HasPrefix(fn.Name(), "Sort")) {
			continue
		}
		if mentions(call.Args[0], target) {
			return true
		}
	}
	return false
}

// mentions reports whether an expression has a part that is written as text.
func mentions(e ast.Expr, text string) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if part, ok := n.(ast.Expr); ok && types.ExprString(part) == text {
			found = true
		}
		return !found
	})
	return found
}
