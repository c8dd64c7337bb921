package main

// banned lists the packages that actor code must not import at all, with what to
// use instead; what is below them is banned too.
var banned = []struct{ path, instead string }{
	{"crypto/rand", "use env.Rand"},
	{"hash/maphash", "its seed is random; use hash/fnv"},
	{"net", "send messages with env.Send"},
	{"os", "use env.Disk, and parameters of the Producer"},
	{"runtime", "what it tells differs between runs"},
	{"sync", "an actor has one thread; keep the state in the actor"},
	{"syscall", "use env.Disk"},
	{"unsafe", "addresses differ between runs"},
}

func (c *checker) checkImports() {
	for _, f := range c.files {
		for _, spec := range f.Imports {
			path := importPath(spec)
			for _, b := range banned {
				if within(path, b.path) {
					c.report(spec.Pos(), "import of %s: %s", path, b.instead)
				}
			}
			if within(path, protoRoot) && path != protoPath {
				c.report(spec.Pos(), "import of %s: of proto.actor only package actor can be simulated", path)
			}
		}
	}
}
