package models

import (
	"strings"
	"testing"
)

// FAULTS 4: each limit, at, one below and one above.
func TestLimitsHoldToTheByte(t *testing.T) {
	space, err := ParseSpace("space s key id attributes string name, set(string) tags")
	if err != nil {
		t.Fatal(err)
	}
	put := func(key string, name, tag int) Op {
		op := Op{Verb: Put, Space: "s", Key: key, Attrs: []Attr{{Name: "name", Value: StringValue(strings.Repeat("n", name))}}}
		if tag > 0 {
			op.Attrs = append(op.Attrs, Attr{Name: "tags", Value: SetValue(SetString, StringValue(strings.Repeat("t", tag)))})
		}
		return op
	}
	for beside := -1; beside <= 1; beside++ {
		want := Success
		if beside > 0 {
			want = TooLarge
		}
		for what, op := range map[string]Op{
			"key":   put(strings.Repeat("k", MaxKey+beside), 1, 0),
			"value": put("k", MaxValue+beside, 0),
			"set":   put("k", 1, MaxValue-8+beside),
		} {
			if got := space.Refuse(op); got != want {
				t.Errorf("%s of %+d bytes beside the limit: %v, want %v", what, beside, got, want)
			}
		}
		obj, _ := Apply(space, nil, put("k", MaxValue, MaxValue-30))
		more := Op{Verb: SetAdd, Space: "s", Key: "k", Attrs: []Attr{{Name: "tags", Value: StringValue(strings.Repeat("u", 14+beside))}}}
		after, r := Apply(space, obj, more)
		if r.Status != want || (want != Success) != (after.size() == obj.size()) {
			t.Errorf("object of %+d bytes beside the limit: %v", beside, r.Status)
		}
	}
}
