package models

import "testing"

// Whatever bytes a plan has, reading it does not panic, and what was read prints as a
// text that reads back as the same.
func FuzzParseOp(f *testing.F) {
	f.Add(`cond_put S "a key" if {n >= 3, tags contains "x"} {f: -1.5e300, s: set(int){}}`)
	f.Add(`put S K {a: {1.0, nan, -inf}}`)
	f.Fuzz(func(t *testing.T, text string) {
		op, err := ParseOp(text)
		if err != nil {
			return
		}
		back, err := ParseOp(op.String())
		if err != nil || !sameOp(op, back) {
			t.Errorf("%q read as %v, then as %v, %v", text, op, back, err)
		}
	})
}

func FuzzParseSpace(f *testing.F) {
	f.Add(friendlists)
	f.Add("space s key string k attribute int a subspace a index a # end\ncreate 3 partitions tolerate 0 failures")
	f.Fuzz(func(t *testing.T, text string) {
		space, err := ParseSpace(text)
		if err != nil {
			return
		}
		back, err := ParseSpace(space.String())
		if err != nil || back.String() != space.String() {
			t.Errorf("%q read as %v, then as %v, %v", text, space, back, err)
		}
	})
}
