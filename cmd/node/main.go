// Command node runs services of this repository for real use: see `node help`.
package main

import (
	"os"

	"github.com/simrun/simrun/live/node"
)

func main() {
	os.Exit(node.Main(os.Args[1:], os.Stdout, os.Stderr))
}
