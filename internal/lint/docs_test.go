package lint

import (
	"go/ast"
	"go/token"
	"slices"
)

// wellKnown are methods whose interface says what they do.
var wellKnown = []string{"Error", "Len", "Less", "String", "Swap", "Unwrap"}

// checkDocs asks for a comment on every exported type, function, constant,
// variable and method of an exported type. A comment on a group covers the
// constants and variables in it.
func checkDocs(t *tree) []finding {
	var out []finding
	for _, s := range t.code() {
		if s.generated() {
			continue
		}
		for _, decl := range s.ast.Decls {
			for _, id := range undocumented(decl) {
				out = append(out, t.at(s, id.Pos(), "%s is exported and has no comment", id.Name))
			}
		}
	}
	return out
}

func undocumented(decl ast.Decl) []*ast.Ident {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && (d.Recv == nil || receiverIsExported(d) && !slices.Contains(wellKnown, d.Name.Name)) {
			return []*ast.Ident{d.Name}
		}
	case *ast.GenDecl:
		var out []*ast.Ident
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				// An ungrouped type has its comment on the declaration.
				if spec.Name.IsExported() && spec.Doc == nil && (d.Doc == nil || d.Lparen != token.NoPos) {
					out = append(out, spec.Name)
				}
			case *ast.ValueSpec:
				if spec.Doc == nil && spec.Comment == nil && d.Doc == nil {
					out = append(out, slices.DeleteFunc(slices.Clone(spec.Names), func(id *ast.Ident) bool { return !id.IsExported() })...)
				}
			}
		}
		return out
	}
	return nil
}

func receiverIsExported(d *ast.FuncDecl) bool {
	e := d.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

// checkPackageDocs asks for one package comment in every package that is not
// all tests.
func checkPackageDocs(t *tree) []finding {
	count := map[string]int{}
	for _, s := range t.code() {
		if s.ast.Doc != nil {
			count[s.dir()]++
		}
	}
	var out []finding
	reported := map[string]bool{}
	for _, s := range t.code() {
		n := count[s.dir()]
		if n != 1 && !reported[s.dir()] {
			reported[s.dir()] = true
			out = append(out, t.at(s, s.ast.Package, "package %s has %d package comments, not 1", s.dir(), n))
		}
	}
	return out
}
