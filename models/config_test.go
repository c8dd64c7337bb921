package models

import (
	"errors"
	"testing"
)

// TestConfigOpsAreReadAsTheyArePrinted: a plan is text.
func TestConfigOpsAreReadAsTheyArePrinted(t *testing.T) {
	for _, op := range []ConfigOp{
		Fetch{Name: "k"}, Fetch{Name: ""}, Publish{Name: "k", Value: "v"}, Publish{Name: "a b", Value: "\x00"},
		Publish{Name: "k", Value: "", After: 3}, Publish{Name: "k", Value: "v", After: AfterSeen},
	} {
		got, err := ParseConfigOp(op.String())
		if err != nil || got != op {
			t.Errorf("%s is read as %v, %v", op, got, err)
		}
	}
	for _, text := range []string{"", "fetch", "publish k", `publish k "v" after`, `publish k "v" after 0`, `publish k "v" before 1`, "put k v", "fetch k k"} {
		var bad *SyntaxError
		if op, err := ParseConfigOp(text); !errors.As(err, &bad) {
			t.Errorf("%q is read as %v, %v", text, op, err)
		}
	}
}

// TestEditionsAreNumberedAndConditional: model F.
func TestEditionsAreNumberedAndConditional(t *testing.T) {
	var last, got Edition
	for i, step := range []struct {
		op   ConfigOp
		want Edition
	}{
		{Fetch{"k"}, Edition{}},
		{Publish{Name: "k", Value: "a"}, Edition{1, "a", true}},
		{Publish{Name: "k", Value: "b", After: 1}, Edition{2, "b", true}},
		{Publish{Name: "k", Value: "c", After: 1}, Edition{2, "b", false}},
		{Fetch{"k"}, Edition{2, "b", false}},
	} {
		if last, got = ApplyConfig(last, step.op); got != step.want {
			t.Errorf("step %d: %v answers %v, want %v", i, step.op, got, step.want)
		}
	}
}
