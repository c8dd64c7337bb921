package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A body is the body of one range over a map. It commutes if running it for the
// keys in any order gives the same state. The proof is simple-minded: each
// statement must be of a form that is known to commute, and nothing may read
// what the loop changes. Its methods return "" or why the body does not commute,
// in words that follow "the body".
type body struct {
	c   *checker
	rng *ast.RangeStmt
	// changed holds the outer variables, fields, maps and slices that the loop
	// changes, as they are written in the source, with the way they are changed.
	// Two ways on one variable do not commute.
	changed map[string]string
	// collected lists the slices appended to. Their order is random until they are
	// sorted.
	collected []string
}

func newBody(c *checker, rng *ast.RangeStmt) *body {
	b := &body{c: c, rng: rng, changed: map[string]string{}}
	ast.Inspect(rng.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				b.mark(lhs)
			}
		case *ast.IncDecStmt:
			b.mark(n.X)
		case *ast.CallExpr:
			if c.builtin(n) == "delete" {
				b.mark(n.Args[0])
			}
		}
		return true
	})
	return b
}

// mark notes that the loop changes e, unless e lives in the loop.
func (b *body) mark(e ast.Expr) {
	if id, ok := e.(*ast.Ident); ok && id.Name == "_" || b.local(e) {
		return
	}
	if ix, ok := ast.Unparen(e).(*ast.IndexExpr); ok {
		e = ix.X
	}
	b.changed[types.ExprString(e)] = ""
}

// local reports whether e is a variable of the loop, or reached through one.
func (b *body) local(e ast.Expr) bool {
	obj := b.c.rootObject(e)
	return obj != nil && b.rng.Pos() <= obj.Pos() && obj.Pos() < b.rng.End()
}

// isKey reports whether e is the key of the range, which differs in every round.
func (b *body) isKey(e ast.Expr) bool {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok || b.rng.Key == nil {
		return false
	}
	obj := b.c.object(id)
	return obj != nil && obj == b.c.object(b.rng.Key)
}

// block checks statements; inner tells that a break leaves something within the
// body.
func (b *body) block(list []ast.Stmt, inner bool) string {
	for _, s := range list {
		if why := b.stmt(s, inner); why != "" {
			return why
		}
	}
	return ""
}

func (b *body) stmt(s ast.Stmt, inner bool) string {
	switch s := s.(type) {
	case nil, *ast.EmptyStmt:
		return ""
	case *ast.BlockStmt:
		return b.block(s.List, inner)
	case *ast.AssignStmt:
		return b.assign(s)
	case *ast.IncDecStmt:
		return b.accumulate(s.X, "adds")
	case *ast.DeclStmt:
		return b.pure(s)
	case *ast.ExprStmt:
		return b.callStmt(s.X)
	case *ast.IfStmt:
		if b.isExtreme(s) {
			return ""
		}
		return first(b.stmt(s.Init, inner), b.pure(s.Cond), b.block(s.Body.List, inner), b.stmt(s.Else, inner))
	case *ast.ForStmt:
		return first(b.stmt(s.Init, true), b.pure(s.Cond), b.stmt(s.Post, true), b.block(s.Body.List, true))
	case *ast.RangeStmt:
		if s.Tok == token.ASSIGN {
			return "assigns " + types.ExprString(s.Key)
		}
		return first(b.pure(s.X), b.block(s.Body.List, true))
	case *ast.SwitchStmt:
		return b.cases(s)
	case *ast.ReturnStmt:
		return "returns early"
	case *ast.BranchStmt:
		switch {
		case s.Label != nil:
			return "jumps to a label"
		case s.Tok == token.BREAK && !inner:
			return "breaks early"
		}
		return ""
	}
	return "does more than collect, count and copy"
}

// callStmt checks a call for its effect, of which only delete commutes.
func (b *body) callStmt(e ast.Expr) string {
	call, ok := e.(*ast.CallExpr)
	switch {
	case !ok:
		return b.pure(e)
	case b.c.builtin(call) == "delete":
		return first(b.way(call.Args[0], "deletes"), b.pure(call.Args[1]))
	}
	return "calls " + types.ExprString(call.Fun)
}

func (b *body) cases(s *ast.SwitchStmt) string {
	why := first(b.stmt(s.Init, true), b.pure(s.Tag))
	for _, clause := range s.Body.List {
		cc := clause.(*ast.CaseClause)
		for _, e := range cc.List {
			why = first(why, b.pure(e))
		}
		why = first(why, b.block(cc.Body, true))
	}
	return why
}

func (b *body) assign(s *ast.AssignStmt) string {
	if s.Tok != token.ASSIGN && s.Tok != token.DEFINE {
		return first(b.accumulate(s.Lhs[0], compound[s.Tok]), b.pure(s.Rhs[0]))
	}
	if len(s.Lhs) != len(s.Rhs) { // v, ok := m[k]
		for _, lhs := range s.Lhs {
			if !b.inLoop(lhs) {
				return "assigns " + types.ExprString(lhs)
			}
		}
		return b.pure(s.Rhs[0])
	}
	for i, lhs := range s.Lhs {
		if why := b.assignOne(ast.Unparen(lhs), ast.Unparen(s.Rhs[i])); why != "" {
			return why
		}
	}
	return ""
}

func (b *body) assignOne(lhs, rhs ast.Expr) string {
	if b.inLoop(lhs) {
		return b.pure(rhs)
	}
	if call, ok := rhs.(*ast.CallExpr); ok && len(call.Args) > 0 && types.ExprString(call.Args[0]) == types.ExprString(lhs) {
		switch name := b.c.builtin(call); name {
		case "append":
			if _, indexed := lhs.(*ast.IndexExpr); !indexed {
				b.collected = append(b.collected, types.ExprString(lhs))
				return first(b.way(lhs, "appends"), b.pureAll(call.Args[1:]))
			}
		case "min", "max":
			return first(b.way(lhs, name), b.pureAll(call.Args[1:]))
		}
	}
	value := b.constant(rhs)
	if ix, ok := lhs.(*ast.IndexExpr); ok {
		if b.isKey(ix.Index) {
			return first(b.way(ix.X, "writes at the key"), b.pure(rhs))
		}
		if value == "" {
			return "writes " + types.ExprString(lhs) + ", and rounds may share that index"
		}
		if types.ExprString(ix.X) == types.ExprString(b.rng.X) {
			return "adds keys to the map it ranges over"
		}
		return first(b.way(ix.X, "writes "+value), b.pure(ix.Index))
	}
	if value == "" {
		return "assigns " + types.ExprString(lhs) + ", and the last round wins"
	}
	return b.way(lhs, "writes "+value)
}

// inLoop reports whether assigning lhs changes nothing that another round sees:
// the blank identifier, a variable of the loop, or a field of its value, as
// every value is visited once.
func (b *body) inLoop(lhs ast.Expr) bool {
	if id, ok := lhs.(*ast.Ident); ok {
		return id.Name == "_" || b.local(id)
	}
	obj := b.c.rootObject(lhs)
	return obj != nil && b.rng.Value != nil && obj == b.c.object(b.rng.Value)
}

// compound gives the ways of changing an integer that commute.
var compound = map[token.Token]string{
	token.ADD_ASSIGN:     "adds",
	token.SUB_ASSIGN:     "adds",
	token.MUL_ASSIGN:     "multiplies",
	token.OR_ASSIGN:      "sets bits",
	token.AND_ASSIGN:     "clears bits",
	token.AND_NOT_ASSIGN: "clears bits",
	token.XOR_ASSIGN:     "flips bits",
}

func (b *body) accumulate(lhs ast.Expr, way string) string {
	if b.inLoop(lhs) {
		return ""
	}
	basic, ok := b.c.under(lhs).(*types.Basic)
	if !ok || basic.Info()&types.IsInteger == 0 || way == "" {
		return "accumulates in " + types.ExprString(lhs) + ", where the order counts"
	}
	if ix, ok := ast.Unparen(lhs).(*ast.IndexExpr); ok {
		return first(b.way(ix.X, way), b.pure(ix.Index))
	}
	return b.way(lhs, way)
}

// way notes how e is changed, and objects to a second way.
func (b *body) way(e ast.Expr, how string) string {
	name := types.ExprString(e)
	if old := b.changed[name]; old != "" && old != how {
		return "changes " + name + " in two ways"
	}
	b.changed[name] = how
	return ""
}

// isExtreme reports whether s is "if v > most { most = v }" on integers or
// strings.
func (b *body) isExtreme(s *ast.IfStmt) bool {
	cond, ok := s.Cond.(*ast.BinaryExpr)
	if !ok || s.Init != nil || s.Else != nil || len(s.Body.List) != 1 ||
		!slices.Contains([]token.Token{token.LSS, token.LEQ, token.GTR, token.GEQ}, cond.Op) {
		return false
	}
	set, ok := s.Body.List[0].(*ast.AssignStmt)
	if !ok || set.Tok != token.ASSIGN || len(set.Lhs) != 1 || len(set.Rhs) != 1 {
		return false
	}
	basic, ok := b.c.under(set.Lhs[0]).(*types.Basic)
	if !ok || basic.Info()&(types.IsInteger|types.IsString) == 0 {
		return false
	}
	most, v := types.ExprString(set.Lhs[0]), types.ExprString(set.Rhs[0])
	x, y := types.ExprString(cond.X), types.ExprString(cond.Y)
	greater := cond.Op == token.GTR || cond.Op == token.GEQ
	how := "min"
	switch {
	case x == v && y == most && greater, x == most && y == v && !greater:
		how = "max"
	case x == v && y == most, x == most && y == v:
	default:
		return false
	}
	return first(b.pure(set.Rhs[0]), b.way(set.Lhs[0], how)) == ""
}

// constant returns the text of an expression that has the same value in every
// round, or "".
func (b *body) constant(e ast.Expr) string {
	same := b.pure(e) == ""
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && b.local(id) {
			same = false
		}
		return same
	})
	if !same {
		return ""
	}
	return types.ExprString(e)
}

func first(reasons ...string) string {
	for _, r := range reasons {
		if r != "" {
			return r
		}
	}
	return ""
}
