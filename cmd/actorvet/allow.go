package main

import (
	"go/token"
	"strings"
)

const allowPrefix = "//actorvet:allow"

type line struct {
	file string
	n    int
}

// An allow is a comment that silences one line.
type allow struct {
	pos  token.Pos
	used bool
}

func (c *checker) lineOf(pos token.Pos) line {
	p := c.pass.Fset.Position(pos)
	return line{file: p.Filename, n: p.Line}
}

// readAllows collects the comments and reports those that give no reason; such a
// comment silences nothing.
func (c *checker) readAllows() {
	c.allows = map[line]*allow{}
	code := c.codeLines()
	for _, f := range c.files {
		for _, group := range f.Comments {
			for _, comment := range group.List {
				text, ok := strings.CutPrefix(comment.Text, allowPrefix)
				if !ok || text != "" && text[0] != ' ' {
					continue
				}
				reason, _, _ := strings.Cut(text, "//")
				if strings.TrimSpace(reason) == "" {
					c.add(comment.Pos(), "actorvet:allow without a reason; say why replay is safe here")
					continue
				}
				at := c.lineOf(comment.Pos())
				if !code[at] {
					at.n++
				}
				c.allows[at] = &allow{pos: comment.Pos()}
			}
		}
	}
}

// codeLines marks the lines on which a node begins or ends. A comment on any
// other line stands alone.
func (c *checker) codeLines() map[line]bool {
	lines := map[line]bool{}
	for cur := range c.root.Preorder() {
		n := cur.Node()
		if isComment(n) {
			continue
		}
		lines[c.lineOf(n.Pos())] = true
		lines[c.lineOf(n.End()-1)] = true
	}
	return lines
}

// checkAllowsUsed comes last, when every other check has reported.
func (c *checker) checkAllowsUsed() {
	for _, a := range c.allows {
		if !a.used {
			c.add(a.pos, "actorvet:allow silences nothing; remove it")
		}
	}
}
