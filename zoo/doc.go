// Package zoo keeps planted bugs: one small wrong change of the store a patch,
// each with what must find it. A patch is used through go build -overlay, so the
// code that ships has no switch for it.
//
// go test ./zoo checks that every patch still applies and finds one of them with
// fresh seeds. ZOO=all finds all of them, ZOO=M14 one; ZOO_BLOCKS is how many
// independent blocks of seeds each is looked for in, and the median is printed.
package zoo
