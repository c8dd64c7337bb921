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
