package models

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
