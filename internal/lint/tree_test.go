package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

const module = "github.com/simrun/simrun"

// A tree is the text of the repository: Go files and Markdown, without testdata,
// hidden folders and nested modules. Files are sorted by path.
type tree struct {
	fset  *token.FileSet
	files []*source
}

// A source is one file.
type source struct {
	path string // slash-separated, from the root of the module
	text []byte
	ast  *ast.File // nil if this is no Go file, or does not parse
}

func (s *source) isGo() bool   { return strings.HasSuffix(s.path, ".go") }
func (s *source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }
func (s *source) dir() string  { return path.Dir(s.path) }

func (s *source) generated() bool { return s.ast != nil && ast.IsGenerated(s.ast) }

// A finding is one breach of a rule.
type finding struct {
	path string
	line int
	text string
}

func (f finding) String() string { return fmt.Sprintf("%s:%d: %s", f.path, f.line, f.text) }

func load(root fs.FS) (*tree, error) {
	t := &tree{fset: token.NewFileSet()}
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != "." && (skipped(d.Name()) || isModule(root, p)) {
				return fs.SkipDir
			}
			return nil
		}
		switch path.Ext(p) {
		case ".go", ".md":
		default:
			return nil
		}
		text, err := fs.ReadFile(root, p)
		if err != nil {
			return err
		}
		s := &source{path: p, text: text}
		if s.isGo() {
			f, err := parser.ParseFile(t.fset, p, text, parser.ParseComments|parser.SkipObjectResolution)
			if err == nil {
				s.ast = f
			}
		}
		t.files = append(t.files, s)
		return nil
	})
	return t, err
}

func skipped(dir string) bool {
	return dir == "testdata" || dir[0] == '.' || dir[0] == '_'
}

func isModule(root fs.FS, dir string) bool {
	_, err := fs.Stat(root, path.Join(dir, "go.mod"))
	return err == nil
}

// code returns the files that are parsed Go and no tests.
func (t *tree) code() []*source {
	return slices.DeleteFunc(slices.Clone(t.files), func(s *source) bool { return s.ast == nil || s.isTest() })
}

func (t *tree) at(s *source, pos token.Pos, format string, args ...any) finding {
	return finding{path: s.path, line: t.fset.Position(pos).Line, text: fmt.Sprintf(format, args...)}
}

func importPath(spec *ast.ImportSpec) string { return strings.Trim(spec.Path.Value, "\"`") }

// within reports whether p is dir or below it.
func within(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// matches reports whether a package, named from the root of the module, is meant
// by one of the patterns: "sim" is that package alone, "live/*" is all below it.
func matches(pkg string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if dir, below := strings.CutSuffix(p, "/*"); below {
			return strings.HasPrefix(pkg, dir+"/")
		}
		return pkg == p
	})
}
