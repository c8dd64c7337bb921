// Actorvet reports what actor code must not do: use a source of time, order,
// randomness or input other than its actors.Env, or a part of proto.actor that
// cannot be simulated. Such code compiles and seems to work, and its runs cannot
// be replayed.
//
// It runs alone or as a tool of go vet:
//
//	go run github.com/simrun/simrun/cmd/actorvet ./...
//	go vet -vettool=$(which actorvet) ./...
//
// A range over a map is reported unless its rounds may come in any order: the
// body counts, adds up integers, writes at the range key of another map, fills a
// set, deletes, or appends to a slice that is sorted later in the function. It
// calls nothing but a few pure functions of the standard library and does not
// end early. Everything else ranges over slices.Sorted(maps.Keys(m)).
//
// A package is checked when one of its files, tests aside, imports package
// actors; tests and generated files are not checked. The flag -packages adds
// others. A comment
//
//	//actorvet:allow <reason>
//
// silences its own line, or the next one if it stands alone. The reason is not
// optional, and a comment that silences nothing is reported too.
package main

import "golang.org/x/tools/go/analysis/singlechecker"

func main() { singlechecker.Main(analyzer) }
