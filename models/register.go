package models

import "strconv"

// A RegisterOp is an operation on one of many registers, which hold a string each
// and "" at first: a Write or a Read.
type RegisterOp interface {
	// Register is the name of the register.
	Register() string
	// String is the line of a plan that ParseRegisterOp reads.
	String() string
}

// Write replaces the value of a register. Tests write each value once, so that a
// read tells which write it saw.
type Write struct{ Key, Value string }

// Read returns the value of a register.
type Read struct{ Key string }

// Register is the key.
func (w Write) Register() string { return w.Key }

// Register is the key.
func (r Read) Register() string { return r.Key }

// String is: write k "v".
func (w Write) String() string {
	return string(strconv.AppendQuote(append(appendName([]byte("write "), w.Key), ' '), w.Value))
}

// String is: read k.
func (r Read) String() string { return string(appendName([]byte("read "), r.Key)) }

// ParseRegisterOp reads what the String methods of Write and Read print. An error is
// a *SyntaxError.
func ParseRegisterOp(text string) (RegisterOp, error) {
	s := &scanner{text: text}
	var op RegisterOp
	switch s.word() {
	case "write":
		w := Write{Key: s.name("a register")}
		w.Value = s.name("a value")
		op = w
	case "read":
		op = Read{Key: s.name("a register")}
	default:
		s.fail(s.start, "%s is no operation: write or read", s.again())
	}
	s.done()
	if s.err != nil {
		return nil, s.err
	}
	return op, nil
}

// ApplyRegister carries out an operation on a register, alone: the value after it,
// and the answer, which is the value that was read, or "" for a write.
func ApplyRegister(value string, op RegisterOp) (next, answer string) {
	if w, ok := op.(Write); ok {
		return w.Value, ""
	}
	return value, value
}

// Written is the value of a Write; ok is false for a Read.
func Written(op RegisterOp) (value string, ok bool) {
	w, ok := op.(Write)
	return w.Value, ok
}
