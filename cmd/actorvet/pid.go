package main

import (
	"go/ast"
	"go/types"
)

// checkPIDs reports registered messages that carry a PID. actors.Message panics
// on them as well, but only once the program runs, and not for protobuf types.
func (c *checker) checkPIDs() {
	for cur := range c.root.Preorder((*ast.CallExpr)(nil)) {
		call := cur.Node().(*ast.CallExpr)
		if !c.calls(call, actorsPath, "Message") || len(call.Args) != 2 {
			continue
		}
		t := c.pass.TypesInfo.TypeOf(call.Args[1])
		name := types.TypeString(t, types.RelativeTo(c.pass.Pkg))
		if path := pidIn(t, name, map[types.Type]bool{}); path != "" {
			c.report(call.Args[1].Pos(), "message with a PID in %s: a PID must not leave its host; send the path, host/actor", path)
		}
	}
}

// pidIn returns the path to the first PID inside t, or "".
func pidIn(t types.Type, path string, seen map[types.Type]bool) string {
	if seen[t] {
		return ""
	}
	seen[t] = true
	if named, ok := types.Unalias(t).(*types.Named); ok {
		if o := named.Obj(); o.Pkg() != nil && o.Pkg().Path() == protoPath && o.Name() == "PID" {
			return path
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		return pidIn(u.Elem(), path, seen)
	case *types.Slice:
		return pidIn(u.Elem(), path+"[]", seen)
	case *types.Array:
		return pidIn(u.Elem(), path+"[]", seen)
	case *types.Map:
		if p := pidIn(u.Key(), path+"[key]", seen); p != "" {
			return p
		}
		return pidIn(u.Elem(), path+"[]", seen)
	case *types.Struct:
		for f := range u.Fields() {
			if p := pidIn(f.Type(), path+"."+f.Name(), seen); p != "" {
				return p
			}
		}
	}
	return ""
}
