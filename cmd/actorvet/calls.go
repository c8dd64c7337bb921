package main

import (
	"go/ast"
	"go/types"
)

// functions lists functions by package and name, with what to use instead. Using
// one as a value counts as calling it.
var functions = map[string]map[string]string{
	"time": {
		"Now":       "use env.Clock.Now, or env.Clock.Wall for the time of day",
		"Since":     "subtract two values of env.Clock.Now",
		"Until":     "subtract two values of env.Clock.Now",
		"Sleep":     "use env.Clock.Sleep",
		"After":     "use env.Clock.After",
		"AfterFunc": "use env.Clock.After",
		"NewTicker": "use env.Clock.After, once for every tick",
		"NewTimer":  "use env.Clock.After",
		"Tick":      "use env.Clock.After, once for every tick",
	},
	"context": {
		"AfterFunc":         "it starts a goroutine; use messages",
		"WithDeadline":      "it waits on the wall clock; use env.Clock.After",
		"WithDeadlineCause": "it waits on the wall clock; use env.Clock.After",
		"WithTimeout":       "it waits on the wall clock; use the timeout of env.Request",
		"WithTimeoutCause":  "it waits on the wall clock; use the timeout of env.Request",
	},
	protoPath: {
		"NewActorSystem":           "the world makes the actor systems; list the actor in a Topology",
		"NewActorSystemWithConfig": "the world makes the actor systems; list the actor in a Topology",
		"NewFuture":                "it waits on the wall clock; use env.Request",
	},
}

// methods lists methods by the package that declares them.
var methods = map[string]map[string]string{
	protoPath: {
		"SetReceiveTimeout":    "it fires on the wall clock; use env.Clock.After",
		"CancelReceiveTimeout": "use the cancel function of env.Clock.After",
		"RequestFuture":        "it waits on the wall clock; use env.Request, or a message and its reply",
		"StopFuture":           "it waits on the wall clock; use ctx.Stop and ctx.Watch",
		"PoisonFuture":         "it waits on the wall clock; use ctx.Poison and ctx.Watch",
		"ReenterAfter":         "futures cannot be simulated; send a message and handle the reply in Receive",
	},
	"reflect": {
		"MapKeys":  "its order is random; sort the keys",
		"MapRange": "its order is random; sort the keys",
	},
}

// seeded are the functions of math/rand and math/rand/v2 that make a generator;
// all others draw from the global one.
var seeded = map[string]bool{"New": true, "NewSource": true, "NewZipf": true, "NewPCG": true, "NewChaCha8": true}

func (c *checker) checkCalls() {
	for cur := range c.root.Preorder((*ast.Ident)(nil)) {
		id := cur.Node().(*ast.Ident)
		fn, ok := c.pass.TypesInfo.Uses[id].(*types.Func)
		if !ok || fn.Pkg() == nil {
			continue
		}
		path, name := fn.Pkg().Path(), fn.Name()
		if fn.Signature().Recv() != nil {
			if instead, ok := methods[path][name]; ok {
				c.report(id.Pos(), "%s.%s: %s", fn.Pkg().Name(), name, instead)
			}
			continue
		}
		if instead, ok := functions[path][name]; ok {
			c.report(id.Pos(), "%s.%s: %s", fn.Pkg().Name(), name, instead)
		}
		if (path == "math/rand" || path == "math/rand/v2") && !seeded[name] {
			c.report(id.Pos(), "rand.%s draws from the global generator; use env.Rand", name)
		}
	}
}
