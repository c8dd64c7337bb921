package zoo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// deciding are the packages that decide what a seed comes to.
var deciding = []string{"actors", "actors/group", "actors/store", "actors/wal", "faults", "internal/wire", "linearizability", "models", "scenarios", "sim"}

// hashSources hashes the code of the packages in deciding, without their tests, and
// go.mod for the code of others.
func hashSources(root string) (string, error) {
	h := sha256.New()
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	h.Write(mod)
	for _, pkg := range deciding {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pkg), "*.go"))
		if err != nil {
			return "", err
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			b, err := os.ReadFile(file)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(h, "%s/%s %d\n%s", pkg, filepath.Base(file), len(b), b)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// key names what the results of a mutant depend on: the sources, what the patch does
// to them, and how it is hunted. The prose of its head is no part of it.
func (m *mutant) key(sources string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %v %d\n", sources, m.scenario, m.checks, m.difficulty.budget())
	for _, p := range m.hunks {
		fmt.Fprintf(h, "%s %q %q\n", p.file, p.before, p.after)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// witnessKey is key, for what was found out about the witness.
func (m *mutant) witnessKey(sources string) string {
	sum := sha256.Sum256([]byte(m.key(sources) + m.witness))
	return hex.EncodeToString(sum[:8])
}
