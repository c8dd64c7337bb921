package models

import (
	"cmp"
	"fmt"
	"slices"
)

// A Verb is what an operation on one object of a space does.
type Verb uint8

// The verbs of the replicated store. All but Get change the object.
const (
	Get           Verb = iota // read all attributes
	Put                       // set the named attributes; the others keep their value or start with the default
	CondPut                   // Put if the object exists and every check holds
	PutIfNotExist             // Put if the object does not exist
	Del                       // remove the object
	SetAdd                    // add one element to each named set
	SetRemove                 // remove one element from each named set
	AtomicAdd                 // add to each named int or float
)

var verbNames = [...]string{
	Get: "get", Put: "put", CondPut: "cond_put", PutIfNotExist: "put_if_not_exist",
	Del: "del", SetAdd: "set_add", SetRemove: "set_remove", AtomicAdd: "atomic_add",
}

// String is the first word of an operation of that verb.
func (v Verb) String() string {
	if int(v) < len(verbNames) {
		return verbNames[v]
	}
	return fmt.Sprintf("Verb(%d)", uint8(v))
}

// hasAttrs says whether operations of the verb name attributes.
func (v Verb) hasAttrs() bool { return v != Get && v != Del }

// An Op is one operation on one object. Attrs is sorted by name.
type Op struct {
	Verb   Verb
	Space  string
	Key    string
	Checks []Check // CondPut: each must hold, or the answer is CmpFail
	Attrs  []Attr  // Put, CondPut, PutIfNotExist: new values; SetAdd, SetRemove: the element, as a String, Int or Float; AtomicAdd: the addend
}

// A Check compares an attribute of the object with a value.
type Check struct {
	Attr  string
	Pred  Predicate
	Value Value
}

// A Predicate is how a Check compares.
type Predicate uint8

// The predicates of a check: attribute PRED value.
const (
	Equals Predicate = iota
	LessThan
	LessEqual
	GreaterEqual
	GreaterThan
	Contains // the attribute is a set that has the value as an element
)

var predicateNames = [...]string{
	Equals: "==", LessThan: "<", LessEqual: "<=", GreaterEqual: ">=", GreaterThan: ">", Contains: "contains",
}

// String is the predicate as a plan writes it: <=.
func (p Predicate) String() string {
	if int(p) < len(predicateNames) {
		return predicateNames[p]
	}
	return fmt.Sprintf("Predicate(%d)", uint8(p))
}

// An Attr is a named value.
type Attr struct {
	Name  string
	Value Value
}

// A Result is what an operation answered. Attrs is the whole object, sorted by
// name, after a successful Get; nil otherwise.
type Result struct {
	Status Status
	Attrs  []Attr
}

// Equal says whether the answers are the same; no attributes and nil are.
func (r Result) Equal(s Result) bool {
	return r.Status == s.Status && slices.EqualFunc(r.Attrs, s.Attrs, Attr.equal)
}

func (a Attr) equal(b Attr) bool { return a.Name == b.Name && a.Value.Equal(b.Value) }

// String is the status and, after a Get, the object: SUCCESS {first: "John"}.
func (r Result) String() string {
	b := []byte(r.Status.String())
	if r.Attrs != nil {
		b = appendAttrs(append(b, ' '), r.Attrs)
	}
	return string(b)
}

// String is the operation as a line of a plan, which ParseOp reads:
//
//	put friendlists jsmith1 {first: "John", last: "Smith"}
//	cond_put friendlists jsmith1 if {age >= 3, friends contains "jj"} {age: 4}
//	get friendlists "any \x00 bytes"
func (o Op) String() string {
	b := append([]byte(o.Verb.String()), ' ')
	b = appendName(b, o.Space)
	b = appendName(append(b, ' '), o.Key)
	if o.Verb == CondPut {
		b = append(b, " if {"...)
		for i, c := range o.Checks {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendName(b, c.Attr)
			b = append(append(append(b, ' '), c.Pred.String()...), ' ')
			b = c.Value.appendText(b)
		}
		b = append(b, '}')
	}
	if o.Verb.hasAttrs() {
		b = appendAttrs(append(b, ' '), o.Attrs)
	}
	return string(b)
}

func appendAttrs(b []byte, attrs []Attr) []byte {
	b = append(b, '{')
	for i, a := range attrs {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendName(b, a.Name)
		b = a.Value.appendText(append(b, ": "...))
	}
	return append(b, '}')
}

// ParseOp reads one operation in the form that Op.String prints. Attributes may be
// in any order. An error is a *SyntaxError.
func ParseOp(text string) (Op, error) {
	s := &scanner{text: text}
	op := Op{Verb: s.verb()}
	op.Space = s.name("a space")
	op.Key = s.name("a key")
	if op.Verb == CondPut {
		if word := s.word(); word != "if" {
			s.fail(s.start, "want \"if\", found %s", s.again())
		}
		s.want("{")
		s.list(func() { op.Checks = append(op.Checks, s.check()) })
	}
	if op.Verb.hasAttrs() {
		s.want("{")
		s.list(func() { op.Attrs = append(op.Attrs, s.attr()) })
		sortAttrs(op.Attrs)
	}
	s.done()
	if s.err != nil {
		return Op{}, s.err
	}
	return op, nil
}

func sortAttrs(attrs []Attr) {
	slices.SortStableFunc(attrs, func(a, b Attr) int { return cmp.Compare(a.Name, b.Name) })
}

func (s *scanner) verb() Verb {
	word := s.word()
	for v := range verbNames {
		if verbNames[v] == word {
			return Verb(v)
		}
	}
	s.fail(s.start, "%s is no operation", s.again())
	return Get
}

func (s *scanner) attr() Attr {
	name := s.name("an attribute")
	s.want(":")
	return Attr{Name: name, Value: s.value()}
}

func (s *scanner) check() Check {
	c := Check{Attr: s.name("an attribute")}
	switch sign, _ := s.sign("==", "<=", "<", ">=", ">"); sign {
	case "==":
		c.Pred = Equals
	case "<":
		c.Pred = LessThan
	case "<=":
		c.Pred = LessEqual
	case ">=":
		c.Pred = GreaterEqual
	case ">":
		c.Pred = GreaterThan
	default:
		if word := s.word(); word != "contains" {
			s.fail(s.start, "want ==, <, <=, >=, > or contains, found %s", s.again())
		}
		c.Pred = Contains
	}
	c.Value = s.value()
	return c
}
