package models

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Space describes the objects of one space, as in the text
//
//	space friendlists key username attributes string first, string last,
//	set(string) friends tolerate 2 failures create 8 partitions
type Space struct {
	Name       string
	Key        string // the name of the key, a string
	Attributes []Attribute
	Subspaces  [][]string // names of attributes; parsed and printed, not used for placement
	Indexes    []string
	Tolerate   int // failures; 1 unless the text says otherwise
	Partitions int // regions by hash of the key; 64 unless the text says otherwise
}

// An Attribute is a typed name.
type Attribute struct {
	Name string
	Kind Kind
}

// What a space has if its definition does not say.
const (
	defaultTolerate   = 1
	defaultPartitions = 64
)

// The largest numbers a definition may ask for.
const (
	maxTolerate   = 64
	maxPartitions = 65536
)

// Kind is the kind of the named attribute; ok is false if the space has none of
// that name, which the key is not.
func (s Space) Kind(name string) (kind Kind, ok bool) {
	for i := range s.Attributes {
		if s.Attributes[i].Name == name {
			return s.Attributes[i].Kind, true
		}
	}
	return 0, false
}

// String is the definition of the space, which ParseSpace reads. It leaves nothing
// to defaults.
func (s Space) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "space %s key %s", s.Name, s.Key)
	for i, a := range s.Attributes {
		if i == 0 {
			b.WriteString(" attributes")
		} else {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, " %v %s", a.Kind, a.Name)
	}
	for _, names := range s.Subspaces {
		fmt.Fprintf(&b, " subspace %s", strings.Join(names, ", "))
	}
	for _, name := range s.Indexes {
		fmt.Fprintf(&b, " index %s", name)
	}
	fmt.Fprintf(&b, " tolerate %d failures create %d partitions", s.Tolerate, s.Partitions)
	return b.String()
}

// Validate reports the first thing that makes the space unusable.
func (s Space) Validate() error {
	seen := []string{s.Key}
	switch {
	case !isName(s.Name):
		return fmt.Errorf("space %q: the name is no identifier", s.Name)
	case !isName(s.Key):
		return fmt.Errorf("space %s: key %q is no identifier", s.Name, s.Key)
	case s.Tolerate < 0 || s.Tolerate > maxTolerate:
		return fmt.Errorf("space %s: cannot tolerate %d failures, only 0 to %d", s.Name, s.Tolerate, maxTolerate)
	case s.Partitions < 1 || s.Partitions > maxPartitions:
		return fmt.Errorf("space %s: cannot create %d partitions, only 1 to %d", s.Name, s.Partitions, maxPartitions)
	}
	for _, a := range s.Attributes {
		switch {
		case !isName(a.Name):
			return fmt.Errorf("space %s: attribute %q is no identifier", s.Name, a.Name)
		case a.Kind > SetFloat:
			return fmt.Errorf("space %s: attribute %s has no known kind: %v", s.Name, a.Name, a.Kind)
		case slices.Contains(seen, a.Name):
			return fmt.Errorf("space %s: %s is defined twice", s.Name, a.Name)
		}
		seen = append(seen, a.Name)
	}
	for _, names := range s.Subspaces {
		if len(names) == 0 {
			return fmt.Errorf("space %s: a subspace without attributes", s.Name)
		}
		for i, name := range names {
			if err := s.primitive("subspace", name); err != nil {
				return err
			}
			if slices.Contains(names[:i], name) {
				return fmt.Errorf("space %s: a subspace names %s twice", s.Name, name)
			}
		}
	}
	for i, name := range s.Indexes {
		if _, known := s.Kind(name); !known {
			return fmt.Errorf("space %s: index on %s, which is no attribute", s.Name, name)
		}
		if slices.Contains(s.Indexes[:i], name) {
			return fmt.Errorf("space %s: two indexes on %s", s.Name, name)
		}
	}
	return nil
}

// primitive reports a name that is no attribute of a primitive kind.
func (s Space) primitive(where, name string) error {
	kind, known := s.Kind(name)
	if !known {
		return fmt.Errorf("space %s: %s of %s, which is no attribute", s.Name, where, name)
	}
	if _, set := kind.Element(); set {
		return fmt.Errorf("space %s: %s of %s, which is a %v", s.Name, where, name, kind)
	}
	return nil
}

// spaceWords cannot be names: the grammar could not tell them apart.
var spaceWords = []string{"space", "key", "attributes", "attribute", "subspace", "index",
	"tolerate", "failures", "failure", "create", "partitions", "partition", "with", "authorization"}

// spaceTypes are the types of the grammar by their first word, and the kind of
// those that take no argument and are supported.
var spaceTypes = map[string]Kind{"string": String, "int": Int, "int64": Int, "float": Float}

var unsupportedTypes = []string{"document", "timestamp", "list", "map"}

func isName(name string) bool { return isIdent(name) && !slices.Contains(spaceWords, name) }

// ParseSpace reads the definition of a space and validates it. White space is free
// and # starts a comment. A word that breaks the grammar is a *SyntaxError.
func ParseSpace(text string) (Space, error) {
	p := &spaceParser{scanner: scanner{text: text, lines: true}}
	space := p.parse()
	p.done()
	if p.err != nil {
		return Space{}, fmt.Errorf("space definition: %w", p.err)
	}
	if err := space.Validate(); err != nil {
		return Space{}, err
	}
	return space, nil
}

type spaceParser struct{ scanner }

func (p *spaceParser) parse() Space {
	space := Space{Tolerate: defaultTolerate, Partitions: defaultPartitions}
	p.keyword("space")
	space.Name = p.nameOf("a space")
	p.keyword("key")
	space.Key = p.key()
	if p.accept("attributes", "attribute") {
		for more := true; more && p.err == nil; _, more = p.sign(",") {
			space.Attributes = append(space.Attributes, p.attribute())
		}
		for p.accept("subspace") {
			var names []string
			for more := true; more && p.err == nil; _, more = p.sign(",") {
				names = append(names, p.nameOf("an attribute"))
			}
			space.Subspaces = append(space.Subspaces, names)
		}
		for p.accept("index") {
			space.Indexes = append(space.Indexes, p.nameOf("an attribute"))
		}
	}
	p.options(&space)
	return space
}

func (p *spaceParser) options(space *Space) {
	seen := map[string]bool{}
	for p.err == nil {
		word := p.peek()
		if seen[word] {
			p.fail(p.at, "%q is given twice", word)
			return
		}
		seen[word] = true
		switch {
		case p.accept("tolerate"):
			space.Tolerate = p.count()
			p.keyword("failures", "failure")
		case p.accept("create"):
			space.Partitions = p.count()
			p.keyword("partitions", "partition")
		case word == "with":
			p.fail(p.at, "authorization is not supported")
		default:
			return
		}
	}
}

// peek is the coming word; it stays unread.
func (p *spaceParser) peek() string {
	word := p.word()
	p.at = p.start
	return word
}

// accept reads the coming word if it is one of those.
func (p *spaceParser) accept(words ...string) bool {
	word := p.word()
	if p.err == nil && slices.Contains(words, word) {
		return true
	}
	p.at = p.start
	return false
}

func (p *spaceParser) keyword(words ...string) {
	if !p.accept(words...) {
		p.fail(p.start, "want %q, found %s", words[0], p.next())
	}
}

func (p *spaceParser) nameOf(what string) string {
	name := p.ident(what)
	if p.err == nil && !isName(name) {
		p.fail(p.start, "%q cannot name %s", name, what)
	}
	return name
}

// key reads the key; a type before its name must be string.
func (p *spaceParser) key() string {
	p.space()
	start := p.at
	a := p.attribute()
	if p.err == nil && a.Kind != String {
		p.fail(start, "a key of type %v is not supported, only string", a.Kind)
	}
	return a.Name
}

// attribute reads a name with or without a type before it. A type is only taken for
// one if a name follows, so an attribute may be called float.
func (p *spaceParser) attribute() Attribute {
	word := p.ident("a type or an attribute")
	if p.err != nil {
		return Attribute{}
	}
	start := p.start
	if word == "set" || slices.Contains(unsupportedTypes, word) {
		if _, ok := p.sign("("); ok {
			return Attribute{Kind: p.container(start, word), Name: p.nameOf("an attribute")}
		}
	}
	if next := p.peek(); isName(next) {
		kind, known := spaceTypes[word]
		switch {
		case known:
		case slices.Contains(unsupportedTypes, word):
			p.fail(start, "type %s is not supported", word)
		default:
			p.fail(start, "%q is no type", word)
		}
		return Attribute{Kind: kind, Name: p.nameOf("an attribute")}
	}
	if !isName(word) {
		p.fail(start, "%q cannot name an attribute", word)
	}
	return Attribute{Name: word}
}

// container reads the argument of a type, after its opening parenthesis.
func (p *spaceParser) container(start int, word string) Kind {
	if word != "set" {
		p.fail(start, "type %s is not supported", word)
		return String
	}
	elem := p.ident("a type")
	kind, known := spaceTypes[elem]
	if !known {
		p.fail(p.start, "a set of %s is not supported, only string, int and float", elem)
	}
	p.want(")")
	return SetString + kind
}

func (p *spaceParser) count() int {
	word := p.word()
	n, err := strconv.Atoi(word)
	if p.err == nil && (err != nil || n < 0 || word[0] == '+') {
		p.fail(p.start, "want a number, found %s", p.again())
	}
	return n
}
