package linearizability_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
)

// A subject is a kind of object under test: its meaning, typed, for the brute-force
// checker, and the same as a Spec, with and without the fast ways.
type subject[S, I any, O fmt.Stringer] struct {
	spec       linearizability.Spec[S, I, O]
	parse      func(text string) (I, error)
	parseReply func(text string) (O, error)
}

// An answer is what a register returns.
type answer string

func (a answer) String() string { return strconv.Quote(string(a)) }

func register() subject[string, models.RegisterOp, answer] {
	return subject[string, models.RegisterOp, answer]{
		spec: linearizability.Spec[string, models.RegisterOp, answer]{
			Key: models.RegisterOp.Register,
			Apply: func(value string, op models.RegisterOp) (string, answer) {
				next, out := models.ApplyRegister(value, op)
				return next, answer(out)
			},
			Match:    func(_ models.RegisterOp, want, got answer) bool { return want == got },
			ReadOnly: func(op models.RegisterOp) bool { _, write := models.Written(op); return !write },
			Write:    models.Written,
			Read:     func(_ models.RegisterOp, out answer) (string, bool) { return string(out), true },
		},
		parse: models.ParseRegisterOp,
		parseReply: func(text string) (answer, error) {
			value, err := strconv.Unquote(text)
			return answer(value), err
		},
	}
}

var people = func() models.Space {
	s, err := models.ParseSpace(`space s key k attributes int n, set(string) tags`)
	if err != nil {
		panic(err)
	}
	return s
}()

func object() subject[models.Object, models.Op, models.Result] {
	return subject[models.Object, models.Op, models.Result]{
		spec: linearizability.Spec[models.Object, models.Op, models.Result]{
			Key: func(op models.Op) string { return op.Space + "/" + op.Key },
			Apply: func(obj models.Object, op models.Op) (models.Object, models.Result) {
				return models.Apply(people, obj, op)
			},
			Match:    func(_ models.Op, want, got models.Result) bool { return want.Equal(got) },
			ReadOnly: func(op models.Op) bool { return op.Verb == models.Get },
			Equal:    models.Object.Equal,
			Hash:     models.Object.Hash,
			Write:    people.Whole,
			Read:     models.Seen,
		},
		parse:      models.ParseOp,
		parseReply: parseResult,
	}
}

// parseResult reads what models.Result.String prints.
func parseResult(text string) (models.Result, error) {
	name, attrs, found := strings.Cut(text, " ")
	for s := models.Success; s <= models.Throttled; s++ {
		if s.String() != name {
			continue
		}
		if !found {
			return models.Result{Status: s}, nil
		}
		op, err := models.ParseOp("put s k " + attrs)
		return models.Result{Status: s, Attrs: op.Attrs}, err
	}
	return models.Result{}, fmt.Errorf("no status: %s", name)
}

// slow is the same Spec without the fast way for plain registers.
func (s subject[S, I, O]) slow() linearizability.Model {
	spec := s.spec
	spec.Write, spec.Read = nil, nil
	return spec.Model()
}

// bruteForce says whether some order of the operations explains the history. It
// tries them all, with each open operation in or out, key by key, and shares no
// code with the checkers.
func (s subject[S, I, O]) bruteForce(h linearizability.History) bool {
	keys := map[string][]linearizability.Operation{}
	for _, op := range h.Operations {
		if op.Certainty != linearizability.Refused {
			k := s.spec.Key(op.Input.(I))
			keys[k] = append(keys[k], op)
		}
	}
	for _, ops := range keys {
		var zero S
		if !s.explains(ops, zero, make([]bool, len(ops))) {
			return false
		}
	}
	return true
}

func (s subject[S, I, O]) explains(ops []linearizability.Operation, state S, used []bool) bool {
	finished := true
	for i, op := range ops {
		finished = finished && (used[i] || op.Certainty == linearizability.Unknown)
	}
	if finished {
		return true
	}
next:
	for i, op := range ops {
		if used[i] {
			continue
		}
		for j, earlier := range ops {
			if !used[j] && earlier.Certainty == linearizability.Done && earlier.Return < op.Call {
				continue next
			}
		}
		after, want := s.spec.Apply(state, op.Input.(I))
		if op.Certainty == linearizability.Done && !s.spec.Match(op.Input.(I), want, op.Output.(O)) {
			continue
		}
		used[i] = true
		if s.explains(ops, after, used) {
			return true
		}
		used[i] = false
	}
	return false
}

// history reads a history, an operation a line: its place of call and return, its
// id, the operation, and what it answered:
//
//	1 4 c0#1 write k "a" -> ""
//	2 - c1#1 write k "b"              still open
//	3 5 c2#1 write k "c" -> refused
func (s subject[S, I, O]) history(t *testing.T, text string) linearizability.History {
	t.Helper()
	var h linearizability.History
	for line := range strings.Lines(strings.TrimSpace(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 4)
		if len(fields) < 4 {
			t.Fatalf("%q is no operation", line)
		}
		op := linearizability.Operation{Certainty: linearizability.Unknown, Return: linearizability.Open}
		client, n, _ := strings.Cut(fields[2], "#")
		var err error
		number := func(text string) (n int64) {
			if err == nil {
				n, err = strconv.ParseInt(text, 10, 64)
			}
			return n
		}
		op.ID = linearizability.OpID{Client: client, N: int(number(n))}
		op.Call = number(fields[0])
		input, reply, returned := strings.Cut(fields[3], " -> ")
		if returned {
			op.Return = number(fields[1])
			op.Certainty = linearizability.Refused
			if reply != "refused" && err == nil {
				op.Certainty = linearizability.Done
				op.Output, err = s.parseReply(reply)
			}
		}
		if err == nil {
			op.Input, err = s.parse(input)
		}
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		h.Operations = append(h.Operations, op)
	}
	return h
}
