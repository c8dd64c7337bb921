package main

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

// checkState reports changes of package variables outside init: they are shared
// by all hosts of a simulated world and outlive a crash.
func (c *checker) checkState() {
	for cur := range c.root.Preorder() {
		switch n := cur.Node().(type) {
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				continue
			}
			for _, lhs := range n.Lhs {
				c.reportState(cur, lhs, "is assigned")
			}
		case *ast.IncDecStmt:
			c.reportState(cur, n.X, "is assigned")
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				c.reportState(cur, n.Key, "is assigned")
				c.reportState(cur, n.Value, "is assigned")
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				c.reportState(cur, n.X, "has its address taken")
			}
		case *ast.CallExpr:
			switch c.builtin(n) {
			case "delete", "clear", "copy":
				c.reportState(cur, n.Args[0], "is changed")
			}
		case *ast.SelectorExpr:
			if c.takesAddress(n) {
				c.reportState(cur, n.X, "has a method called that may change it")
			}
		}
	}
}

func (c *checker) reportState(cur inspector.Cursor, e ast.Expr, what string) {
	v := c.packageVar(e)
	if v == nil || inInit(cur) {
		return
	}
	c.report(cur.Node().Pos(), "package variable %s %s: all hosts share it and crashes keep it; move it into the actor", v.Name(), what)
}

// packageVar returns the package variable that e is, or is part of.
func (c *checker) packageVar(e ast.Expr) *types.Var {
	v, ok := c.rootObject(e).(*types.Var)
	if !ok || v.Pkg() == nil || v.Parent() != v.Pkg().Scope() {
		return nil
	}
	return v
}

// rootObject returns the variable through which e is reached: x in x.f[i].
func (c *checker) rootObject(e ast.Expr) types.Object {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return c.pass.TypesInfo.ObjectOf(x)
		case *ast.ParenExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.SelectorExpr:
			if c.pass.TypesInfo.Selections[x] == nil { // pkg.Name
				return c.pass.TypesInfo.ObjectOf(x.Sel)
			}
			e = x.X
		default:
			return nil
		}
	}
}

// takesAddress reports whether s is a method with a pointer receiver of a
// variable that is no pointer itself.
func (c *checker) takesAddress(s *ast.SelectorExpr) bool {
	sel := c.pass.TypesInfo.Selections[s]
	if sel == nil || sel.Kind() != types.MethodVal {
		return false
	}
	recv := sel.Obj().(*types.Func).Signature().Recv()
	_, wants := recv.Type().Underlying().(*types.Pointer)
	_, has := sel.Recv().Underlying().(*types.Pointer)
	return wants && !has
}

func inInit(cur inspector.Cursor) bool {
	for f := range cur.Enclosing((*ast.FuncDecl)(nil)) {
		decl := f.Node().(*ast.FuncDecl)
		return decl.Recv == nil && decl.Name.Name == "init"
	}
	return false
}
