// Package lint holds the rules of this repository that the compiler does not
// know: which package may import which, what only a few files may use, what must
// be documented, and how the text looks. They are Go tests, so `go test ./...`
// is the only gate. The determinism of actor code is the business of
// cmd/actorvet.
//
// A rule reads the syntax of the tree and nothing else, so it needs no build and
// covers the files of every platform. Each has a fixture in testdata that breaks
// it.
package lint
